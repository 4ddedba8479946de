// What this page calls itself and its workers, and how it starts them.

/** The name under which workers tell what they ask of the network. */
export const pageName = Math.random().toString(36).slice(2);

/**
 * Starts a worker that the page's policy binds. A worker loaded from an address takes its policy from that response's
 * headers, which a plain host does not send; one started from a blob inherits the policy of the page.
 */
export function startBound(script: string): Worker {
  return startText(`importScripts(${JSON.stringify(script)})`);
}

/** Starts a worker whose script is at hand. */
export function startText(script: string): Worker {
  const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  const worker = new Worker(url, { name: pageName });
  // The worker reads the blob while it starts; a minute is ample, even on a busy machine.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
  return worker;
}
