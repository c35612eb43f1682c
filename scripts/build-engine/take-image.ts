/** Run in a thread of its own by scripts/build-engine.ts, because it changes WebAssembly for the whole thread. */
import { readFile, writeFile } from "node:fs/promises";
import { workerData } from "node:worker_threads";
import * as ort from "onnxruntime-web/wasm";
import { z } from "zod";
import { IMAGE_SECTION, withCustomSection, writeRuntimeImage } from "../../engine/runtime-image.ts";
import { writeModel } from "../../examples/onnx-writer.ts";

const { wasmFile, glueFile, targetFile } = z
  .object({ wasmFile: z.string(), glueFile: z.string(), targetFile: z.string() })
  .parse(workerData);

/** A model that does nothing: with its session ONNX Runtime makes what all sessions share. */
const nothing = writeModel({
  opset: 17,
  inputs: [{ name: "x", datatype: "FP32", shape: [1] }],
  outputs: [{ name: "y", datatype: "FP32", shape: [1] }],
  nodes: [{ op: "Identity", inputs: ["x"], outputs: ["y"] }],
});

const bytes = await readFile(wasmFile);
const wasm = new WebAssembly.Module(bytes);
let memory: WebAssembly.Memory | undefined;

async function instantiate(_bytes: unknown, imports: WebAssembly.Imports): Promise<unknown> {
  const members = Object.values(imports).flatMap((module) => Object.values(module));
  memory = members.find((member) => member instanceof WebAssembly.Memory);
  return { module: wasm, instance: new WebAssembly.Instance(wasm, imports) };
}

/** The glue names the minified export: `_OrtInit=c.Wa`. */
async function findInitExport(): Promise<string> {
  const name = /\b_OrtInit=\w+\.(\w+)/.exec(await readFile(glueFile, "utf8"))?.[1];
  if (name === undefined) throw new Error(`${glueFile} names no export of OrtInit: ONNX Runtime Web has changed.`);
  return name;
}

Object.defineProperty(WebAssembly, "instantiate", { value: instantiate, configurable: true });
ort.env.wasm.wasmBinary = new ArrayBuffer(8);
ort.env.wasm.numThreads = 1;
const session = await ort.InferenceSession.create(nothing, { executionProviders: ["wasm"], logSeverityLevel: 4 });
await session.release();
if (!memory) throw new Error("ONNX Runtime Web imports no memory: it has changed.");
const image = writeRuntimeImage(await findInitExport(), new Uint8Array(memory.buffer));
await writeFile(targetFile, withCustomSection(bytes, IMAGE_SECTION, image));
