package check_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pylon/internal/sim"
	"pylon/internal/sim/check"
	"pylon/internal/wire/ocppj"
)

func noon() time.Time { return time.Date(2030, 5, 6, 12, 0, 0, 0, time.UTC) }

func at(minutes int) time.Time { return noon().Add(time.Duration(minutes) * time.Minute) }

// scene is a truth and a claim that agree, until a test changes one of them.
type scene struct {
	truth check.Truth
	claim check.Claim
}

// newScene returns a session of 1.6 and one of 2.0.1, each an hour and 10 kWh with
// three messages, on two stations.
func newScene() *scene {
	s := &scene{truth: check.Truth{At: at(24 * 60), Slack: time.Minute}}
	for i, v := range []ocppj.Version{ocppj.V16, ocppj.V201} {
		t := sim.Session{
			Station: "CP-" + v.String(), Version: v, EVSE: 1, TransactionID: "tx", Token: "04AA", Presented: "04AA",
			Began: at(0), TrueBegan: at(0), Ended: at(60), TrueEnded: at(60),
			Begin: 1000, End: 11_000, Delivered: 10_000, Reason: "Local",
		}
		c := check.Session{
			ID: "ses-" + string(rune('a'+i)), Station: t.Station, EVSE: 1, TransactionID: "tx", Token: "04aa", Status: check.Completed,
			Began: at(0), Ended: at(60), Energy: 10_000, Reason: "Local",
		}
		for n, event := range []string{"Started", "Updated", "Ended"} {
			m := sim.Sent{Event: event, SeqNo: n, At: at(30 * n), Measured: true, Tries: 1, Acknowledged: true}
			t.Messages = append(t.Messages, m)
			kept := check.Message{Event: event, SeqNo: n, At: at(30 * n)}
			if v == ocppj.V16 {
				kept.SeqNo = -1
			}
			c.Messages = append(c.Messages, kept)
		}
		t.Messages[0].Register, t.Messages[1].Register, t.Messages[2].Register = 1000, 6000, 11_000
		s.truth.Sessions = append(s.truth.Sessions, t)
		s.claim.Sessions = append(s.claim.Sessions, c)
	}
	return s
}

// fault lets something go wrong at the first station, half an hour in.
func (s *scene) fault(f sim.Fault) {
	s.truth.Faults = append(s.truth.Faults, sim.Injected{Fault: f, Station: s.truth.Sessions[0].Station, EVSE: 1, From: at(29), To: at(31)})
}

// unstop takes the stop of the first session away: it was never sent.
func (s *scene) unstop() {
	t, c := &s.truth.Sessions[0], &s.claim.Sessions[0]
	t.Messages[2].Acknowledged, t.Unstoppable = false, true
	c.Messages, c.Status, c.Ended, c.Energy, c.Reason = c.Messages[:2], check.Active, time.Time{}, 5000, ""
	s.fault(sim.LostStop)
}

func (s *scene) find(code string) {
	s.claim.Findings = append(s.claim.Findings, check.Finding{Station: s.truth.Sessions[0].Station, Code: code, At: at(40)})
}

