package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// heat is where the server's CPU went in one measurement.
type heat struct {
	name string        // of the measurement
	ours []functionCPU // functions of ours with all that they call
	flat []functionCPU // any functions, by themselves
}

// functionCPU is a function's share of the profile, in per cent.
type functionCPU struct {
	name  string
	share float64
}

// profile takes the server's CPU profile while work runs, for d at most, and
// notes the hottest functions. It is for a stretch beside what is measured, for
// a profile costs a few per cent. With -pprof it stays in DIR.
func (l *lab) profile(ctx context.Context, s *server, name string, d time.Duration, work func()) error {
	if l.hottest == 0 {
		return nil
	}
	file := l.profileFile(name)
	fetched := make(chan error, 1)
	go func() { fetched <- fetchProfile(ctx, s.debug, file, d) }()
	work()
	if err := <-fetched; err != nil {
		return fmt.Errorf("profile %s: %w", name, err)
	}
	return l.keepHeat(ctx, name, file)
}

// profileFile is where a profile is kept.
func (l *lab) profileFile(name string) string {
	folder := l.dir
	if l.pprof != "" {
		folder = l.pprof
	}
	return filepath.Join(folder, l.database+"-"+name+".pprof")
}

// keepHeat notes the hottest functions of a profile.
func (l *lab) keepHeat(ctx context.Context, name, file string) error {
	h, err := l.heatOf(ctx, file)
	h.name = name + ", " + titles[l.database]
	l.hot = append(l.hot, h)
	return err
}

func fetchProfile(ctx context.Context, address, file string, d time.Duration) error {
	url := fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", address, max(1, int(d.Seconds())))
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", url, response.Status)
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, body, 0o644)
}

// heatOf reads a profile with the tool that comes with Go.
func (l *lab) heatOf(ctx context.Context, file string) (h heat, err error) {
	top := func(order string) ([]functionCPU, error) {
		cmd := exec.CommandContext(ctx, "go", "tool", "pprof", "-top", order, "-nodecount=1000", file)
		out, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("go tool pprof: %w", err)
		}
		return parseTop(out, order == "-cum"), nil
	}
	flat, flatErr := top("-flat")
	all, allErr := top("-cum")
	h.flat = flat[:min(l.hottest, len(flat))]
	h.ours = steps(all, l.hottest)
	return h, errors.Join(flatErr, allErr)
}

// steps returns the first n functions of ours out of a list that falls, without
// those that only pass on what the one before had got: they tell nothing.
func steps(all []functionCPU, n int) (ours []functionCPU) {
	const passedOn = 0.98
	for _, f := range all {
		name, is := strings.CutPrefix(f.name, "pylon/internal/")
		if !is || len(ours) > 0 && f.share > passedOn*ours[len(ours)-1].share {
			continue
		}
		if ours = append(ours, functionCPU{name, f.share}); len(ours) == n {
			break
		}
	}
	return ours
}

// parseTop reads the table of `pprof -top`: flat, flat%, sum%, cum, cum%, name.
// What has too little is no line of the table.
func parseTop(text []byte, cumulative bool) (all []functionCPU) {
	share := 1
	if cumulative {
		share = 4
	}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 6 || !strings.HasSuffix(fields[share], "%") {
			continue
		}
		if v, err := strconv.ParseFloat(strings.TrimSuffix(fields[share], "%"), 64); err == nil {
			all = append(all, functionCPU{shortName(strings.Join(fields[5:], " ")), v})
		}
	}
	return all
}

// shortName is a function's name without the types that it was made for, which
// may be whole structures.
func shortName(name string) string {
	name = strings.TrimSuffix(name, " (inline)")
	name = strings.TrimSuffix(name, " (partial-inline)")
	if from := strings.Index(name, "[go.shape"); from >= 0 {
		to := strings.LastIndex(name, "]")
		name = name[:from] + "[…]" + name[max(from, to)+1:]
	}
	return name
}
