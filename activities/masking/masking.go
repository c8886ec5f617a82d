// Package masking keeps secret values out of what activities leave behind: their errors, their progress and the worker's
// log. It must not know how a value is recognized, nor what any activity does.
package masking

import (
	"context"
	"fmt"

	"go.temporal.io/sdk/interceptor"

	"github.com/longshore-dev/longshore/activities"
)

// Masker replaces every value that it knows, in any form, and leaves other text as it is. It is safe for concurrent use.
type Masker interface {
	Mask(text string) string
}

// Interceptor makes the worker's interceptor, which masks the errors and panics of activities and the notes of their
// heartbeats. A workflow's failure is made of its activities', and so needs none. It should be the outermost.
func Interceptor(m Masker) interceptor.WorkerInterceptor { return &workerInterceptor{masker: m} }

type workerInterceptor struct {
	interceptor.WorkerInterceptorBase
	masker Masker
}

func (w *workerInterceptor) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	return &inbound{ActivityInboundInterceptorBase: interceptor.ActivityInboundInterceptorBase{Next: next}, masker: w.masker}
}

type inbound struct {
	interceptor.ActivityInboundInterceptorBase
	masker Masker
}

func (i *inbound) Init(out interceptor.ActivityOutboundInterceptor) error {
	return i.Next.Init(&outbound{ActivityOutboundInterceptorBase: interceptor.ActivityOutboundInterceptorBase{Next: out}, masker: i.masker})
}

func (i *inbound) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (any, error) {
	// The SDK makes an error and a line of its log of a panic, with a trace of the stack, which goes on from here.
	defer func() {
		if p := recover(); p != nil {
			panic(i.masker.Mask(fmt.Sprint(p)))
		}
	}()
	out, err := i.Next.ExecuteActivity(ctx, in)
	return out, Error(i.masker, err)
}

type outbound struct {
	interceptor.ActivityOutboundInterceptorBase
	masker Masker
}

func (o *outbound) RecordHeartbeat(ctx context.Context, details ...any) {
	masked := make([]any, len(details))
	for i, d := range details {
		if beat, ok := d.(activities.Beat); ok {
			beat.Note = o.masker.Mask(beat.Note)
			d = beat
		}
		masked[i] = d
	}
	o.Next.RecordHeartbeat(ctx, masked...)
}
