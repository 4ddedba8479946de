// What the trainer says, in the words of the page: no package names, and settings by their labels.
import { settings } from "../settings/settings";

const rooms = /\b(?:train|dp|ledger|mechanism|accountant|data|nn|clip|compile|backend|audit|demo): /g;

export function plainWords(message: string): string {
  let words = message.replace(rooms, "");
  for (const { path, label } of settings) {
    const field = path.charAt(0).toUpperCase() + path.slice(1);
    words = words.replace(new RegExp(`^${field} (is|gives)`), `${label} $1`).replace(new RegExp(`^${field}: `), `${label}: `);
  }
  return words.charAt(0).toUpperCase() + words.slice(1);
}
