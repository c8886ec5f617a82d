package secret

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

const value = "correct horse"

type holder struct {
	Shown  String
	hidden String
	list   []String
	under  map[string]String
}

func TestNothingShowsTheValue(t *testing.T) {
	s := New(value)
	h := holder{s, s, []String{s}, map[string]String{"a": s}}
	var told strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T", "%p", "%20s", "%-5v"} {
		for _, v := range []any{s, &s, h, &h, []String{s}, map[String]String{s: s}, errors.Join(fmt.Errorf("x: %v", s))} {
			fmt.Fprintf(&told, verb+"\n", v)
		}
	}
	for _, v := range []any{s, &s, h, []String{s}, map[String]String{s: s}} {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		told.Write(text)
	}
	var log bytes.Buffer
	core := zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.AddSync(&log), zap.DebugLevel)
	logger := zap.New(core)
	logger.Info("x", zap.Any("a", s), zap.Any("b", h), zap.Reflect("c", s), zap.Stringer("d", s), zap.Any("e", []String{s}))
	logger.Sugar().Infow("x", "f", s, "g", h)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "a", s, "b", h)
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "a", s, "b", h)
	told.Write(log.Bytes())
	hex := fmt.Sprintf("%x", value)
	for _, found := range []string{value, "correct", hex, strings.ToUpper(hex)} {
		if strings.Contains(told.String(), found) {
			t.Errorf("%q is shown in\n%s", found, told.String())
		}
	}
	if s.Reveal() != value {
		t.Error("the value is lost")
	}
}

func TestMask(t *testing.T) {
	if got := New("pass").Mask("user:pass@host, pass"); got != "user:***@host, ***" {
		t.Error(got)
	}
	var none String
	if got := none.Mask("text"); got != "text" || !none.Empty() || none.Reveal() != "" {
		t.Errorf("an empty secret: %q", got)
	}
}
