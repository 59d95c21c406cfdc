package device

// Notice is the data of station.device_changed.
type Notice struct {
	Changes int `json:"changes"` // values of variables that changed
	InSync  int `json:"in_sync"`
	Pending int `json:"pending"` // unknown, pending, drifted or waiting for a boot
	Refused int `json:"refused"` // refused or absent
}

// NoticeOf returns what an event tells of a device.
func NoticeOf(rows []Desired, changes int) Notice {
	n := Notice{Changes: changes}
	for i := range rows {
		switch rows[i].State {
		case InSync:
			n.InSync++
		case Unknown, Pending, Drifted, RebootRequired:
			n.Pending++
		case Refused, Absent:
			n.Refused++
		}
	}
	return n
}

// KeyNotice is the data of station.device_changed when a station told public keys of its
// meters that were not known.
type KeyNotice struct {
	Keys int `json:"meter_keys"`
}
