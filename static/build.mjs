// Builds the site: bundles pages/, src/ and styles/, names every asset by its content (name.HASH.ext) and writes
// ../dist. Nothing refers to an absolute path, so any static host serves it, from any folder. ../build/trainer.wasm and
// the other programs and figures there must be built before. dist/data, where packed datasets live, is left alone.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
import { few, record } from "./claims.mjs";
import { lessons, tutorials, values as tutorialValues } from "./tutorials.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const room = join(here, "..");
const dist = process.argv[2] ?? join(room, "dist"); // an empty folder, or one built before
const assets = join(dist, "assets");

function sweep() {
  const index = join(dist, "data/index.json"); // cmd/pack lists here what it packs
  mkdirSync(join(dist, "data"), { recursive: true });
  for (const name of readdirSync(dist)) {
    if (name !== "data") rmSync(join(dist, name), { recursive: true });
  }
  mkdirSync(assets);
  if (!existsSync(index)) writeFileSync(index, "[]\n");
}

// Go's loader must be of the Go version that built the trainer.
function copyGoLoader() {
  const goroot = execFileSync(process.env.GO ?? "go", ["env", "GOROOT"], { encoding: "utf8" }).trim();
  copyFileSync(join(goroot, "lib/wasm/wasm_exec.js"), join(room, "build/wasm_exec.js"));
}

const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

/** Writes bytes as assets/name.HASH.ext and returns that path, relative to a page. */
function write(file, bytes) {
  const extension = extname(file);
  const name = `${basename(file, extension)}.${sha256(bytes).slice(0, 10)}${extension}`;
  writeFileSync(join(assets, name), bytes);
  return `assets/${name}`;
}

// uPlot makes two formatters when it is loaded, the first of which takes 40 ms of a fast processor: for charts that name none, which ours do.
const lateFormatters = { "Intl.NumberFormat": "LateNumberFormat", "Intl.DateTimeFormat": "NoDateTimeFormat" };

/** Bundles one entry point. */
function bundled(entry, options = {}) {
  const result = esbuild.buildSync({
    entryPoints: [join(here, entry)],
    bundle: true,
    inject: [join(here, "src/ui/late-formatters.ts")],
    minify: true,
    target: "es2022",
    charset: "utf8",
    legalComments: "none",
    logLevel: "warning",
    write: false,
    ...options,
    define: { ...lateFormatters, ...options.define },
  });
  return result.outputFiles[0].text;
}

/** Writes a bundle and returns its path; change is applied to its text. */
const bundle = (entry, options = {}, change = (text) => text) => write(basename(entry).replace(/\.ts$/, ".js"), change(bundled(entry, options)));

/** Puts the hashed path of an asset, or the policy, where a text says {{name}}. */
function filled(file, text, values) {
  return text.replace(/\{\{(\S+)\}\}/g, (_, key) => {
    if (!(key in values)) throw new Error(`${file}: nothing is called {{${key}}}`);
    return values[key];
  });
}

/** A page, made of a template of a folder: {{include file}} takes a part. In its navigation it is called link. */
function page(name, values, template = join("pages", name), link = name) {
  const read = (file) => readFileSync(join(here, file), "utf8").replace(/^ *\{\{include (\S+)\}\}\n/gm, (_, part) => read(join("pages", part)));
  const html = filled(template, read(template), values);
  writeFileSync(join(dist, name), html.replace(`<a href="${link}"`, `$& aria-current="page"`));
  return name;
}

/** The service worker: the one file that holds the checksums of all others, and so is the build's version. */
function keeper(pages, few) {
  const sums = (paths) => Object.fromEntries(paths.map((path) => [path, sha256(readFileSync(join(dist, path)))]));
  const all = [...pages, "manifest.webmanifest", ...readdirSync(assets).map((name) => `assets/${name}`)];
  const build = { kept: sums(all.filter((path) => !few.includes(path))), later: sums(few) };
  const version = sha256(JSON.stringify(build)).slice(0, 10);
  writeFileSync(join(dist, "sw.js"), bundled("src/workers/site.ts", { define: { BUILD: JSON.stringify({ version, ...build }) } }));
}

copyGoLoader();
sweep();

// The frame in which a person's code runs: its one script is inline, since a frame of nobody's origin is sent no file of this site, and the
// policy of every page names that script by its hash.
const frame = bundled("src/mechanism/frame.ts").trim();
const frameHash = `sha256-${createHash("sha256").update(frame).digest("base64")}`;
const frameText = `<!doctype html><meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src '${frameHash}'; worker-src blob:"><script>${frame}</script>`;
const policy = filled("csp.txt", readFileSync(join(here, "csp.txt"), "utf8").trim(), { frame: frameHash });
writeFileSync(join(dist, "csp.txt"), `${policy}\n`);

