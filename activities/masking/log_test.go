package masking

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

type object struct{ text string }

func (o object) MarshalLogObject(e zapcore.ObjectEncoder) error {
	e.AddString("text", o.text)
	return nil
}

func TestLogIsMasked(t *testing.T) {
	var log bytes.Buffer
	next := zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.AddSync(&log), zap.InfoLevel)
	logger := zap.New(next, zap.WrapCore(func(c zapcore.Core) zapcore.Core { return Core(c, known{}) }))
	logger = logger.With(zap.String("with", "is hunter2"), zap.Int("n", 7))
	logger.Debug("left out")
	logger.Info("got hunter2",
		zap.String("string", "hunter2"), zap.Error(errors.New("no hunter2")), zap.NamedError("none", nil),
		zap.Stringer("stringer", &url.URL{Scheme: "https", Host: "x", Path: "hunter2"}),
		zap.ByteString("bytes", []byte("hunter2")), zap.Binary("binary", []byte("hunter2")), zap.Any("map", map[string]any{"a": []string{"hunter2"}}),
		zap.Strings("strings", []string{"hunter2"}), zap.Object("object", object{value}), zap.Inline(object{value}), zap.Duration("took", time.Second),
		zap.Any("channel", []any{value, make(chan int)}), zap.String("plain", "as it is"), zap.Any("list", []int{1}))
	logger.Sugar().With("more", value).Errorw("sugar hunter2", "key", value, "error", errors.New(value), "other", struct{ V string }{value})

	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	if len(lines) != 2 || strings.Contains(log.String(), value) || strings.Contains(log.String(), "aHVudGVyMg") {
		t.Fatalf("%s", log.String())
	}
	var got map[string]any
	if err := json.Unmarshal([]byte(lines[0]), &got); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]any{
		"msg": "got ***", "with": "is ***", "n": 7.0, "string": "***", "error": "no ***", "stringer": "https://x/***", "took": 1.0, "plain": "as it is",
		"bytes": "***", "binary": "***",
	} {
		if got[key] != want {
			t.Errorf("%s is %v, not %v", key, got[key], want)
		}
	}
	if list, ok := got["list"].([]any); !ok || len(list) != 1 {
		t.Errorf("what shows nothing has changed: %v", got["list"])
	}
}

func TestTheNextCoresRulesHold(t *testing.T) {
	var log bytes.Buffer
	next := zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.AddSync(&log), zap.InfoLevel)
	logger := zap.New(Core(zapcore.NewSamplerWithOptions(next, time.Hour, 2, 0), known{}))
	for range 5 {
		logger.Info("again")
	}
	if n := strings.Count(log.String(), "again"); n != 2 {
		t.Errorf("%d lines of 5 were written, not the 2 of the sample", n)
	}
}
