// Command actor is what the contract's containers run: "run" prints a line to each stream and stays, with another line for
// each SIGHUP, "exit" prints a line and fails, "echo PATH" answers on a Unix socket with what it is sent. "read PATH" prints
// a file's owner, mode and content, "make PATH" makes a file, "variable NAME" prints a variable. Its other words are those
// of hosttest.World.Program.
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
		signal.Notify(stop, syscall.SIGTERM, syscall.SIGHUP)
		fmt.Println("out")
		fmt.Fprintln(os.Stderr, "err")
		for <-stop == syscall.SIGHUP {
			fmt.Println("hup")
		}
	case "exit":
		fmt.Println("bye")
		os.Exit(3)
	case "echo":
		echo(os.Args[2])
	case "read":
		fail(read(os.Args[2]))
	case "make":
		fail(os.WriteFile(os.Args[2], nil, 0o600))
	case "variable":
		fmt.Print(os.Getenv(os.Args[2]))
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

func read(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(path)
	owner := info.Sys().(*syscall.Stat_t) // it runs on Linux alone
	fmt.Printf("%d:%d %o %s", owner.Uid, owner.Gid, info.Mode().Perm(), text)
	return err
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
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
