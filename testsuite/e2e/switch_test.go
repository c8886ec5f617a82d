//go:build e2e

package e2e

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/harness"
)

// staysUntilItEnds opens a WebSocket and a slow answer before a switch, and follows both through it. The drain is far
// longer than the test's patience: the deploy ends because they end.
func staysUntilItEnds(t *testing.T, x *site) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	url := x.scene.host.URL()
	x.set("3", web{drain: "1h", health: "within: 30s, stable_for: 1s"})
	deploy := x.start()
	reaches(t, deploy, "AwaitStable")

	conn, opened, err := websocket.Dial(ctx, url+"/ws", &websocket.DialOptions{Host: x.route})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseNow()
	begun, done, read := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		defer close(done)
		read <- slow(ctx, url, x.route, 6*time.Second, begun)
	}()
	<-begun
	if version := opened.Header.Get("App-Version"); version != "2" {
		t.Fatalf("the WebSocket was opened to version %q", version)
	}
	harness.Eventually(t, patience, func() error { return serves(ctx, url, x.route, "3") })
	select {
	case <-done:
		t.Fatal("the slow answer ended before the switch")
	default:
	}
	for _, message := range []string{"still", "there"} {
		if err := conn.Write(ctx, websocket.MessageText, []byte(message)); err != nil {
			t.Fatal(err)
		}
		if _, echo, err := conn.Read(ctx); err != nil || string(echo) != message {
			t.Fatalf("after the switch the old release answers %q, %v", echo, err)
		}
	}
	if err := <-read; err != nil {
		t.Error(err)
	}
	if err := conn.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Error(err)
	}
	outcome(t, deploy).want(t, app.Succeeded, 0)
}

// slow reads an answer of version 2 that takes a while, and closes begun when its first line has come.
func slow(ctx context.Context, url, route string, takes time.Duration, begun chan<- struct{}) error {
	response, err := get(ctx, fmt.Sprintf("%s/slow?ms=%d", url, takes.Milliseconds()), route)
	if err != nil {
		close(begun)
		return err
	}
	defer response.Body.Close()
	body := bufio.NewReader(response.Body)
	first, err := body.ReadString('\n')
	close(begun)
	if err != nil {
		return err
	}
	rest, err := io.ReadAll(body)
	if version := response.Header.Get("App-Version"); err != nil || first+string(rest) != "begin\nend\n" || version != "2" {
		return fmt.Errorf("the slow answer of version %q is %q, %v", version, first+string(rest), err)
	}
	return nil
}

// serves checks which version answers.
func serves(ctx context.Context, url, route, version string) error {
	response, err := get(ctx, url, route)
	if err != nil {
		return err
	}
	response.Body.Close()
	if got := response.Header.Get("App-Version"); got != version {
		return fmt.Errorf("version %q serves with status %d, not %q", got, response.StatusCode, version)
	}
	return nil
}

// get asks for a page on a connection of its own.
func get(ctx context.Context, url, route string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	request.Host, request.Close = route, true
	return http.DefaultClient.Do(request)
}
