// Keeps the screen awake while a run lasts, where the browser can: a sleeping laptop does not train.
let lock: WakeLockSentinel | undefined;
let wanted = false;

async function acquire() {
  if (!wanted || lock || document.visibilityState !== "visible") return;
  try {
    const held = await navigator.wakeLock?.request("screen");
    held?.addEventListener("release", () => (lock = undefined)); // the browser releases it when the tab is hidden
    if (wanted) lock = held;
    else held?.release();
  } catch {} // refused, for example on low battery: training goes on
}

document.addEventListener("visibilitychange", acquire);

/** Asked for once: a browser that refuses does so again, and asking takes time. */
export function keepAwake(running: boolean) {
  if (running === wanted) return;
  wanted = running;
  if (running) acquire();
  else lock?.release();
}
