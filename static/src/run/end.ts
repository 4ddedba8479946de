// Tells that a run has ended to somebody who is elsewhere: by the system's notification where it may, else by two tones.
// Wanted only after the button was pressed.
import { byId } from "../ui/dom";

let sound: AudioContext | undefined;
let wanted = false;

export function listenForBell() {
  const bell = byId<HTMLButtonElement>("bell");
  bell.addEventListener("click", async () => {
    wanted = !wanted;
    bell.setAttribute("aria-pressed", String(wanted));
    if (!wanted) return;
    sound ??= new AudioContext(); // a browser allows sound only where it was asked for by hand
    await globalThis.Notification?.requestPermission?.().catch(() => {});
  });
}

export function tellEnd(words: string) {
  if (!wanted) return;
  if (document.visibilityState === "hidden" && globalThis.Notification?.permission === "granted") {
    try {
      new Notification("Cloister", { body: words });
      return;
    } catch {} // some phones have no notifications without a service worker
  }
  for (const [at, pitch] of [[0, 523], [0.18, 784]]) tone(at, pitch);
}

function tone(at: number, pitch: number) {
  if (!sound) return;
  const start = sound.currentTime + at;
  const volume = sound.createGain();
  volume.gain.setValueAtTime(0.12, start);
  volume.gain.exponentialRampToValueAtTime(0.001, start + 0.5);
  const voice = sound.createOscillator();
  voice.frequency.value = pitch;
  voice.connect(volume).connect(sound.destination);
  voice.start(start);
  voice.stop(start + 0.5);
}
