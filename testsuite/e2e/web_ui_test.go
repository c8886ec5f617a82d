//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/longshore-dev/longshore/testsuite/harness"
)

// webUI opens a run's page in a browser, and checks what it shows: payloads are encrypted, so it shows none of this
// unless it decodes them.
func webUI(t *testing.T, url string, texts ...string) {
	t.Helper()
	if url == "" {
		t.Fatal("the run has no page")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.WindowSize(1600, 2400))
	ctx, stop := chromedp.NewExecAllocator(t.Context(), options...)
	defer stop()
	ctx, closeBrowser := chromedp.NewContext(ctx)
	defer closeBrowser()
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start Chromium (Debian's package chromium): %v", err)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.Navigate(url)); err != nil {
		t.Fatalf("open %s: %v", url, err)
	}
	harness.Eventually(t, patience, func() error {
		page, err := chromedp.Run(ctx, chromedp.Evaluate[string]("document.body.innerText"))
		if err != nil {
			return err
		}
		for _, text := range texts {
			if !strings.Contains(page, text) {
				return fmt.Errorf("%q is not on the page: %s", text, page)
			}
		}
		return nil
	})
}
