package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"cloister/cmd/experiments/experiment"
	"cloister/cmd/experiments/queue"
)

var kills = flag.Int("kills", 2, "`processes` to kill in the test of that")

// The test's binary is also the processes of a sweep: CLOISTER_SWEEP says which.
func TestMain(m *testing.M) {
	if role := os.Getenv("CLOISTER_SWEEP"); role != "" {
		if err := play(role, os.Getenv("CLOISTER_SWEEP_FOLDER"), os.Getenv("CLOISTER_SWEEP_ADDRESS")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func play(role, folder, address string) error {
	ctx := context.Background()
	if role == "serve" {
		if _, err := queue.Serve(filepath.Join(folder, "queue"), address); err != nil {
			return err
		}
		select {}
	}
	l := &laboratory{dir: folder, log: io.Discard, queue: queue.Options{URL: "nats://" + address, Patience: 2 * time.Second}}
	if role == "work" {
		l.atOnce, l.carryOut = 1, pretend(folder)
		return l.onlyWork(ctx)
	}
	if err := l.open(); err != nil {
		return err
	}
	return l.runAll(ctx)
}

// pretend is a run that takes a moment and trains nothing: how runs are handed out is what is tested. It leaves a trace of each.
func pretend(folder string) func(context.Context, experiment.Run) (experiment.Row, error) {
	return func(_ context.Context, r experiment.Run) (experiment.Row, error) {
		name := strings.ReplaceAll(r.Key(), "/", " ")
		trace, err := os.CreateTemp(folder, "began "+name+" *")
		if err != nil {
			return experiment.Row{}, err
		}
		fmt.Fprint(trace, os.Getpid())
		if err := trace.Close(); err != nil {
			return experiment.Row{}, err
		}
		time.Sleep(time.Duration(rand.IntN(200)) * time.Millisecond)
		if r.Config.Epochs == 9 && first(trace.Name()) {
			time.Sleep(time.Hour) // somebody kills it
		}
		row := r.Of()
		row.Accuracy, row.EpsilonUpper = pretended(r.Mechanism, r.Seed), r.Config.Epsilon
		return row, nil
	}
}

func pretended(mechanism string, seed uint64) float64 {
	return float64(len(mechanism))/100 + float64(seed)/1000
}

// sweep is a server, one who collects, and workers, each a process.
type sweep struct {
	t               *testing.T
	folder, address string
	processes       map[string]*exec.Cmd
}

func startSweep(t *testing.T, plan string) *sweep {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	free.Close()
	s := &sweep{t, t.TempDir(), address, map[string]*exec.Cmd{}}
	for name, text := range map[string]string{"setting-t.json": plan, "published.json": "[]"} {
		if err := os.WriteFile(filepath.Join(s.folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		for role := range s.processes {
			s.kill(role)
		}
	})
	for _, role := range []string{"serve", "collect", "work 1", "work 2", "work 3"} {
		s.start(role)
	}
	return s
}

// start starts a process; one that came before the server is started again.
func (s *sweep) start(role string) {
	s.t.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), "CLOISTER_SWEEP="+strings.Fields(role)[0], "CLOISTER_SWEEP_FOLDER="+s.folder, "CLOISTER_SWEEP_ADDRESS="+s.address)
	if err := c.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.processes[role] = c
}

func (s *sweep) kill(role string) {
	c := s.processes[role]
	c.Process.Kill()
	c.Wait()
	delete(s.processes, role)
}

// tend starts again what ended by itself, as whoever looks after machines does; it says whether the one who collects has come to the end.
func (s *sweep) tend() (over bool) {
	for role, c := range s.processes {
		if alive(c) {
			continue
		}
		if c.Wait(); role == "collect" && c.ProcessState.Success() {
			delete(s.processes, role)
			return true
		}
		s.start(role)
	}
	return false
}

// alive says whether a process has not ended: not even as one that is only waited for.
func alive(c *exec.Cmd) bool {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", c.Process.Pid))
	if err != nil {
		return false
	}
	_, rest, _ := strings.Cut(string(status), ") ")
	return !strings.HasPrefix(rest, "Z")
}

// finish waits for the end and checks that the table has each run of the plan once, as it came out.
func (s *sweep) finish(runs int) {
	s.t.Helper()
	if s.processes["collect"] == nil {
		s.start("collect") // it came to the end: it does so again
	}
	results := filepath.Join(s.folder, "results.json")
	last, size := time.Now(), int64(0)
	for ; !s.tend(); time.Sleep(50 * time.Millisecond) {
		if about, err := os.Stat(results); err == nil && about.Size() != size {
			last, size = time.Now(), about.Size()
		}
		if time.Since(last) > 2*time.Minute {
			s.t.Fatalf("the sweep does not end, and has %d bytes of results", size)
		}
	}
	rows, err := experiment.ReadRows(results)
	if err != nil {
		s.t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, r := range rows {
		seen[fmt.Sprint(r.Setting, r.Dataset, r.Mechanism, r.Seed)] = true
		if r.Accuracy != pretended(r.Mechanism, r.Seed) {
			s.t.Errorf("%s, seed %d came out at %v", r.Mechanism, r.Seed, r.Accuracy)
		}
	}
	if len(rows) != runs || len(seen) != runs {
		s.t.Errorf("%d rows of %d runs, want %d of each", len(rows), len(seen), runs)
	}
}

// plan has two trials and so many seeds of each of two mechanisms.
func plan(seeds int, epochs float64) string {
	var all []string
	for i := range seeds {
		all = append(all, strconv.Itoa(i))
	}
	return fmt.Sprintf(`{"setting": "t", "title": "T", "about": "A.", "base": {"model": "mlp", "epsilon": 3, "epochs": 1}, "trials": [{"batchSize": 1}, {"batchSize": 2}],
		"mechanisms": [{"name": "fixed"}, {"name": "quantile", "config": {"epochs": %v}}], "groups": [{"dataset": "x", "seeds": [%s], "base": {}, "trialsOn": "y"}]}`, epochs, strings.Join(all, ", "))
}

// Three workers, of which one is killed while it runs something: another runs it, nothing is lost or twice in the table.
func TestWorkerIsKilledInARun(t *testing.T) {
	s := startSweep(t, plan(3, 9)) // the first attempt at each run of "quantile", its two trials included, would take an hour
	killed := 0
	for deadline := time.Now().Add(2 * time.Minute); !s.tend() && time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if role := s.stuck(); role != "" {
			s.kill(role)
			s.start(role)
			killed++
		}
	}
	if killed < 2 {
		t.Errorf("%d workers were killed in a run", killed)
	}
	s.finish(10)
}

// stuck is a worker that is in a run which takes an hour.
func (s *sweep) stuck() string {
	traces, _ := filepath.Glob(filepath.Join(s.folder, "began t* quantile *"))
	for _, trace := range traces {
		pid, _ := os.ReadFile(trace)
		for role, c := range s.processes {
			if string(pid) == strconv.Itoa(c.Process.Pid) && first(trace) && older(trace) {
				return role
			}
		}
	}
	return ""
}

// first says whether a trace is that of the first attempt at its run.
func first(trace string) bool {
	mine, _ := os.Stat(trace)
	all, _ := filepath.Glob(trace[:strings.LastIndex(trace, " ")] + " *")
	for _, other := range all {
		if about, err := os.Stat(other); err == nil && mine != nil && about.ModTime().Before(mine.ModTime()) {
			return false
		}
	}
	return true
}

func older(file string) bool {
	about, err := os.Stat(file)
	return err == nil && time.Since(about.ModTime()) > 200*time.Millisecond
}

// Whatever process is killed at whatever time, the server and the one who collects among them: at the end the table has every run, once.
func TestKilledAtAnyTime(t *testing.T) {
	seeds := 50 + 6**kills // so many that the sweep outlasts the kills
	s := startSweep(t, plan(seeds, 1))
	random := rand.New(rand.NewPCG(16, 1))
	roles := []string{"serve", "collect", "work 1", "work 2", "work 3"}
	killed := 0
	for over := false; killed < *kills && !over; over = s.tend() {
		time.Sleep(time.Duration(50+random.IntN(500)) * time.Millisecond)
		if role := roles[random.IntN(len(roles))]; s.processes[role] != nil {
			s.kill(role)
			s.start(role)
			killed++
		}
	}
	if killed < *kills {
		t.Errorf("the sweep was over after %d kills of %d", killed, *kills)
	}
	s.finish(4 + 2*seeds)
}

// What comes from a queue names no other folder of a worker's machine.
func TestTasksNameDatasets(t *testing.T) {
	l := &laboratory{carryOut: func(context.Context, experiment.Run) (experiment.Row, error) { return experiment.Row{}, nil }}
	for name, good := range map[string]bool{"mnist": true, "fashion-mnist": true, "..": false, "": false, "../x": false, "/etc": false, "a/b": false, ".": false} {
		if _, err := l.task(t.Context(), queue.Task{Key: "k", Body: fmt.Appendf(nil, `{"Dataset": %q}`, name)}); (err == nil) != good {
			t.Errorf("dataset %q: error %v", name, err)
		}
	}
}

// Without a server's address the queue is within the process. A sweep whose time is over keeps what was done, the next one goes on from there, and a
// run that fails, or whose row cannot be its own, keeps no other from running and is tried again.
func TestSweepWithinOneProcess(t *testing.T) {
	folder := t.TempDir()
	for name, text := range map[string]string{"setting-t.json": plan(3, 1), "published.json": "[]"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var begun []string
	sweep := func(until time.Time, spoil func(experiment.Run, *experiment.Row) error) error {
		l := &laboratory{dir: folder, log: io.Discard, atOnce: 1, until: until}
		if err := l.open(); err != nil {
			t.Fatal(err)
		}
		l.root = folder
		l.carryOut = func(_ context.Context, r experiment.Run) (experiment.Row, error) {
			begun = append(begun, r.Key())
			row := r.Of()
			row.Accuracy, row.EpsilonUpper = 0.5, 2.9
			err := spoil(r, &row)
			return row, err
		}
		return l.runAll(t.Context())
	}
	rows := func() int {
		all, err := experiment.ReadRows(filepath.Join(folder, "results.json"))
		if err != nil {
			t.Fatal(err)
		}
		return len(all)
	}
	whole := func(experiment.Run, *experiment.Row) error { return nil }

	if err := sweep(time.Now().Add(400*time.Millisecond), func(experiment.Run, *experiment.Row) error { time.Sleep(300 * time.Millisecond); return nil }); err != nil {
		t.Error(err)
	}
	first := rows()
	if first == 0 || first == 10 || first != len(begun) {
		t.Errorf("%d rows and %d runs begun when the time was over", first, len(begun))
	}
	err := sweep(time.Time{}, func(r experiment.Run, row *experiment.Row) error {
		switch r.Key() {
		case "t/x/quantile/1":
			return errors.New("out of luck")
		case "t/x/quantile/2":
			row.EpsilonUpper = 3.01
		}
		return nil
	})
	if err == nil || !strings.Contains(err.Error(), "2 runs failed: t/x/quantile/1, t/x/quantile/2") || rows() != 8 {
		t.Errorf("%d rows, error %v", rows(), err)
	}
	if err := sweep(time.Time{}, whole); err != nil || rows() != 10 {
		t.Errorf("%d rows, error %v", rows(), err)
	}
	if want := 12; len(begun) != want {
		t.Errorf("%d runs were begun, want %d: %q", len(begun), want, begun)
	}
	if err := sweep(time.Time{}, whole); err != nil || len(begun) != 12 {
		t.Errorf("with nothing missing %d runs were begun, error %v", len(begun), err)
	}
}
