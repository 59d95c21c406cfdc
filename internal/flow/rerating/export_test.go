package rerating

// InChunks makes a service take so many sessions at once: a test's are few.
func InChunks(s *Service, simulated, corrected int) *Service {
	s.simulated, s.corrected = simulated, corrected
	return s
}
