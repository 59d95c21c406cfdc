package sim

import (
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Firmware updates and uploads of logs are told and not done: the statuses come as
// they do from a station that works on it.

// stepTime is how long a step of an update or an upload takes.
const stepTime = 10 * time.Second

// update is a firmware update under way.
type update struct {
	requestID int
	signed    bool // 1.6: by the security extension; 2.x: with a signature
	status    string
	installed bool // but for the restart
}

// updateFirmware begins an update, in the place of one that is under way, and reports
// whether there was one.
func (s *Station) updateFirmware(u update, location string, from time.Time) (replaced bool, then func()) {
	replaced = s.updating != nil
	s.updating = &u
	return replaced, s.locked(func() { s.download(&u, location, from) })
}

func (s *Station) download(u *update, location string, from time.Time) {
	switch wait := from.Sub(s.time()); {
	case s.updating != u:
	case wait > 0 && (u.signed || !s.is16()):
		s.progress(u, "DownloadScheduled")
		s.later(wait, func() { s.download(u, location, s.time()) })
	case wait > 0: // 1.6 has no word for it
		s.later(wait, func() { s.download(u, location, s.time()) })
	case !reachable(location):
		s.progress(u, "Downloading")
		s.later(stepTime, func() { s.progress(u, "DownloadFailed"); s.updated(u) })
	default:
		s.progress(u, "Downloading")
		s.later(stepTime, func() {
			s.progress(u, "Downloaded")
			if u.signed {
				s.progress(u, "SignatureVerified")
			}
			s.install(u)
		})
	}
}

// install waits until nobody charges.
func (s *Station) install(u *update) {
	if s.updating != u {
		return
	}
	if s.busy(0) {
		s.later(stepTime, func() { s.install(u) })
		return
	}
	s.progress(u, "Installing")
	s.later(stepTime, func() {
		if s.updating != u {
			return
		}
		if u.signed || !s.is16() {
			s.progress(u, "InstallRebooting")
		}
		s.config.Firmware = following(s.config.Firmware)
		u.installed = true
		s.later(s.config.Hand, func() { s.powerCycle(bootFirmware, stepTime) })
	})
}

// installed tells of an update after the restart that ends it.
func (s *Station) installed() {
	s.progress(s.updating, "Installed")
	s.updating = nil
}

func (s *Station) updated(u *update) {
	if s.updating == u {
		s.updating = nil
	}
}

func (s *Station) progress(u *update, status string) {
	if s.updating == u {
		u.status = status
		s.put(&parcel{message: s.speak.firmwareStatus(u)})
	}
}

// firmwareParcel tells how far an update is.
func (s *Station) firmwareParcel() *parcel {
	u := s.updating
	if u == nil || u.status == "" { // none, or one that waits for its time
		u = &update{status: "Idle"}
	}
	return &parcel{message: s.speak.firmwareStatus(u)}
}

// following returns the version after one: the last number in it is one more.
func following(version string) string {
	at := strings.LastIndexFunc(version, func(c rune) bool { return c < '0' || c > '9' }) + 1
	n, err := strconv.Atoi(version[at:])
	if err != nil {
		return version + ".1"
	}
	return version[:at] + strconv.Itoa(n+1)
}

// reachable says whether a station could try a location at all.
func reachable(location string) bool {
	u, err := url.Parse(location)
	return err == nil && u.Host != "" && strings.Contains("http https ftp ftps sftp", u.Scheme)
}

// upload is an upload of a log under way.
type upload struct {
	requestID   int
	diagnostics bool // 1.6, before the security extension
	status      string
}

// uploadLog begins an upload, in the place of one that is under way, and reports
// whether there was one.
func (s *Station) uploadLog(u upload, location string) (replaced bool, then func()) {
	replaced = s.uploading != nil
	s.uploading = &u
	end := "Uploaded"
	switch {
	case reachable(location):
	case u.diagnostics:
		end = "UploadFailed"
	default:
		end = "UploadFailure"
	}
	return replaced, s.locked(func() {
		s.uploaded(&u, "Uploading")
		s.later(stepTime, func() {
			s.uploaded(&u, end)
			if s.uploading == &u {
				s.uploading = nil
			}
		})
	})
}

func (s *Station) uploaded(u *upload, status string) {
	if s.uploading == u {
		u.status = status
		s.put(&parcel{message: s.speak.logStatus(u)})
	}
}

// logParcel tells how far an upload is.
func (s *Station) logParcel(diagnostics bool) *parcel {
	u := s.uploading
	if u == nil || u.status == "" || u.diagnostics != diagnostics {
		u = &upload{status: "Idle", diagnostics: diagnostics}
	}
	return &parcel{message: s.speak.logStatus(u)}
}

// logName is what the file of an upload is called.
func (s *Station) logName() string { return s.config.Identity + ".log" }
