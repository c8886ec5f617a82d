package store

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/secret"
)

// The variables that make this test binary another process, which writes.
const (
	writerFolder = "STORE_TEST_WRITER" // where
	writerKeys   = "STORE_TEST_KEYS"   // as which machine
	writerName   = "STORE_TEST_NAME"   // what its values begin with
	writerTimes  = "STORE_TEST_TIMES"  // how often; 0 for until it is killed
)

func TestMain(m *testing.M) {
	if folder := os.Getenv(writerFolder); folder != "" {
		if err := writer(folder); err != nil {
			fmt.Println("failed:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func machineIn(folder, keys string) machine {
	m := machine{keys: Keys{Path: keys}}
	m.project = Folder{Keys: m.keys, Scope: app.SecretScope{Kind: app.ScopeProject, Of: "acme/shop", Folder: folder + "/project", Recipients: folder + "/recipients.txt"}}
	m.site = Folder{Keys: m.keys, Scope: app.SecretScope{Kind: app.ScopeSite, Of: "acme/shop/production", Folder: folder + "/site", Recipients: folder + "/recipients.txt"}}
	return m
}

// writer sets secrets, says "<secret> <number> <value>" after each, and has another one come and go in between.
func writer(folder string) error {
	m := machineIn(folder, os.Getenv(writerKeys))
	times, err := strconv.Atoi(os.Getenv(writerTimes))
	if err != nil {
		return err
	}
	guest, err := Keys{Path: folder + "/guest/" + os.Getenv(writerName)}.Ensure()
	if err != nil {
		return err
	}
	for i := 1; times == 0 || i <= times; i++ {
		name, value := "X", os.Getenv(writerName)+"-"+strconv.Itoa(i)
		if times == 0 {
			name += strconv.Itoa(i % 7)
		}
		v, err := m.project.Add(name, NewVersion{Value: secret.New(value)})
		if err != nil {
			return err
		}
		fmt.Println(name, v.Number, value)
		if times == 0 && i%5 == 0 {
			if _, err := m.readers().Change([]Recipient{{Key: guest}}, nil); err != nil {
				return err
			}
			if _, err := m.readers().Change(nil, []string{guest}); err != nil {
				return err
			}
		}
	}
	return nil
}

// keysOf are those of a guest.
func keysOf(folder string) Keys { return Keys{Path: folder + "/guest/identity.txt"} }

func startWriter(t *testing.T, folder, keys, name string, times int) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), writerFolder+"="+folder, writerKeys+"="+keys, writerName+"="+name, writerTimes+"="+strconv.Itoa(times))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, bufio.NewScanner(out)
}

// said is what a writer said that it wrote.
type said struct {
	name   string
	number int
	value  string
}

func parseSaid(t *testing.T, line string) said {
	t.Helper()
	fields := strings.Fields(line)
	if len(fields) != 3 {
		t.Fatalf("a writer said: %s", line)
	}
	number, err := strconv.Atoi(fields[1])
	if err != nil {
		t.Fatalf("a writer said: %s", line)
	}
	return said{fields[0], number, fields[2]}
}

func TestManyProcessesWriteAtOnce(t *testing.T) {
	folder, keys := t.TempDir(), t.TempDir()+"/state/identity.txt"
	const writers, times = 3, 5
	var mu sync.Mutex
	byNumber := map[int]string{}
	note := func(number int, value string) {
		mu.Lock()
		defer mu.Unlock()
		if other, ok := byNumber[number]; ok {
			t.Errorf("version %d is %s and %s", number, other, value)
		}
		byNumber[number] = value
	}
	var all sync.WaitGroup
	for i := range writers {
		cmd, lines := startWriter(t, folder, keys, "process-"+strconv.Itoa(i), times)
		all.Go(func() {
			for lines.Scan() {
				if fields := strings.Fields(lines.Text()); len(fields) == 3 {
					number, _ := strconv.Atoi(fields[1])
					note(number, fields[2])
				} else {
					t.Errorf("a writer said: %s", lines.Text())
				}
			}
			if err := cmd.Wait(); err != nil {
				t.Error(err)
			}
		})
		all.Go(func() {
			m := machineIn(folder, keys)
			for n := range times {
				value := fmt.Sprintf("routine-%d-%d", i, n)
				v, err := m.project.Add("X", NewVersion{Value: secret.New(value)})
				if err != nil {
					t.Error(err)
					return
				}
				note(v.Number, value)
			}
		})
	}
	m := machineIn(folder, keys)
	all.Go(func() { // meanwhile, all of it is encrypted anew
		own, err := keysOf(folder).Ensure()
		for range times {
			if err == nil {
				_, err = m.readers().Change([]Recipient{{Key: must(m.keys.Ensure())}, {Key: own}}, nil)
			}
			if err == nil {
				_, err = m.readers().Change(nil, []string{own})
			}
		}
		if err != nil {
			t.Error(err)
		}
	})
	all.Wait()
	if len(byNumber) != 2*writers*times {
		t.Errorf("%d versions were told, want %d", len(byNumber), 2*writers*times)
	}
	for number, value := range byNumber {
		wantValue(t, m.project, "X", number, value)
	}
	wantValue(t, m.project, "X", 0, byNumber[len(byNumber)])
	if list, err := m.readers().List(); err != nil || len(list) != 1 {
		t.Errorf("%v %v", list, err)
	}
}

func TestKilledWhileWriting(t *testing.T) {
	folder, keys := t.TempDir(), t.TempDir()+"/state/identity.txt"
	m := machineIn(folder, keys)
	written := map[said]bool{}
	for round := range 12 {
		cmd, lines := startWriter(t, folder, keys, "round-"+strconv.Itoa(round), 0)
		if !lines.Scan() {
			t.Fatal("the writer said nothing")
		}
		written[parseSaid(t, lines.Text())] = true
		kill := time.AfterFunc(time.Duration(rand.IntN(40_000))*time.Microsecond, func() { _ = cmd.Process.Kill() })
		for lines.Scan() {
			written[parseSaid(t, lines.Text())] = true
		}
		kill.Stop()
		_ = cmd.Wait()

		names, err := m.project.files()
		if err != nil {
			t.Fatal(err)
		}
		found := map[said]bool{}
		for _, name := range names {
			values, err := m.project.open(name)
			if err != nil {
				t.Fatalf("round %d: %v", round, err)
			}
			for i, value := range values {
				found[said{name, i + 1, string(value)}] = true
			}
			wantValue(t, m.project, name, 0, string(values[len(values)-1]))
		}
		for one := range written {
			if !found[one] {
				t.Fatalf("round %d: lost %+v", round, one)
			}
		}
		if _, err := m.readers().Reencrypt(); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
	}
}
