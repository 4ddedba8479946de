package pagetest

import (
	"encoding/binary"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"cloister/cmd/chromium"
)

// fakeDevices are Chromium's own: a camera with a moving ball, a microphone that beeps or plays a file; permission is given unasked.
func fakeDevices(sound string) chromium.Options {
	flags := map[string]string{"use-fake-device-for-media-stream": "", "use-fake-ui-for-media-stream": "", "autoplay-policy": "no-user-gesture-required"}
	if sound != "" {
		flags["use-file-for-fake-audio-capture"] = sound
	}
	return chromium.Options{Width: 1280, Height: 900, Flags: flags}
}

// watchDevices keeps what the page is given of devices, to see that it is given back.
func (p *tab) watchDevices() {
	p.t.Helper()
	eval[any](p, `(() => {
		globalThis.given = [];
		const devices = navigator.mediaDevices, get = devices.getUserMedia.bind(devices);
		devices.getUserMedia = async (what) => {
			const stream = await get(what);
			globalThis.given.push(...stream.getTracks());
			return stream;
		};
		return null;
	})()`)
}

const givenBack = `globalThis.given.length > 0 && globalThis.given.every((track) => track.readyState === "ended")`

// tone is a second of a sine as 16-bit WAV, fading in and out.
func tone(hertz float64, rate int, seconds float64) []byte {
	n := int(float64(rate) * seconds)
	file := []byte("RIFF")
	file = binary.LittleEndian.AppendUint32(file, uint32(36+2*n))
	file = append(file, "WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00"...)
	file = binary.LittleEndian.AppendUint32(file, uint32(rate))
	file = binary.LittleEndian.AppendUint32(file, uint32(2*rate))
	file = append(file, "\x02\x00\x10\x00data"...)
	file = binary.LittleEndian.AppendUint32(file, uint32(2*n))
	for i := range n {
		fade := math.Sin(math.Pi * float64(i) / float64(n))
		file = binary.LittleEndian.AppendUint16(file, uint16(int16(12000*fade*math.Sin(2*math.Pi*hertz*float64(i)/float64(rate)))))
	}
	return file
}

// Recordings of high and low tones are dropped as a folder, one can be listened to, and the model is asked about a word of the microphone, which is
// then off. Words that the model cannot be asked about say why.
func TestOwnMicrophone(t *testing.T) {
	s := serve(t)
	dir := t.TempDir()
	sound := writeFile(t, filepath.Join(dir, "played.wav"), tone(300, 48000, 2))
	p := openWith(t, s.page("#data=digits&model=logistic&epochs=1"), fakeDevices(sound))
	p.wait("the data", dataReady)
	p.watchDevices()
	folder := filepath.Join(dir, "tones")
	for i := range 60 {
		class, hertz := "low", 250.0+2*float64(i)
		if i%2 == 1 {
			class, hertz = "high", 2500+20*float64(i)
		}
		writeFile(t, filepath.Join(folder, class, fmt.Sprintf("%d.wav", i)), tone(hertz, 16000, 1))
	}
	p.drop(folder)
	p.wait("the samples", `document.querySelectorAll(".own-samples canvas").length > 10 && document.querySelector(".own-samples button")`)
	eval[any](p, `(globalThis.heard = new Promise((go) => (HTMLMediaElement.prototype.play = async function () { go(this.src); })), null)`)
	p.clickOn(`document.querySelector(".own-samples button")`)
	if src := eval[string](p, "globalThis.heard"); !strings.HasPrefix(src, "blob:") {
		t.Errorf("listening plays %q", src)
	}
	p.read()
	p.trainOnOwn()
	p.clickButton("Record")
	p.asked("low", "high")
	if words := p.text("try"); !strings.Contains(words, "recording.wav") {
		t.Errorf("the answer is to %q", words)
	}
	p.wait("the microphone to be off", givenBack)
	eval[any](p, `(navigator.mediaDevices.getUserMedia = () => Promise.reject(new Error("Permission denied")), null)`)
	p.clickButton("Record")
	p.wait("the refusal", `document.getElementById("try").innerText.includes("The microphone gave nothing: Permission denied")`)
	p.takenAlong(s, func() { p.upload("own-try-file", filepath.Join(folder, "low", "0.wav")) })
	p.clean()
}

// The model is asked about a photograph. The camera is on while its picture is seen, goes off when asked to, when other data are opened, and
// when permission comes too late.
func TestOwnCamera(t *testing.T) {
	s := serve(t)
	p := openWith(t, s.page("#data=digits&model=logistic&epochs=1"), fakeDevices(""))
	p.wait("the data", dataReady)
	p.watchDevices()
	p.click("own-open")
	p.upload("own-folder", pets(t, 40))
	p.wait("the samples", `document.querySelectorAll(".own-samples canvas").length > 10`)
	p.read()
	p.trainOnOwn()
	p.clickButton("Use the camera")
	p.wait("its picture", `document.querySelector(".camera video")?.videoWidth > 0`)
	p.clickButton("Photograph")
	p.asked("cat", "dog")
	if words := p.text("try"); !strings.Contains(words, "photograph.png") {
		t.Errorf("the answer is to %q", words)
	}
	p.clickButton("Turn it off")
	p.wait("the camera to be off", givenBack)
	p.clickButton("Use the camera")
	p.wait("its picture", `document.querySelector(".camera video")?.videoWidth > 0`)
	p.choose("data", "digits")
	p.clickButton("Open")
	p.wait("the camera to be off with its data", givenBack)
	p.clean()
}

// A camera that is refused says so, and everything else goes on.
func TestOwnCameraRefused(t *testing.T) {
	s := serve(t)
	p := open(t, s.page("#data=digits&model=logistic&epochs=1"), 1280)
	p.wait("the data", dataReady)
	eval[any](p, `(navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("Permission denied", "NotAllowedError")), null)`)
	root := pets(t, 40)
	p.click("own-open")
	p.upload("own-folder", root)
	p.wait("the samples", `document.querySelectorAll(".own-samples canvas").length > 10`)
	p.read()
	p.trainOnOwn()
	p.clickButton("Use the camera")
	p.wait("the refusal", `document.getElementById("try").innerText.includes("The camera gave nothing: Permission denied")`)
	p.upload("own-try-file", filepath.Join(root, "cat", "000.png"))
	p.asked("cat", "dog")
	p.clean()
}
