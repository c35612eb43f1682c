import { createHash } from "node:crypto";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { build } from "esbuild";

/**
 * Bundle the engine into dist/engine/, from where the Worker hands it to every model's isolate.
 *
 * The bundle is a text file, because the Worker passes it on as source; ONNX Runtime's WASM goes beside it, compiled once
 * by the Worker and given to the isolates as a module. The digest of both tells one build from another.
 */
export async function buildEngine(): Promise<void> {
  const root = join(import.meta.dirname, "..");
  const target = join(root, "dist/engine");
  await mkdir(target, { recursive: true });
  await build({
    entryPoints: [join(root, "engine/index.ts")],
    outfile: join(target, "engine.txt"),
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2024",
    external: ["model.onnx", "ort.wasm", "external-data.json", "external-data/*"],
    logLevel: "warning",
  });
  const require = createRequire(import.meta.url);
  await copyFile(require.resolve("onnxruntime-web/ort-wasm-simd-threaded.wasm"), join(target, "ort.wasm"));
  const digest = createHash("sha256");
  for (const part of ["engine.txt", "ort.wasm"]) digest.update(await readFile(join(target, part)));
  await writeFile(join(target, "engine.sha256.txt"), digest.digest("hex"));
}

if (import.meta.main) await buildEngine();
