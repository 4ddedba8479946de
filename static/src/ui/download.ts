// Hands a person a file.
import { el } from "./dom";

export function download(file: Blob, name: string) {
  const url = URL.createObjectURL(file);
  el("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000); // the browser reads it when it gets to it
}