func TestCompare(t *testing.T) {
	for _, c := range []struct {
		name  string
		plant func(s *scene)
		want  []check.Kind
		text  string // that the first sentence holds
	}{
		{"all is well", func(*scene) {}, nil, ""},

		{"a session is lost", func(s *scene) { s.claim.Sessions = s.claim.Sessions[:1] }, []check.Kind{check.Lost}, "acknowledged its Started"},
		{"a session that never reached the CSMS is not lost", func(s *scene) {
			s.claim.Sessions = s.claim.Sessions[1:]
			for i := range s.truth.Sessions[0].Messages {
				s.truth.Sessions[0].Messages[i].Acknowledged = false
			}
		}, nil, ""},
		{"a session is doubled", func(s *scene) {
			twin := s.claim.Sessions[0]
			twin.ID = "ses-x"
			s.claim.Sessions = append(s.claim.Sessions, twin)
		}, []check.Kind{check.Doubled}, "2 times"},
		{"a session is invented", func(s *scene) {
			ghost := s.claim.Sessions[0]
			ghost.TransactionID = "other"
			s.claim.Sessions = append(s.claim.Sessions, ghost)
		}, []check.Kind{check.Invented}, "transaction other"},
		{"a stop of an unknown transaction makes a session", func(s *scene) {
			ghost := s.claim.Sessions[0]
			ghost.TransactionID, ghost.Began = "other", at(30)
			s.claim.Sessions = append(s.claim.Sessions, ghost)
			s.fault(sim.UnknownStop)
		}, nil, ""},
		{"a session whose id the station never learned is known by its begin", func(s *scene) {
			s.truth.Sessions[0].TransactionID = ""
		}, nil, ""},

		{"another EVSE", func(s *scene) { s.claim.Sessions[0].EVSE = 2 }, []check.Kind{check.Differs}, "EVSE 2"},
		{"another token", func(s *scene) { s.claim.Sessions[0].Token = "04BB" }, []check.Kind{check.Differs}, "04BB"},
		{"the second of two tokens", func(s *scene) {
			s.truth.Sessions[0].SecondToken, s.claim.Sessions[0].Token = "04BB", "04BB"
		}, nil, ""},
		{"another begin", func(s *scene) { s.claim.Sessions[0].Began = at(0).Add(2 * time.Second) }, []check.Kind{check.Differs}, "began"},
		{"another end", func(s *scene) { s.claim.Sessions[0].Ended = at(61) }, []check.Kind{check.Differs}, "ended at"},
		{"one watt-hour more", func(s *scene) { s.claim.Sessions[0].Energy++ }, []check.Kind{check.Differs}, "10001 Wh"},
		{"one watt-hour less", func(s *scene) { s.claim.Sessions[0].Energy-- }, []check.Kind{check.Differs}, "9999 Wh"},
		{"another reason", func(s *scene) { s.claim.Sessions[0].Reason = "Remote" }, []check.Kind{check.Differs}, "Remote"},
		{"failed, though it was paid for", func(s *scene) { s.claim.Sessions[0].Status = check.Failed }, []check.Kind{check.Differs}, "failed"},
		{"completed, though nobody was authorised", func(s *scene) { s.truth.Sessions[0].Token = "" }, []check.Kind{check.Differs, check.Differs}, "authorised"},
		{"its stop was acknowledged and it runs", func(s *scene) { s.claim.Sessions[0].Status = check.Active }, []check.Kind{check.Unended}, "active"},

		{"a message of 1.6 is lost", func(s *scene) {
			s.claim.Sessions[0].Messages = slices.Delete(s.claim.Sessions[0].Messages, 1, 2)
		}, []check.Kind{check.MessageLost}, "Updated"},
		{"a message of 2.x is doubled", func(s *scene) {
			c := &s.claim.Sessions[1]
			c.Messages = append(c.Messages, c.Messages[1])
		}, []check.Kind{check.MessageDoubled}, "number 1"},
		{"a message that was not acknowledged may be missing", func(s *scene) {
			s.truth.Sessions[1].Messages[1].Acknowledged = false
			s.claim.Sessions[1].Messages = slices.Delete(s.claim.Sessions[1].Messages, 1, 2)
		}, nil, ""},
		{"a message is made up", func(s *scene) {
			c := &s.claim.Sessions[1]
			c.Messages = append(c.Messages, check.Message{Event: "Updated", SeqNo: 9, At: at(45)})
		}, []check.Kind{check.MessageMadeUp}, "number 9"},
		{"a message says what it said", func(s *scene) {
			m := &s.claim.Sessions[0].Messages[1]
			m.Register, m.Measured = 6000, true
		}, nil, ""},
		{"a message says another register", func(s *scene) {
			m := &s.claim.Sessions[0].Messages[1]
			m.Register, m.Measured = 6001, true
		}, []check.Kind{check.MessageDiffers}, "6001 Wh"},

		{"two messages of 1.6 at the same moment are two", func(s *scene) {
			t, c := &s.truth.Sessions[0], &s.claim.Sessions[0]
			t.Messages = slices.Insert(t.Messages, 1, t.Messages[1])
			c.Messages = slices.Insert(c.Messages, 1, c.Messages[1])
		}, nil, ""},

		{"a message that took long seems to come from a wrong clock", func(s *scene) {
			s.truth.Sessions[0].Messages[2].Told = at(70)
			s.claim.Sessions[0].Ended = at(70)
			s.claim.Findings = append(s.claim.Findings, check.Finding{Station: s.truth.Sessions[0].Station, Code: "clock_wrong", At: at(70)})
		}, nil, ""},
		{"a message that took no longer than usual does not", func(s *scene) {
			s.truth.Sessions[0].Messages[2].Told = at(62)
			s.claim.Sessions[0].Ended = at(62)
			s.claim.Findings = append(s.claim.Findings, check.Finding{Station: s.truth.Sessions[0].Station, Code: "clock_wrong", At: at(62)})
		}, []check.Kind{check.Differs, check.Uncaused}, "ended at"},
		{"a card read backwards is one that nobody knows", func(s *scene) {
			s.fault(sim.ReversedTokens)
			s.claim.Sessions[0].Status = check.Failed
		}, nil, ""},

		{"a wrong clock is corrected", func(s *scene) {
			s.fault(sim.ClockWrong)
			s.truth.Sessions[0].Messages[2].At = at(60 - 56*365*24*60)
			s.claim.Sessions[0].Messages[2].At = at(60 - 56*365*24*60)
			s.claim.Sessions[0].Ended = at(64)
		}, nil, ""},
		{"a wrong clock is believed", func(s *scene) {
			s.fault(sim.ClockWrong)
			s.truth.Sessions[0].Messages[2].At, s.claim.Sessions[0].Ended = at(200), at(200)
			s.claim.Sessions[0].Messages[2].At = at(200)
		}, []check.Kind{check.Differs}, "ended at"},

		{"closed from evidence", func(s *scene) {
			s.unstop()
			c := &s.claim.Sessions[0]
			c.Status, c.Ended = check.Completed, at(30)
		}, nil, ""},
		{"closed from evidence with more than the car got", func(s *scene) {
			s.unstop()
			c := &s.claim.Sessions[0]
			c.Status, c.Ended, c.Energy = check.Completed, at(30), 10_002
		}, []check.Kind{check.Differs}, "at most 10000 Wh"},
		{"closed from evidence with less than was heard of", func(s *scene) {
			s.unstop()
			c := &s.claim.Sessions[0]
			c.Status, c.Ended, c.Energy = check.Completed, at(30), 4999
		}, []check.Kind{check.Differs}, "at least 5000 Wh"},
		{"closed from evidence before it was heard of last", func(s *scene) {
			s.unstop()
			c := &s.claim.Sessions[0]
			c.Status, c.Ended = check.Completed, at(29)
		}, []check.Kind{check.Differs}, "heard of"},
		{"without a stop it may run for a while", (*scene).unstop, nil, ""},
		{"without a stop it runs for ever", func(s *scene) {
			s.unstop()
			s.truth.At = at(98 * 60)
		}, []check.Kind{check.Unended}, "without a stop"},
		{"without a stop it runs though nobody is there", func(s *scene) {
			s.unstop()
			s.truth.Quiet = s.truth.At.Add(-time.Hour)
		}, []check.Kind{check.Unended}, "without a stop"},
		{"ended while it runs", func(s *scene) {
			s.unstop()
			t, c := &s.truth.Sessions[0], &s.claim.Sessions[0]
			t.TrueEnded, t.Ended, t.Unstoppable = time.Time{}, time.Time{}, false
			c.Status, c.Ended = check.Completed, at(30)
		}, []check.Kind{check.Differs}, "it runs"},

		{"a meter that fell back costs nothing", func(s *scene) {
			s.fault(sim.MeterReset)
			s.claim.Sessions[0].Energy = 7000
		}, nil, ""},
		{"a meter that fell back makes energy", func(s *scene) {
			s.fault(sim.MeterReset)
			s.claim.Sessions[0].Energy = 10_002
		}, []check.Kind{check.Differs}, "meter_reset"},

		{"a finding with its cause", func(s *scene) { s.fault(sim.MeterJump); s.find("meter_jumped") }, nil, ""},
		{"a finding without a cause", func(s *scene) { s.find("meter_jumped") }, []check.Kind{check.Uncaused}, "meter_jumped"},
		{"a finding whose cause came later", func(s *scene) {
			s.fault(sim.MeterJump)
			s.truth.Faults[0].From, s.truth.Faults[0].To = at(50), at(51)
			s.find("meter_jumped")
		}, []check.Kind{check.Uncaused}, ""},
		{"a finding of another station's fault", func(s *scene) {
			s.fault(sim.MeterJump)
			s.truth.Faults[0].Station = s.truth.Sessions[1].Station
			s.find("meter_jumped")
		}, []check.Kind{check.Uncaused}, ""},
		{"a boot in mid-session of a station that always boots", func(s *scene) {
			s.truth.BootsAlways = map[string]bool{s.truth.Sessions[0].Station: true}
			s.find("stop_missing")
			s.claim.Findings[0].Resolved = true
		}, nil, ""},
		{"a command that a station was away from", func(s *scene) {
			station := s.truth.Sessions[0].Station
			s.truth.Connections = map[string][]sim.Connection{station: {{Began: at(0), Ended: at(39).Add(50 * time.Second)}, {Began: at(41)}}}
			s.find("command_ignored")
		}, nil, ""},
		{"a command that a station was there for", func(s *scene) {
			s.truth.Connections = map[string][]sim.Connection{s.truth.Sessions[0].Station: {{Began: at(0), Ended: at(20)}, {Began: at(21)}}}
			s.find("command_ignored")
		}, []check.Kind{check.Uncaused}, "command_ignored"},
		{"one that nothing has explained since", func(s *scene) {
			s.truth.BootsAlways = map[string]bool{s.truth.Sessions[0].Station: true}
			s.find("stop_missing")
		}, []check.Kind{check.Uncaused}, "stop_missing"},
		{"a conclusion from the order of times when the clock was set", func(s *scene) { s.truth.Stepped = true; s.find("meter_backwards") }, nil, ""},
		{"a fact when the clock was set", func(s *scene) { s.truth.Stepped = true; s.claim.Sessions[0].Energy++ }, []check.Kind{check.Differs}, "10001 Wh"},
		{"a finding of a code that nobody knows", func(s *scene) { s.fault(sim.MeterJump); s.find("gremlins") }, []check.Kind{check.Uncaused}, "gremlins"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScene()
			c.plant(s)
			result := check.Compare(s.truth, s.claim)
			var got []check.Kind
			for _, d := range result.Discrepancies {
				got = append(got, d.Kind)
			}
			if !slices.Equal(got, c.want) {
				t.Fatalf("got %v, want %v: %+v", got, c.want, result.Discrepancies)
			}
			if len(got) > 0 && !strings.Contains(result.Discrepancies[0].Text, c.text) {
				t.Errorf("got %q, want it to hold %q", result.Discrepancies[0].Text, c.text)
			}
		})
	}
}

func TestFindingsAreExplained(t *testing.T) {
	s := newScene()
	s.fault(sim.LostStop)
	s.find("stop_missing")
	result := check.Compare(s.truth, s.claim)
	if len(result.Findings) != 1 || result.Findings[0].Cause != string(sim.LostStop) {
		t.Errorf("got %+v, want one finding caused by %s", result.Findings, sim.LostStop)
	}
	if result.Matched != 2 || result.Messages != 6 {
		t.Errorf("got %d sessions and %d messages, want 2 and 6", result.Matched, result.Messages)
	}
}
