import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { build } from "esbuild";

const ROOT = join(import.meta.dirname, "..");
const TARGET = join(ROOT, "dist/engine");

/**
 * Bundle the engine into dist/engine/, from where the Worker hands it to every model's isolate.
 *
 * The bundle is a text file, because the Worker passes it on as source; ONNX Runtime's WASM goes beside it, compiled once
 * by the Worker and given to the isolates as a module, with an image of its initialised memory inside. The digest of both
 * tells one build from another.
 */
export async function buildEngine(): Promise<void> {
  await mkdir(TARGET, { recursive: true });
  await build({
    entryPoints: [join(ROOT, "engine/index.ts")],
    outfile: join(TARGET, "engine.txt"),
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2024",
    external: ["model.onnx", "ort.wasm", "external-data.json", "external-data/*"],
    logLevel: "warning",
  });
  const require = createRequire(import.meta.url);
  await takeImage(require.resolve("onnxruntime-web/ort-wasm-simd-threaded.wasm"));
  const digest = createHash("sha256");
  for (const part of ["engine.txt", "ort.wasm"]) digest.update(await readFile(join(TARGET, part)));
  await writeFile(join(TARGET, "engine.sha256.txt"), digest.digest("hex"));
}

/** Initialise ONNX Runtime once, here, and put what its memory holds then into its file: isolates start from there. */
async function takeImage(wasmFile: string): Promise<void> {
  const thread = new Worker(join(import.meta.dirname, "build-engine/take-image.ts"), {
    workerData: { wasmFile, glueFile: join(TARGET, "engine.txt"), targetFile: join(TARGET, "ort.wasm") },
  });
  await once(thread, "exit"); // a fault in the thread is thrown here
}

if (import.meta.main) await buildEngine();
