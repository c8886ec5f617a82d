package main

import "go.uber.org/zap"

// sdkLog has the Temporal SDK write to our log.
type sdkLog struct{ log *zap.SugaredLogger }

func (l sdkLog) Debug(msg string, keyvals ...any) { l.log.Debugw(msg, keyvals...) }
func (l sdkLog) Info(msg string, keyvals ...any)  { l.log.Infow(msg, keyvals...) }
func (l sdkLog) Warn(msg string, keyvals ...any)  { l.log.Warnw(msg, keyvals...) }
func (l sdkLog) Error(msg string, keyvals ...any) { l.log.Errorw(msg, keyvals...) }
