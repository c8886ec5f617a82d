package masking

import (
	"encoding/json"
	"fmt"
	"slices"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// Core makes a core that writes to next what it is given, with the message and every field masked. A field that shows a
// value becomes a text; others stay as they are.
func Core(next zapcore.Core, m Masker) zapcore.Core { return &core{Core: next, masker: m} }

type core struct {
	zapcore.Core
	masker Masker
	// with are fields of every entry. They are masked when one is written, since more values may be known by then.
	with []zapcore.Field
}

func (c *core) With(fields []zapcore.Field) zapcore.Core {
	return &core{Core: c.Core, masker: c.masker, with: slices.Concat(c.with, fields)}
}

func (c *core) Check(entry zapcore.Entry, checked *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if c.Core.Check(entry, nil) == nil { // the next core's own rules, such as sampling
		return checked
	}
	return checked.AddCore(entry, c)
}

func (c *core) Write(entry zapcore.Entry, fields []zapcore.Field) error {
	entry.Message = c.masker.Mask(entry.Message)
	masked := slices.Concat(c.with, fields)
	for i, field := range masked {
		masked[i] = c.field(field)
	}
	return c.Core.Write(entry, masked)
}

// field is the same field, or its masked text.
func (c *core) field(f zapcore.Field) zapcore.Field {
	text, ok := textOf(f)
	if !ok {
		return f
	}
	if masked := c.masker.Mask(text); masked != text {
		return zap.String(f.Key, masked)
	}
	return f
}

// textOf is what a field shows; nothing for kinds that show no text, such as numbers.
func textOf(f zapcore.Field) (string, bool) {
	switch f.Type {
	case zapcore.StringType:
		return f.String, true
	case zapcore.ErrorType:
		// An encoder may show more of an error than its text.
		return fmt.Sprintf("%+v", f.Interface), true
	case zapcore.StringerType:
		return fmt.Sprint(f.Interface), true
	case zapcore.ByteStringType, zapcore.BinaryType:
		text, ok := f.Interface.([]byte)
		return string(text), ok
	case zapcore.ArrayMarshalerType, zapcore.ObjectMarshalerType, zapcore.InlineMarshalerType, zapcore.ReflectType:
		object := zapcore.NewMapObjectEncoder()
		f.AddTo(object)
		text, err := json.Marshal(object.Fields)
		if err != nil {
			return fmt.Sprintf("%+v", object.Fields), true
		}
		return string(text), true
	default:
		return "", false
	}
}
