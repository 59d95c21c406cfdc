package store

import (
	"fmt"
	"io"
	"log"
	"os"
)

func say(w io.Writer) {
	fmt.Println("hello")
	fmt.Fprintln(w, "hello")
	fmt.Fprintln(os.Stderr, "hello")
	log.Fatal("hello")
	println("hello")
}
