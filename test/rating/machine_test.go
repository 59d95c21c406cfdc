package rating_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"pylon/internal/domain/tariff/swift"
)

// machineEnv is set in a process that rates on what looks like another machine.
const machineEnv = "PYLON_RATING_MACHINE"

// PROP-8: the same questions have the same answers, byte for byte, explanations included, in any zone and language, with one
// processor or many, and however often memory is collected.
func TestAnyMachine(t *testing.T) {
	if os.Getenv(machineEnv) != "" {
		fmt.Printf("answers %s\n", answered(t)) // for whoever started us
		return
	}
	want := answered(t)
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, machine := range []string{
		"TZ=UTC LANG=C LC_ALL=C",
		"TZ=Asia/Kathmandu LANG=tr_TR.UTF-8 LC_ALL=tr_TR.UTF-8 LC_NUMERIC=de_DE.UTF-8",
		"TZ=America/St_Johns LANG=ar_EG.UTF-8 GOMAXPROCS=1 GOGC=5",
		"TZ=Nowhere/AtAll GOMAXPROCS=8 GODEBUG=randseednop=0",
	} {
		t.Run(machine, func(t *testing.T) {
			child := exec.CommandContext(t.Context(), program, "-test.run=^TestAnyMachine$", "-test.v")
			child.Env = append(append(os.Environ(), strings.Fields(machine)...), machineEnv+"=1")
			out, err := child.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			if !strings.Contains(string(out), "answers "+want+"\n") {
				t.Errorf("got %s, want %s", out, want)
			}
		})
	}
}

// answered returns the digest of what both raters say to some questions.
func answered(t *testing.T) string {
	t.Helper()
	const questions, choicesEach = 300, 600
	chance := rand.NewChaCha8([32]byte{8})
	digest := sha256.New()
	for range questions {
		seed := make([]byte, choicesEach)
		_, _ = chance.Read(seed) // never fails
		q := question(choices(seed))
		for _, r := range append(raters(), rater{"explained", swift.Explain}) {
			text, err := json.Marshal(mustRate(t, r, q), json.Deterministic(true))
			if err != nil {
				t.Fatal(err)
			}
			digest.Write(text)
		}
	}
	return hex.EncodeToString(digest.Sum(nil))
}
