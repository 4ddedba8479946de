// What this realm asks of the network, as the browser's own Resource Timing lists it. A worker tells the page whose name it
// bears; a page hears them all.
export interface Asked {
  at: number; // milliseconds since 1970
  address: string;
}

const channelOf = (page: string) => new BroadcastChannel(`cloister asked ${page}`);

export function watch(tell: (asked: Asked[]) => void) {
  const observer = new PerformanceObserver((list) => {
    const asked = list.getEntries().filter(({ name }) => /^https?:/.test(name)); // a blob is in memory
    if (asked.length > 0) tell(asked.map(({ name, startTime }) => ({ at: performance.timeOrigin + startTime, address: name })));
  });
  observer.observe({ type: "resource", buffered: true });
}

/** In a worker. */
export function tellPage() {
  const channel = channelOf(self.name);
  watch((asked) => channel.postMessage(asked));
}

/** In a page, which calls itself and its workers by a name of its own. */
export function hearWorkers(page: string, hear: (asked: Asked[]) => void) {
  channelOf(page).onmessage = ({ data }) => hear(data);
  watch(hear);
}
