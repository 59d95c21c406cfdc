// Command pylon serves.
package main

func main() {}
