// The service worker: keeps this build of the site, so that it opens and trains without a network. It answers from its own
// cache and from the files of its own folder, and asks for nothing else. A build is kept whole or not at all, each file
// under its checksum, and the next one waits until no tab uses this one: no page ever gets parts of two.
import "./guard";

declare const BUILD: {
  version: string;
  kept: Record<string, string>; // path below this folder: SHA-256
  later: Record<string, string>; // kept when somebody asks for them: few need them
};

type Waiting = Event & { waitUntil(done: Promise<unknown>): void };
type Asking = Waiting & { request: Request; respondWith(answer: Promise<Response>): void };
declare const clients: { claim(): Promise<void> };

const folder = new URL("./", location.href);
const mine = (what: string) => `cloister ${folder.pathname} ${what}`; // other folders of this origin may hold sites too
const build = mine(BUILD.version);
const data = mine("data"); // datasets outlive a build: their manifests hold their checksums
const patience = 5_000; // for a page, before the one that is kept is shown

const at = (path: string) => new URL(path, folder).href;

const on = <E extends Event>(type: string, hear: (event: E) => void) => addEventListener(type, hear as EventListener);

on<Waiting>("install", (event) => event.waitUntil(keep(Object.entries(BUILD.kept))));
on<Waiting>("activate", (event) => event.waitUntil(take()));
on<Asking>("fetch", (event) => {
  const path = pathOf(event.request);
  if (path === undefined) return; // not of this folder: the browser asks, under the page's policy
  if (path.endsWith(".html")) event.respondWith(page(event.request, path));
  else if (path in BUILD.kept || path in BUILD.later) event.respondWith(asset(path));
  else if (path.startsWith("data/")) event.respondWith(dataset(event));
});

/** The file below this folder that is asked for, if any. */
function pathOf({ method, url }: Request): string | undefined {
  const { href, search, hash } = new URL(url);
  const file = href.slice(0, href.length - search.length - hash.length);
  if (method !== "GET" || !file.startsWith(folder.href)) return undefined;
  return file === folder.href ? "index.html" : file.slice(folder.href.length);
}

async function keep(files: [path: string, sum: string][]) {
  const cache = await caches.open(build);
  await Promise.all(files.map(async ([path, sum]) => cache.put(at(path), await genuine(path, sum))));
}

/** A file of this build, as the host has it now; an error where that is another one. */
async function genuine(path: string, sum: string): Promise<Response> {
  const named = path.startsWith("assets/"); // by its content: what the browser holds of it is right
  const response = await fetch(at(path), { mode: "same-origin", cache: named ? "force-cache" : "no-cache" });
  if (!response.ok) throw new Error(`${path}: HTTP ${response.status}`);
  const bytes = await response.arrayBuffer();
  const found = [...new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))].map((byte) => byte.toString(16).padStart(2, "0"));
  if (found.join("") !== sum) throw new Error(`${path} is not of build ${BUILD.version}`);
  const headers = new Headers(response.headers);
  headers.delete("content-encoding"); // it is unpacked
  return new Response(bytes, { headers });
}

/** Drops what earlier builds kept: no tab uses them any more. */
async function take() {
  const old = (await caches.keys()).filter((name) => name.startsWith(mine("")) && name !== build && name !== data);
  await Promise.all(old.map((name) => caches.delete(name)));
  await clients.claim();
}

/** From the network, so that an update comes at once; kept where there is none, or none that answers. */
async function page(request: Request, path: string): Promise<Response> {
  const late = new Promise<undefined>((go) => setTimeout(go, patience));
  const fresh = await Promise.race([fetch(request).catch(() => undefined), late]);
  if (fresh && (fresh.ok || fresh.type === "opaqueredirect")) return fresh;
  return (await caches.match(at(path), { cacheName: build })) ?? fresh ?? Response.error();
}

async function asset(path: string): Promise<Response> {
  const kept = () => caches.match(at(path), { cacheName: build });
  const sum = BUILD.later[path];
  if (sum && !(await kept())) await keep([[path, sum]]);
  return (await kept()) ?? fetch(at(path));
}

async function dataset(event: Asking): Promise<Response> {
  const cache = await caches.open(data);
  try {
    const response = await fetch(event.request);
    if (response.status === 200) event.waitUntil(cache.put(event.request, response.clone()).catch(() => {})); // no room: not kept
    return response;
  } catch {
    return (await cache.match(event.request, { ignoreVary: true })) ?? Response.error();
  }
}
