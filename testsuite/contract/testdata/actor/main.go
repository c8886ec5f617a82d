// Command actor is what the contract's containers run: "run" prints a line to each stream and stays, "exit" prints a
// line and fails, "echo PATH" answers on a Unix socket with what it is sent. Its other words are those of
// hosttest.World.Program.
package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

func main() {
	switch os.Args[1] {
	case "run":
		stop := make(chan os.Signal, 1)
		signal.Notify(stop, syscall.SIGTERM)
		fmt.Println("out")
		fmt.Fprintln(os.Stderr, "err")
		<-stop
	case "exit":
		fmt.Println("bye")
		os.Exit(3)
	case "echo":
		echo(os.Args[2])
	case "copy":
		_, _ = io.Copy(os.Stdout, os.Stdin)
	case "fail":
		fmt.Println("o")
		fmt.Fprintln(os.Stderr, "e")
		os.Exit(3)
	case "flood":
		fmt.Println(strings.Repeat("x", 200_000) + "end")
	case "hang":
		_, _ = io.Copy(io.Discard, os.Stdin)
	}
}

func echo(path string) {
	listener, err := net.Listen("unix", path)
	if err == nil {
		err = os.Chmod(path, 0o600)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			_, _ = io.Copy(conn, conn)
		}()
	}
}
