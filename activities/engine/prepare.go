package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	namespacepb "go.temporal.io/api/namespace/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/longshore-dev/longshore/workflows"
)

// Retention is how long the engine keeps the history of a run that has ended.
const Retention = 30 * 24 * time.Hour

// prepareTimeout bounds one call of Prepare.
const prepareTimeout = 10 * time.Second

// attributes are the search attributes of every run.
func attributes() map[string]enumspb.IndexedValueType {
	return map[string]enumspb.IndexedValueType{
		workflows.AttributeSite:    enumspb.INDEXED_VALUE_TYPE_KEYWORD,
		workflows.AttributeProject: enumspb.INDEXED_VALUE_TYPE_KEYWORD,
		workflows.AttributeHost:    enumspb.INDEXED_VALUE_TYPE_KEYWORD_LIST,
		workflows.AttributeRelease: enumspb.INDEXED_VALUE_TYPE_KEYWORD,
		workflows.AttributeOutcome: enumspb.INDEXED_VALUE_TYPE_KEYWORD,
	}
}

// Prepare makes the namespace ready for runs: it registers the search attributes that are missing and raises the
// retention to Retention; a longer one is left. It may be called at any time, by several programs at once. What the
// engine does not permit is a warning, for an operator to do; the error is for an engine that does not answer.
func Prepare(ctx context.Context, c client.Client, namespace string) (warnings []string, err error) {
	for _, step := range []func(context.Context, client.Client, string) error{registerAttributes, raiseRetention} {
		err := step(ctx, c, namespace)
		if forbidden(err) {
			warnings = append(warnings, err.Error())
			continue
		}
		if err != nil {
			return warnings, err
		}
	}
	return warnings, nil
}

func registerAttributes(ctx context.Context, c client.Client, namespace string) error {
	ctx, cancel := context.WithTimeout(ctx, prepareTimeout)
	defer cancel()
	known, err := c.OperatorService().ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: namespace})
	if err != nil {
		return fmt.Errorf("list the search attributes of namespace %s: %w", namespace, err)
	}
	missing := attributes()
	maps.DeleteFunc(missing, func(name string, _ enumspb.IndexedValueType) bool {
		_, ok := known.GetCustomAttributes()[name]
		return ok
	})
	if len(missing) == 0 {
		return nil
	}
	_, err = c.OperatorService().AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{
		Namespace:        namespace,
		SearchAttributes: missing,
	})
	if _, raced := errors.AsType[*serviceerror.AlreadyExists](err); err != nil && !raced {
		return fmt.Errorf("register the search attributes %v in namespace %s: %w", slices.Sorted(maps.Keys(missing)), namespace, err)
	}
	return nil
}

func raiseRetention(ctx context.Context, c client.Client, namespace string) error {
	ctx, cancel := context.WithTimeout(ctx, prepareTimeout)
	defer cancel()
	now, err := c.WorkflowService().DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: namespace})
	if err != nil {
		return fmt.Errorf("read the retention of namespace %s: %w", namespace, err)
	}
	if now.GetConfig().GetWorkflowExecutionRetentionTtl().AsDuration() >= Retention {
		return nil
	}
	_, err = c.WorkflowService().UpdateNamespace(ctx, &workflowservice.UpdateNamespaceRequest{
		Namespace: namespace,
		Config:    &namespacepb.NamespaceConfig{WorkflowExecutionRetentionTtl: durationpb.New(Retention)},
	})
	if err != nil {
		return fmt.Errorf("raise the retention of namespace %s to %s: %w", namespace, Retention, err)
	}
	return nil
}

// forbidden says whether the engine understood and would not: a client without the operator's rights, or a service
// (such as a hosted one) that has these calls elsewhere.
func forbidden(err error) bool {
	if _, ok := errors.AsType[*serviceerror.PermissionDenied](err); ok {
		return true
	}
	_, ok := errors.AsType[*serviceerror.Unimplemented](err)
	return ok
}
