package postgres_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"pylon/test/postgres"
)

// ask runs a query that returns one text.
func ask(t *testing.T, url, query string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	var got string
	if err := conn.QueryRow(t.Context(), query).Scan(&got); err != nil {
		t.Fatal(err)
	}
	return got
}

// do runs statements.
func do(t *testing.T, url, statements string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), statements); err != nil {
		t.Fatal(err)
	}
}

func TestDatabasesAreApart(t *testing.T) {
	one, two := postgres.Database(t), postgres.Database(t)
	do(t, one, "CREATE TABLE a (b TEXT)")
	if got, want := ask(t, two, "SELECT COUNT(*)::text FROM pg_tables WHERE tablename = 'a'"), "0"; got != want {
		t.Errorf("got %s tables, want %s", got, want)
	}
}

// TestKill ends a server as a power cut would and starts it again: what was
// committed is there.
func TestKill(t *testing.T) {
	s := postgres.Start(t, postgres.Options{})
	url := s.URL("kept")
	do(t, url, "CREATE TABLE a (b TEXT); INSERT INTO a VALUES ('still here')")
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	if got := s.CPU(); got <= 0 {
		t.Errorf("got %s of processor time, want some", got)
	}
	s.Kill()
	if err := conn.Ping(t.Context()); err == nil {
		t.Error("a connection outlives the server")
	}
	s.Start()
	if got, want := ask(t, s.URL("kept"), "SELECT b FROM a"), "still here"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	s.Stop()
	s.Start()
	if got, want := ask(t, url, "SELECT b FROM a"), "still here"; got != want {
		t.Errorf("after an orderly stop: got %q, want %q", got, want)
	}
}

const childEnv = "PYLON_POSTGRES_CHILD" // set: this process is the one that TestGuard kills

// TestGuard kills a test binary that has a server: the server ends all the same.
func TestGuard(t *testing.T) {
	if os.Getenv(childEnv) != "" {
		fmt.Printf("url %s\n", postgres.Database(t)) // the parent reads it
		<-t.Context().Done()
		return
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.CommandContext(t.Context(), program, "-test.run=^TestGuard$")
	child.Env = append(os.Environ(), childEnv+"=1")
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	url := ""
	for lines := bufio.NewScanner(out); url == "" && lines.Scan(); {
		url, _ = strings.CutPrefix(lines.Text(), "url ")
	}
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // it was killed
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if _, err := conn.WaitForNotification(ctx); err == nil || ctx.Err() != nil { // returns when the server ends
		t.Errorf("the server lives on: %v", err)
	}
}
