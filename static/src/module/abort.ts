// A promise that gives way to an AbortSignal.

/** What the promise comes to, or a rejection with the signal's reason, whichever is first; then aborted is called. */
export async function abortable<T>(promise: Promise<T>, signal?: AbortSignal, aborted = () => {}): Promise<T> {
  if (!signal) return promise;
  promise.catch(() => {}); // it may fail later, when nobody waits
  if (signal.aborted) {
    aborted();
    throw signal.reason;
  }
  let forget = () => {};
  const given = new Promise<never>((_, fail) => {
    const hear = () => {
      aborted();
      fail(signal.reason);
    };
    signal.addEventListener("abort", hear, { once: true });
    forget = () => signal.removeEventListener("abort", hear);
  });
  return Promise.race([promise, given]).finally(forget);
}
