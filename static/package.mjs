// Builds the npm package "cloister" into ../build/package, of the same sources as the site: index.js and element.js for browsers, node.js
// for the accountant in Node, types, the Go programs. ../build/*.wasm and wasm_exec.js must be there (make build).
import { execFileSync } from "node:child_process";
import { copyFileSync, cpSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const here = fileURLToPath(new URL(".", import.meta.url));
const build = join(here, "../build");
const out = join(build, "package");
const types = join(build, "types");
const usual = { bundle: true, minify: true, target: "es2022", charset: "utf8", legalComments: "none", logLevel: "warning" };

function script(entry, define = {}) {
  const { outputFiles } = esbuild.buildSync({ ...usual, entryPoints: [join(here, entry)], define, write: false });
  return outputFiles[0].text;
}

/** Puts another room in the place of trainer/home, which is the site's. */
const from = (home) => ({
  name: "home",
  setup: ({ onResolve }) => onResolve({ filter: /\/home$/ }, () => ({ path: join(here, "src/module", home) })),
});

const compute = script("src/workers/compute.ts");
const scripts = { trainer: script("src/workers/trainer.ts", { COMPUTE: JSON.stringify(compute) }), program: script("src/workers/program.ts") };
const define = { SCRIPTS: JSON.stringify(scripts) };

for (const folder of [out, types]) rmSync(folder, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
await esbuild.build({
  ...usual, define: { ...define, STYLES: JSON.stringify(styles()) }, plugins: [from("home.ts")], format: "esm", outdir: out, splitting: true, chunkNames: "shared-[hash]",
  entryPoints: { index: join(here, "src/module/index.ts"), element: join(here, "src/element/register.ts") },
});
await esbuild.build({ ...usual, define, plugins: [from("node-home.ts")], format: "esm", outdir: out, platform: "node", entryPoints: { node: join(here, "src/module/index.ts") } });

execFileSync(process.execPath, [join(here, "node_modules/typescript/bin/tsc"), "-p", join(here, "tsconfig.module.json")], { stdio: "inherit" });
for (const file of reached(["module/index.d.ts", "element/register.d.ts"])) {
  mkdirSync(join(out, "types", dirname(file)), { recursive: true });
  copyFileSync(join(types, file), join(out, "types", file));
}
for (const program of ["trainer", "intake", "take"]) copyFileSync(join(build, `${program}.wasm`), join(out, `${program}.wasm`));
cpSync(join(here, "package"), out, { recursive: true });
copyFileSync(join(here, "../LICENSE"), join(out, "LICENSE"));

/** The element's styles, for its shadow tree: every colour and font may be replaced from outside, and a page's scheme is its own. */
function styles() {
  const { outputFiles } = esbuild.buildSync({ ...usual, minify: false, entryPoints: [join(here, "styles/package.css")], external: ["*.woff2"], write: false });
  return outputFiles[0].text
    .replace(/@font-face \{[^}]*\}/g, "")
    .replace(/:root\[[^{]*\{[^}]*\}/g, "")
    .replace(/^ *color-scheme: light dark;$/m, "")
    .replaceAll(":root", ":host")
    .replaceAll("cloister-trainer", ":host")
    .replace(/^( *)--([\w-]+): (.+);$/gm, "$1--$2: var(--cloister-$2, $3);");
}

/** The declarations that these refer to, themselves included. */
function reached(files, seen = new Set()) {
  for (const file of files) {
    if (seen.has(file)) continue;
    seen.add(file);
    const text = readFileSync(join(types, file), "utf8");
    reached([...text.matchAll(/(?:from |import\()"(\.[^"]+)\.js"/g)].map(([, to]) => join(dirname(file), `${to}.d.ts`)), seen);
  }
  return seen;
}
