// Package ocpp16 has the messages of OCPP 1.6, security extension included, as Go structures, with
// decoders and validation generated from the official JSON schemas.
//
// Optional fields are pointers (lists: nil), times are as sent, numbers keep their digits, and
// fields beyond the schema are kept in Unknown and written again. [schema.Decode] and [schema.Encode] turn
// bytes into messages and back; [NewRequest] and [NewResponse] find the message of an action. What
// 1.6 calls .req and .conf are Request and Response here, as in 2.x.
//
// What is known to be odd in the schemas is treated so:
//
//   - The unit of a sample may be spelled Celcius or Celsius in both messages that carry samples (OCPP-J errata 2.1).
//     Nothing is corrected: who reads a unit must know both [UnitOfMeasureCelcius] and [UnitOfMeasureCelsius].
//   - Limits of charging schedules are multiples of 0.1. The digits are judged, not a float, so 8.1 passes;
//     8.15 is a tolerable violation.
//   - Intervals and retries are integers (errata 2.4, 2.5); 60.0 is one.
//   - The value of a sample is a text, because signed data goes there too; package decimal reads it when it is a number.
//   - Enumerations that the schemas write inline have the names of the specification. Where the security extension
//     uses a name again with other values, its type has a prefix: [SignedFirmwareStatus],
//     [SignedUpdateFirmwareStatus], [ExtendedMessageTrigger].
//   - No list of the core messages has a least number of items: an empty meterValue is valid.
package ocpp16

//go:generate go run ../ocppgen
