#!/usr/bin/env python3
"""Makes the recordings of this folder, of tones that the tests know by formula. Needs LAME 3.100; the results are committed."""
import math, os, struct, subprocess, tempfile, wave

def tone(t, channel, seconds):
    fade = min(1, t / 0.02, (seconds - t) / 0.02)
    if channel == 0:
        return fade * (0.4 * math.sin(2 * math.pi * 500 * t) + 0.2 * math.sin(2 * math.pi * 1700 * t))
    return fade * 0.3 * math.sin(2 * math.pi * 900 * t)

def clicks(t, channel, seconds):
    """Pitched clicks, a little louder on the left: mid/side stereo and short blocks."""
    since = (t - 0.05) % 0.11
    if t < 0.05:
        return 0
    return (0.5 if channel == 0 else 0.42) * math.exp(-since / 0.006) * (math.sin(2 * math.pi * 3000 * since) + 0.3 * math.sin(2 * math.pi * 7000 * since + channel))

def make(name, rate, channels, seconds, *options, sound=tone):
    with tempfile.TemporaryDirectory() as folder:
        source = os.path.join(folder, "tone.wav")
        with wave.open(source, "wb") as w:
            w.setnchannels(channels); w.setsampwidth(2); w.setframerate(rate)
            for i in range(round(seconds * rate)):
                for c in range(channels):
                    w.writeframesraw(struct.pack("<h", round(32767 * sound(i / rate, c, seconds))))
        subprocess.run(["lame", "--quiet", "--scale", "1", *options, source, name], check=True)

os.chdir(os.path.dirname(os.path.abspath(__file__)))
for rate, kbps in [(44100, 128), (48000, 96), (32000, 64), (24000, 64), (16000, 48), (12000, 32), (11025, 32), (8000, 32)]:
    make(f"mono-{rate}.mp3", rate, 1, 0.25, "-m", "m", "--cbr", "-b", str(kbps), "--resample", str(rate / 1000))
for kbps in [32, 64, 80, 96, 144, 160]:  # of a bit rate whose padded frames go-mp3 miscounts, all but 64
    make(f"mono-22050-{kbps}.mp3", 22050, 1, 0.25, "-m", "m", "--cbr", "-b", str(kbps))
make("stereo-44100.mp3", 44100, 2, 0.25, "-m", "s", "--cbr", "-b", "128")
make("joint-44100.mp3", 44100, 2, 0.25, "-m", "j", "-V", "4")
make("joint-22050.mp3", 22050, 2, 0.25, "-m", "j", "--abr", "56")
make("top-44100.mp3", 44100, 2, 0.25, "-m", "s", "--cbr", "-b", "320")
make("crc-44100.mp3", 44100, 1, 0.25, "-m", "m", "-p", "--cbr", "-b", "64")
make("untagged-16000.mp3", 16000, 1, 0.25, "-m", "m", "--cbr", "-b", "48", "-t")
make("tagged-44100.mp3", 44100, 1, 0.25, "-m", "m", "--cbr", "-b", "64", "--add-id3v2", "--id3v1-only", "--tt", "tones")
make("id3v2-44100.mp3", 44100, 1, 0.25, "-m", "m", "--cbr", "-b", "64", "--id3v2-only", "--tt", "tones")
make("free-44100.mp3", 44100, 1, 0.1, "-m", "m", "--freeformat", "-b", "100", "-t")
make("clicks-44100.mp3", 44100, 2, 0.25, "-m", "j", "--cbr", "-b", "96", "-t", sound=clicks)
