package ocppj

import (
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// AppendCall appends a CALL. The payload is a JSON object and goes out as it
// is; an empty one is sent as {}.
func AppendCall(dst []byte, id, action string, payload []byte) []byte {
	return appendRequest(dst, TypeCall, id, action, payload)
}

// AppendSend appends a SEND, which 2.1 alone has and nobody answers.
func AppendSend(dst []byte, id, action string, payload []byte) []byte {
	return appendRequest(dst, TypeSend, id, action, payload)
}

// AppendCallResult appends a CALLRESULT; the payload is as in [AppendCall].
func AppendCallResult(dst []byte, id string, payload []byte) []byte {
	dst = appendHead(dst, TypeCallResult, id)
	return appendTail(dst, payload)
}

// AppendCallError appends a CALLERROR, with the code as the version has it and
// the description cut to 255 characters.
func AppendCallError(dst []byte, v Version, id string, e *CallError) []byte {
	return appendError(dst, TypeCallError, id, e.Code.In(v), e.Description, e.Details)
}

// AppendCallResultError appends a CALLRESULTERROR, which 2.1 alone has: the
// answer to a CALLRESULT that could not be processed.
func AppendCallResultError(dst []byte, id string, e *CallError) []byte {
	return appendError(dst, TypeCallResultError, id, e.Code.In(V21), e.Description, e.Details)
}

func appendRequest(dst []byte, t MessageType, id, action string, payload []byte) []byte {
	dst = appendHead(dst, t, id)
	dst = append(dst, ',')
	dst = appendString(dst, action)
	return appendTail(dst, payload)
}

func appendError(dst []byte, t MessageType, id string, code ErrorCode, description string, details []byte) []byte {
	dst = appendHead(dst, t, id)
	dst = append(dst, ',')
	dst = appendString(dst, string(code))
	dst = append(dst, ',')
	dst = appendString(dst, cut(description, descriptionMax))
	return appendTail(dst, details)
}

func appendHead(dst []byte, t MessageType, id string) []byte {
	dst = append(dst, '[')
	dst = strconv.AppendInt(dst, int64(t), 10)
	dst = append(dst, ',')
	return appendString(dst, id)
}

func appendTail(dst, object []byte) []byte {
	dst = append(dst, ',')
	if len(object) == 0 {
		dst = append(dst, '{', '}')
	} else {
		dst = append(dst, object...)
	}
	return append(dst, ']')
}

// appendString appends s as a JSON string. Bytes that are not UTF-8 go out as
// U+FFFD: a frame is always valid.
func appendString(dst []byte, s string) []byte {
	dst, _ = jsontext.AppendQuote(dst, s) // the error only reports the replacement
	return dst
}
