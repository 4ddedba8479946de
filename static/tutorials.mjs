// The tutorials: Markdown with live elements in it, made into pages of the site.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { marked } from "marked";

/** All of a folder, in order: { name, title, minutes, about, number, script, body }. Where one says {{name}}, the part of that name is put. */
export function tutorials(folder, parts = {}) {
  const read = (file) => {
    const [, head, body] = readFileSync(join(folder, file), "utf8").match(/^---\n(.*?)\n---\n(.*)$/s) ?? fail(`${file}: no head between two lines of ---`);
    const facts = Object.fromEntries(head.split("\n").map((line) => line.split(/: (.*)/).slice(0, 2)));
    for (const key of ["name", "title", "minutes", "about"]) if (!facts[key]) fail(`${file}: its head has no ${key}`);
    return { script: "tutorial.js", ...facts, number: Number.parseInt(file, 10) || undefined, body: filled(file, scrolling(marked.parse(body, { async: false })), parts) };
  };
  const files = readdirSync(folder).filter((name) => name.endsWith(".md"));
  return files.map(read).sort((a, b) => (a.number ?? 99) - (b.number ?? 99));
}

const filled = (file, html, parts) => html.replace(/<p>\{\{(\w+)\}\}<\/p>/g, (_, name) => parts[name] ?? fail(`${file}: nothing is called {{${name}}}`));

/** What may be wider than a screen scrolls in a box of its own, with a keyboard too. */
function scrolling(html) {
  let many = 0;
  const box = (name) => (inner) => `<div class="scroll" tabindex="0" role="region" aria-label="${name} ${++many}">${inner}</div>`;
  return html.replace(/<pre>.*?<\/pre>/gs, box("Code")).replace(/<math display="block">.*?<\/math>/gs, box("Formula"));
}

/** What the template of one asks for. */
export function values(tutorial, all) {
  const { number, minutes, title, about, body } = tutorial;
  const next = all.find((other) => other.number > (number ?? 99));
  const place = number ? `Tutorial ${number}, about ${minutes} minutes` : title;
  return { title, about: about.replaceAll('"', "&quot;"), body, place, next: next ? `<a href="${next.name}.html">Next: ${next.title}</a>` : `<a href="train.html">Train on your own data</a>` };
}

export function lessons(all) {
  const line = ({ name, title, minutes, about }) => `      <li><a href="${name}.html">${title}</a> <span>${minutes} minutes</span><p>${about}</p></li>`;
  return all.filter(({ number }) => number).map(line).join("\n");
}

function fail(words) {
  throw new Error(words);
}
