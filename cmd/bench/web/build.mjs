// Bundles the bench's pages and workers into build/bench/, with TF.js's wasm and Go's wasm_exec.js beside them.
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "../../../build/bench");
const goroot = execFileSync("go", ["env", "GOROOT"], { encoding: "utf8" }).trim();

await build({
  absWorkingDir: here,
  entryPoints: ["src/page.ts", "src/tfjs.ts", "src/plain.ts"],
  outdir: out,
  bundle: true,
  format: "iife",
  target: "es2022",
  minify: false,
  legalComments: "none",
  logLevel: "warning",
});
mkdirSync(join(out, "tfjs"), { recursive: true });
copyFileSync(join(here, "page.html"), join(out, "index.html"));
copyFileSync(join(goroot, "lib/wasm/wasm_exec.js"), join(out, "wasm_exec.js"));
const wasm = "tfjs-backend-wasm-simd.wasm";
copyFileSync(join(here, "node_modules/@tensorflow/tfjs-backend-wasm/wasm-out", wasm), join(out, "tfjs", wasm));
