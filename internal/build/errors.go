package build

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/solver/errdefs"
	"github.com/moby/buildkit/util/grpcerrors"
	"github.com/opencontainers/go-digest"
	"google.golang.org/grpc/codes"
)

// StepError is a build that failed by its own doing: a step, or the Dockerfile itself.
type StepError struct {
	// Step is the step's name, such as "[2/4] RUN make"; empty where the Dockerfile cannot be read.
	Step string
	// ExitCode is that of the step's command; 0 where no command failed.
	ExitCode int
	// Reason is why it failed, where no exit code says so.
	Reason string
	// Logs are the last lines of the step.
	Logs []string
	// Dockerfile is the file's name without its folder, and Line where in it; 0 where that is not known.
	Dockerfile string
	Line       int
	// Denied says that a registry does not give an image that is built upon to who asks.
	Denied bool
}

func (e *StepError) Error() string {
	var b strings.Builder
	b.WriteString("build failed")
	if e.Line > 0 {
		fmt.Fprintf(&b, " at %s:%d", e.Dockerfile, e.Line)
	}
	if e.Step != "" {
		b.WriteString(": " + e.Step)
	}
	if e.ExitCode != 0 {
		fmt.Fprintf(&b, ": exit code %d", e.ExitCode)
	} else if e.Reason != "" {
		b.WriteString(": " + e.Reason)
	}
	for _, line := range e.Logs {
		b.WriteString("\n  " + line)
	}
	return b.String()
}

var (
	exitCode   = regexp.MustCompile(`exit code: (\d+)`)
	parseLine  = regexp.MustCompile(`parse error (?:on )?line (\d+)`)
	denied     = regexp.MustCompile(`(?i)401 unauthorized|403 forbidden|pull access denied|failed to authorize|authorization failed|insufficient_scope|no basic auth credentials`)
	stepNumber = regexp.MustCompile(`^\[[^\]]*\] `) // "[stage 2/4] "
)

// failure turns the error of a solve into a StepError where the build is to blame, and is nil where it is not. The
// Dockerfile is given with its name: engines of 20.10 do not tell it.
func (t *tracker) failure(err error, name string, dockerfile []byte) *StepError {
	switch grpcerrors.Code(err) {
	case codes.Canceled, codes.DeadlineExceeded, codes.Internal, codes.ResourceExhausted:
		return nil
	}
	var vertex *errdefs.VertexError
	var id digest.Digest
	if errors.As(err, &vertex) {
		id = digest.Digest(vertex.Digest)
	}
	out := &StepError{Dockerfile: name, Reason: t.hide.Replace(reason(err))}
	if culprit := t.culprit(id); culprit != nil {
		out.Step = culprit.name
		out.Logs = culprit.tail.last(t.hide)
		if culprit.reason != "" {
			out.Reason = culprit.reason
		}
	}
	out.Denied = denied.MatchString(out.Reason)
	if match := exitCode.FindStringSubmatch(out.Reason); match != nil {
		out.ExitCode, _ = strconv.Atoi(match[1]) // too many digits leave 0, and the reason says it
	}
	for _, source := range errdefs.Sources(err) {
		if source.Info != nil {
			out.Dockerfile = path.Base(source.Info.Filename)
		}
		if len(source.Ranges) > 0 && source.Ranges[0].Start != nil {
			out.Line = int(source.Ranges[0].Start.Line)
		}
	}
	if match := parseLine.FindStringSubmatch(out.Reason); match != nil && out.Line == 0 {
		out.Line, _ = strconv.Atoi(match[1])
	}
	if out.Line == 0 {
		out.Line = lineOf(out.Step, dockerfile)
	}
	return out
}

// lineOf finds the line of a step by its text, for engines that do not name it (20.10); 0 where not one line alone has
// that text.
func lineOf(step string, dockerfile []byte) int {
	wanted := strings.Fields(stepNumber.ReplaceAllString(step, ""))
	parsed, err := parser.Parse(bytes.NewReader(dockerfile))
	if err != nil || len(wanted) == 0 {
		return 0
	}
	line := 0
	for _, node := range parsed.AST.Children {
		if !slices.Equal(strings.Fields(node.Original), wanted) {
			continue
		}
		if line != 0 {
			return 0
		}
		line = node.StartLine
	}
	return line
}

// reason is the error without what BuildKit puts around it.
func reason(err error) string {
	text := err.Error()
	for _, prefix := range []string{
		"failed to solve: ", "rpc error: code = Unknown desc = ", "failed to solve with frontend dockerfile.v0: ",
		"failed to create LLB definition: ",
	} {
		text = strings.TrimPrefix(text, prefix)
	}
	return text
}
