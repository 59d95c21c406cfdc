// Package simtest runs whole nodes of Pylon in one process, in virtual time and
// against faults that a seed chooses, and holds what the database says in the
// end against what the stations know.
//
// The nodes are the real ones: store (SQLite), fleet, jobs and gateway, put
// together as package app does it. What surrounds them is the simulation's:
// clock, network, disk, the messages between nodes, and the stations. One
// goroutine, the driver, holds every choice. It lets one thing happen (a frame
// arrives, a commit lands, a timer fires, something breaks), waits until nothing
// in the process moves any more, and chooses the next. So the seed decides how
// things interleave, and nothing else does: a seed that fails fails again, and
// each is played twice to see that both runs were the same.
//
// What is here is test code; this file is for those who look for it.
package simtest
