// Has the browser keep the site, so that it opens and trains without a network. Where it cannot, nothing is lost.
export function keepSite() {
  navigator.serviceWorker?.register("sw.js").catch(() => {});
}
