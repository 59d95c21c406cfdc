package load

// script is what a station says in its OCPP version. Each line appends the
// action and the payload of a call to dst, separated as a CALL has them:
// "Action",{…}.
type script interface {
	boot(dst []byte, s *Station) []byte
	status(dst []byte, s *Station) []byte
	authorize(dst []byte, s *Station) []byte
	start(dst []byte, s *Station) []byte
	reading(dst []byte, s *Station) []byte
	stop(dst []byte, s *Station) []byte
	heartbeat(dst []byte, s *Station) []byte
	// started takes in the answer to start.
	started(answer []byte, s *Station) error
	// statuses are what a connector is when free and when taken.
	statuses() (free, taken string)
}

// heartbeat is the same in all versions.
func heartbeat(dst []byte) []byte { return append(dst, `"Heartbeat",{}`...) }
