package typed

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// The requests of ioctl(2) for terminals that the standard library has no names for.
const (
	tiocgptn   = 0x80045430
	tiocsptlck = 0x40045431
)

func ioctl(t *testing.T, f *os.File, request uintptr, argument unsafe.Pointer) {
	t.Helper()
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), request, uintptr(argument)); errno != 0 {
		t.Fatal(errno)
	}
}

// terminal is a terminal, and the end of it that a person sits at.
func terminal(t *testing.T) (person, program *os.File) {
	t.Helper()
	open := func(path string) *os.File {
		f, err := os.OpenFile(path, os.O_RDWR|syscall.O_NOCTTY, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = f.Close() })
		return f
	}
	person = open("/dev/ptmx")
	var number, lock uint32
	ioctl(t, person, tiocsptlck, unsafe.Pointer(&lock))
	ioctl(t, person, tiocgptn, unsafe.Pointer(&number))
	return person, open(fmt.Sprintf("/dev/pts/%d", number))
}

// echoes says whether the terminal shows what is typed.
func echoes(t *testing.T, program *os.File) bool {
	t.Helper()
	var state syscall.Termios
	ioctl(t, program, syscall.TCGETS, unsafe.Pointer(&state))
	return state.Lflag&syscall.ECHO != 0
}

// hides waits until the terminal shows nothing, and the prompt is there.
func hides(t *testing.T, program *os.File, out *prompts, prompt string) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); echoes(t, program) || !strings.HasSuffix(out.String(), prompt); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("the terminal does not wait unseen after %q", out.String())
		}
	}
}

// prompts may be read while they are written.
type prompts struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (p *prompts) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.Write(b)
}

func (p *prompts) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.String()
}

// answer is what Value came to.
type answer struct {
	text string
	err  error
}

func ask(ctx context.Context, program *os.File, out *prompts) chan answer {
	answers := make(chan answer, 1)
	go func() {
		value, err := Value(ctx, program, out, "TOKEN")
		answers <- answer{value.Reveal(), err}
	}()
	return answers
}

func TestValueOfAPerson(t *testing.T) {
	for name, test := range map[string]struct {
		second string
		want   answer
	}{
		"the same twice":   {"s3cret", answer{"s3cret", nil}},
		"something else":   {"secret", answer{"s3cret", errDiffer}},
		"nothing the next": {"", answer{"s3cret", errDiffer}},
	} {
		t.Run(name, func(t *testing.T) {
			person, program := terminal(t)
			out := &prompts{}
			answers := ask(t.Context(), program, out)
			for _, line := range []struct{ prompt, text string }{{"(it is not shown): ", "s3cret"}, {"once more: ", test.second}} {
				hides(t, program, out, line.prompt)
				if _, err := person.WriteString(line.text + "\n"); err != nil {
					t.Fatal(err)
				}
			}
			got := <-answers
			if !errors.Is(got.err, test.want.err) || got.err == nil && got.text != test.want.text {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
			if !echoes(t, program) {
				t.Error("the terminal is left as one that shows nothing")
			}
			if strings.Contains(out.String(), "cret") {
				t.Errorf("what was typed is shown: %q", out.String())
			}
		})
	}
}

func TestAnInterruptLeavesTheTerminalAsItWas(t *testing.T) {
	person, program := terminal(t)
	ctx, interrupt := context.WithCancel(t.Context())
	out := &prompts{}
	answers := ask(ctx, program, out)
	hides(t, program, out, ": ")
	interrupt()
	if got := <-answers; !errors.Is(got.err, context.Canceled) || got.text != "" {
		t.Errorf("got %+v, want the interrupt", got)
	}
	if !echoes(t, program) {
		t.Error("the terminal shows nothing any more")
	}
	endRead(t, person, program)
}

// endRead ends the read that an interrupt has left behind, before its file is closed and the number is another's: the last
// thing that it does is to have the terminal show again what is typed.
func endRead(t *testing.T, person, program *os.File) {
	t.Helper()
	var state syscall.Termios
	ioctl(t, program, syscall.TCGETS, unsafe.Pointer(&state))
	state.Lflag &^= syscall.ECHO
	ioctl(t, program, syscall.TCSETS, unsafe.Pointer(&state))
	if _, err := person.WriteString("\n"); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(10 * time.Second); !echoes(t, program); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the read goes on")
		}
	}
}
