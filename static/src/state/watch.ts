// Drawing takes the processor from training: what shows nothing new is not drawn.

/**
 * Calls show with a view of a state, unless every part that show has read of it is the one that it was. The view is of the
 * state as it last came, for whatever show leaves behind to read from later. A call that insists is never left out.
 */
export function watching<State extends object>(show: (state: State) => unknown): (state: State, insist?: boolean) => void {
  let now: State | undefined;
  const read = new Map<keyof State, unknown>();
  const part = (_: State, name: string | symbol) => {
    const value = now![name as keyof State];
    read.set(name as keyof State, value);
    return value;
  };
  const view = new Proxy({} as State, { get: part });
  return (state, insist = false) => {
    const first = now === undefined;
    now = state;
    if (!first && !insist && [...read].every(([name, value]) => state[name] === value)) return;
    read.clear();
    show(view);
  };
}
