package proxy

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// BenchmarkRequest sends small requests straight to a service and through the edge, over kept-alive connections. The
// client is as cheap as it can be, so that the difference is the edge's.
func BenchmarkRequest(b *testing.B) {
	e := start(b, b.TempDir())
	app := backend(b, named(strings.Repeat("x", 1<<10)))
	e.put(b, table("1-a", to("web", "shop.example.com/", app)))
	for _, c := range []struct{ name, address string }{{"direct", app}, {"edge", strings.TrimPrefix(e.url, "http://")}} {
		b.Run(c.name, func(b *testing.B) {
			b.SetParallelism(16)
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				conn, err := net.Dial("tcp", c.address)
				if err != nil {
					b.Error(err)
					return
				}
				defer conn.Close()
				reader := bufio.NewReader(conn)
				for pb.Next() {
					if err := ask(conn, reader); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}

func ask(conn net.Conn, reader *bufio.Reader) error {
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: shop.example.com\r\n\r\n"); err != nil {
		return err
	}
	res, err := http.ReadResponse(reader, nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	return err
}
