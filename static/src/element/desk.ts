// The trainer that all elements of a page share: opened when one first trains, and one run at a time.
import type { Loading } from "../protocol";
import { type Session, open } from "../module/session";

let current: { dataset: string; session: Session } | undefined;
let turns: Promise<unknown> = Promise.resolve();

/** Does something with the session that has this dataset open, when all that was asked before is over. */
export function turn<T>(dataset: string, loading: (loading: Loading) => void, signal: AbortSignal, act: (session: Session) => Promise<T>): Promise<T> {
  const next = turns.then(async () => {
    signal.throwIfAborted();
    return act(await sessionOf(dataset, loading));
  });
  turns = next.catch(() => {});
  return next;
}

async function sessionOf(dataset: string, loading: (loading: Loading) => void): Promise<Session> {
  if (current?.dataset === dataset && current.session.alive) return current.session;
  current?.session.close();
  current = undefined;
  const session = await open(dataset === "digits" ? dataset : new URL(dataset, document.baseURI), { loading });
  current = { dataset, session };
  return session;
}
