import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { Workshop } from "../workshop.ts";
import type { BenchServer } from "./server.ts";
import { compatibility, startWorkerd } from "./workerd.ts";

const ORT_WASM = fileURLToPath(import.meta.resolve("onnxruntime-web/ort-wasm-simd-threaded.wasm"));

/** A Worker of bench/worker/ and the program that it loads into dynamic isolates, by the names of their files. */
export interface LoaderProgram {
  readonly worker: string;
  readonly isolate: string;
}

/**
 * Start a Worker with a Worker Loader and an R2 bucket, and nothing of ours before it.
 *
 * Its bindings: {@link LoaderBindings} of bench/worker/loader-bindings.ts.
 */
export async function startLoaderWorker(
  name: string,
  { worker, isolate }: LoaderProgram,
  workshop: Workshop,
): Promise<BenchServer> {
  const modulesRoot = join(workshop.directory, `bundle-${name}`);
  await mkdir(modulesRoot);
  const main = join(modulesRoot, "worker.js");
  const compiled = join(modulesRoot, "ort.wasm");
  await writeFile(main, await bundle(worker));
  await copyFile(ORT_WASM, compiled);
  const { server } = await startWorkerd(name, workshop, {
    ...compatibility(),
    modulesRoot,
    modules: [
      { type: "ESModule", path: main },
      { type: "CompiledWasm", path: compiled },
    ],
    bindings: { ISOLATE_CODE: await bundle(isolate) },
    dataBlobBindings: { ORT_WASM_BYTES: ORT_WASM },
    workerLoaders: { LOADER: {} },
    r2Buckets: { MODELS: { id: "models" } },
  });
  return server;
}

/** As scripts/build-engine.ts does it: for workerd without Node's modules. */
async function bundle(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, "../worker", entry)],
    write: false,
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2024",
    external: ["model.onnx", "ort.wasm"],
    logLevel: "warning",
  });
  return outputFiles.map((file) => file.text).join("");
}
