package ocppj

// scanner walks over JSON (RFC 8259) without building anything. Each method
// that consumes reports whether it found what it is named for; after a false,
// pos is where the text stopped being JSON.
//
// It looks at structure alone. That texts are Unicode and names stand once in
// their object is for those who read the values.
type scanner struct {
	data []byte
	pos  int
}

// peek returns the next byte, and 0 at the end: no JSON text has one.
func (s *scanner) peek() byte {
	if s.pos < len(s.data) {
		return s.data[s.pos]
	}
	return 0
}

func (s *scanner) space() {
	for s.pos < len(s.data) {
		switch s.data[s.pos] {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return
		}
	}
}

// take consumes one structural byte and the white space around it.
func (s *scanner) take(c byte) bool {
	s.space()
	if s.peek() != c {
		return false
	}
	s.pos++
	s.space()
	return true
}

// value consumes one JSON value that nests at most depth levels.
func (s *scanner) value(depth int) bool {
	switch c := s.peek(); {
	case c == '"':
		return s.string()
	case c == '{':
		return depth > 0 && s.object(depth-1)
	case c == '[':
		return depth > 0 && s.array(depth-1)
	case c == '-' || isDigit(c):
		return s.number()
	case c == 't':
		return s.literal("true")
	case c == 'f':
		return s.literal("false")
	case c == 'n':
		return s.literal("null")
	}
	return false
}

func (s *scanner) object(depth int) bool {
	s.take('{')
	if s.close('}') {
		return true
	}
	for {
		if s.peek() != '"' || !s.string() || !s.take(':') || !s.value(depth) {
			return false
		}
		if !s.take(',') {
			return s.close('}')
		}
	}
}

func (s *scanner) array(depth int) bool {
	s.take('[')
	if s.close(']') {
		return true
	}
	for {
		if !s.value(depth) {
			return false
		}
		if !s.take(',') {
			return s.close(']')
		}
	}
}

// close consumes a closing bracket, but not the white space behind it, so that
// the value ends with the bracket.
func (s *scanner) close(c byte) bool {
	if s.peek() != c {
		return false
	}
	s.pos++
	return true
}

func (s *scanner) literal(word string) bool {
	if len(s.data)-s.pos < len(word) || string(s.data[s.pos:s.pos+len(word)]) != word {
		return false
	}
	s.pos += len(word)
	return true
}

func (s *scanner) number() bool {
	if s.peek() == '-' {
		s.pos++
	}
	if s.peek() == '0' {
		s.pos++
	} else if !s.digits() {
		return false
	}
	if s.peek() == '.' {
		s.pos++
		if !s.digits() {
			return false
		}
	}
	if c := s.peek(); c == 'e' || c == 'E' {
		s.pos++
		if c := s.peek(); c == '+' || c == '-' {
			s.pos++
		}
		return s.digits()
	}
	return true
}

func (s *scanner) digits() bool {
	start := s.pos
	for isDigit(s.peek()) {
		s.pos++
	}
	return s.pos > start
}

// string consumes a string; the scanner stands on its opening quote.
func (s *scanner) string() bool {
	data, i := s.data, s.pos+1
	for i < len(data) {
		switch c := data[i]; {
		case c == '"':
			s.pos = i + 1
			return true
		case c == '\\':
			size := escape(data[i:])
			if size == 0 {
				s.pos = i
				return false
			}
			i += size
		case c < ' ':
			s.pos = i
			return false
		default:
			i++
		}
	}
	s.pos = i
	return false
}

// escape returns the length of the escape sequence that b begins with, and 0
// when it is none.
func escape(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	switch b[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		const size = len(`\u0000`)
		if len(b) >= size && isHex(b[2]) && isHex(b[3]) && isHex(b[4]) && isHex(b[5]) {
			return size
		}
	}
	return 0
}

func isHex(c byte) bool { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