const addresses = {
  wasm: write("trainer.wasm", readFileSync(join(room, "build/trainer.wasm"))),
  trainer: bundle("src/workers/trainer.ts", { define: { COMPUTE: "undefined" } }),
  compute: bundle("src/workers/compute.ts"),
  intakeWasm: write("intake.wasm", readFileSync(join(room, "build/intake.wasm"))),
  takeWasm: write("take.wasm", readFileSync(join(room, "build/take.wasm"))),
  program: bundle("src/workers/program.ts"),
  featuresWasm: write("features.wasm", readFileSync(join(room, "build/features.wasm"))),
  features: bundle("src/workers/features.ts"),
  // A person's own encoder is run by onnxruntime-web, of which this is the smallest build: WebAssembly alone, in one thread. Its licence stays in its script.
  encoder: bundle("src/workers/encoder.ts", { legalComments: "inline", define: { "import.meta.url": "undefined" } }),
  encoderWasm: write("onnxruntime.wasm", readFileSync(join(here, "node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.wasm"))),
  keeper: bundle("src/workers/keeper.ts"),
  editor: bundle("src/mechanism/editor.ts", { format: "esm" }),
};
const pageScript = { format: "esm", define: { ADDRESSES: JSON.stringify(addresses), STYLES: '""' } };
const withBoard = { ...pageScript, define: { ...pageScript.define, BOARD: readFileSync(join(room, "build/leaderboard.json"), "utf8") } };
const mechanisms = readdirSync(join(here, "mechanisms")).filter((name) => name.endsWith(".js")).map((name) => {
  const text = (extension) => readFileSync(join(here, "mechanisms", name.replace(/js$/, extension)), "utf8");
  return { name: name.replace(/^\d+-(.*)\.js$/, "$1"), code: text("js"), published: text("py") };
});
const glue = bundled("src/mechanism/glue.js", { format: "iife", globalName: "$glue" });
const withMechanisms = { ...pageScript, define: { ...pageScript.define, ROOM: JSON.stringify(frameText), GLUE: JSON.stringify(glue), MECHANISMS: JSON.stringify(mechanisms) } };
const ofPage = { "leaderboard.html": withBoard, "mechanism.html": withMechanisms };
// The serif's Latin and Greek letters, as npm brings them.
const serif = (letters) => write(`serif-${letters}.woff2`, readFileSync(join(here, `node_modules/@fontsource-variable/source-serif-4/files/source-serif-4-${letters}-wght-normal.woff2`)));
const fonts = { "serif-latin.woff2": serif("latin"), "serif-greek.woff2": serif("greek") };
const values = {
  policy,
  ...fonts,
  "site.css": bundle("styles/site.css", { external: ["*.woff2"] }, (css) => css.replace(/serif-\w+\.woff2/g, (name) => basename(fonts[name]))),
  "favicon.svg": write("favicon.svg", readFileSync(join(here, "img/favicon.svg"))),
  "guard.js": bundle("src/workers/guard.ts", { define: { ROOM: JSON.stringify(frameText) } }),
  "head.js": bundle("src/ui/head.ts"),
};
const script = (page) => `src/pages/${page.replace(/\.html$/, ".ts")}`; // a page without one is a part
const pages = readdirSync(join(here, "pages")).filter((name) => existsSync(join(here, script(name))));
for (const name of pages) values[name.replace(/html$/, "js")] = bundle(script(name), ofPage[name] ?? pageScript);
for (const name of pages) page(name, values);
for (const name of ["tutorial", "tour", "written", "map"]) values[`${name}.js`] = bundle(`src/learn/${name}.ts`, name === "written" ? withMechanisms : pageScript);
const figures = (file) => JSON.parse(readFileSync(join(room, file), "utf8"));
const claims = figures("docs/experiments/claims.json");
const all = tutorials(join(here, "tutorials"), { record: record(claims, figures("build/leaderboard.json")), few: few(claims, figures("train/expect.json")) });
pages.push(page("learn.html", { ...values, lessons: lessons(all) }, "tutorials/list.html"));
for (const tutorial of all) pages.push(page(`${tutorial.name}.html`, { ...values, ...tutorialValues(tutorial, all), script: values[tutorial.script] }, "tutorials/page.html", "learn.html"));
writeFileSync(join(dist, "manifest.webmanifest"), filled("manifest.webmanifest", readFileSync(join(here, "manifest.webmanifest"), "utf8"), values));
keeper(pages, [addresses.intakeWasm, addresses.features, addresses.featuresWasm, addresses.encoder, addresses.encoderWasm, addresses.editor]);
