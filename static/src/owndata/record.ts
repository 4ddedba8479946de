// A moment of the microphone as a WAV file. It is decoded by the browser, in whatever format that records, and never stored.

export class Recorder {
  async record(milliseconds: number): Promise<File> {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    try {
      const parts: Blob[] = [];
      const recorder = new MediaRecorder(stream);
      recorder.ondataavailable = ({ data }) => parts.push(data);
      const over = new Promise<void>((resolve, fail) => {
        recorder.onstop = () => resolve();
        recorder.onerror = () => fail(new Error("recording failed"));
      });
      recorder.start();
      setTimeout(() => recorder.state !== "inactive" && recorder.stop(), milliseconds);
      await over;
      const sound = await new OfflineAudioContext(1, 1, 16_000).decodeAudioData(await new Blob(parts).arrayBuffer());
      return new File([wav(sound.getChannelData(0), sound.sampleRate)], "recording.wav");
    } finally {
      for (const track of stream.getTracks()) track.stop();
    }
  }
}

/** 16-bit PCM, one channel (Microsoft's RIFF WAVE: header of 44 bytes, little-endian). */
export function wav(samples: Float32Array, rate: number): ArrayBuffer {
  const view = new DataView(new ArrayBuffer(44 + 2 * samples.length));
  const text = (at: number, words: string) => [...words].forEach((c, i) => view.setUint8(at + i, c.charCodeAt(0)));
  text(0, "RIFF");
  view.setUint32(4, 36 + 2 * samples.length, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, rate, true);
  view.setUint32(28, 2 * rate, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  text(36, "data");
  view.setUint32(40, 2 * samples.length, true);
  samples.forEach((s, i) => view.setInt16(44 + 2 * i, Math.round(32767 * Math.max(-1, Math.min(1, s))), true));
  return view.buffer;
}
