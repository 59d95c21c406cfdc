// Package ocpp201 has the messages of OCPP 2.0.1 as Go structures, with decoders and validation
// generated from the official JSON schemas.
//
// Optional fields are pointers (lists: nil), times are as sent, numbers keep their digits, and
// fields beyond the schema are kept in Unknown and written again. [schema.Decode] and [schema.Encode] turn
// bytes into messages and back; [NewRequest] and [NewResponse] find the message of an action.
package ocpp201

//go:generate go run ../ocppgen
