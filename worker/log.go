package main

import (
	"fmt"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/longshore-dev/longshore/activities/masking"
)

// newLog makes the worker's log, on standard error, which shows no value that the masker knows.
func newLog(m masking.Masker) (*zap.Logger, error) {
	hide := zap.WrapCore(func(c zapcore.Core) zapcore.Core { return masking.Core(c, m) })
	log, err := zap.NewProduction(zap.WithCaller(false), hide)
	if err != nil {
		return nil, fmt.Errorf("make the log: %w", err)
	}
	return log, nil
}

// sdkLog has the Temporal SDK write to our log.
type sdkLog struct{ log *zap.SugaredLogger }

func (l sdkLog) Debug(msg string, keyvals ...any) { l.log.Debugw(msg, keyvals...) }
func (l sdkLog) Info(msg string, keyvals ...any)  { l.log.Infow(msg, keyvals...) }
func (l sdkLog) Warn(msg string, keyvals ...any)  { l.log.Warnw(msg, keyvals...) }
func (l sdkLog) Error(msg string, keyvals ...any) { l.log.Errorw(msg, keyvals...) }
