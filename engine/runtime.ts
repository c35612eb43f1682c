import * as ort from "onnxruntime-web/wasm";
import { DATATYPES, type Tensor, type TensorData, datatypeOfRuntime } from "./datatypes.ts";
import { ISOLATE_MEMORY_BYTES, MAX_BODY_BYTES } from "./contract.ts";
import type { ExternalFile, LoadedModel } from "./model.ts";
import { Refusal } from "./refusal.ts";
import { leastRequestBytes } from "./request-size.ts";
import type { TensorSpec } from "./signature.ts";
import { heapBytes, prepareWasm } from "./wasm.ts";

/**
 * Create the session of this isolate's model.
 *
 * @param model         an ONNX file
 * @param externalData  the files that it refers to, by the names that it has for them; names are never resolved as paths
 * @throws Refusal `model-rejected` with ONNX Runtime's own reason, or when an input is not a tensor
 */
export async function loadModel(model: Uint8Array, externalData: ExternalFile[]): Promise<LoadedModel> {
  const fileBytes = externalData.reduce((total, file) => total + file.data.byteLength, model.byteLength);
  prepareWasm(ISOLATE_MEMORY_BYTES - fileBytes);
  ort.env.wasm.wasmBinary = new ArrayBuffer(8);
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.proxy = false;
  let session: ort.InferenceSession;
  try {
    session = await ort.InferenceSession.create(model, {
      logSeverityLevel: 4,
      executionProviders: ["wasm"],
      externalData,
    });
  } catch (error) {
    const reason = reasonOf(error);
    if (isOutOfMemory(reason)) throw tooLarge(fileBytes);
    throw new Refusal("model-rejected", `ONNX Runtime refuses the model: ${reason}`);
  }
  const inputs = session.inputMetadata.map(specOf);
  const outputs = session.outputMetadata.map(specOf);
  const unusable = session.inputMetadata.filter((_, index) => inputs[index] === undefined);
  if (unusable.length > 0) {
    const names = unusable.map((input) => `"${input.name}"`).join(", ");
    throw new Refusal(
      "model-rejected",
      `Input ${names} is not a tensor of a datatype that the inference protocol has.`,
    );
  }
  const signature = { inputs: inputs.filter(isPresent), outputs: outputs.filter(isPresent) };
  if (signature.outputs.length === 0) {
    throw new Refusal(
      "model-rejected",
      "The model has no output that is a tensor of the inference protocol's datatypes.",
    );
  }
  const leastBytes = leastRequestBytes(signature);
  if (leastBytes > MAX_BODY_BYTES) {
    const detail = `The model's inputs have ${leastBytes} bytes or more; a request may have ${MAX_BODY_BYTES}.`;
    throw new Refusal("model-rejected", detail, { max_bytes: MAX_BODY_BYTES });
  }
  return {
    signature,
    unsupportedOutputs: session.outputNames.filter((_, index) => outputs[index] === undefined),
    run: (tensors, wanted) => run(session, tensors, wanted),
  };
}

async function run(
  session: ort.InferenceSession,
  inputs: readonly Tensor[],
  outputs: readonly TensorSpec[],
): Promise<Tensor[]> {
  // fromEntries defines each name as it is, so that a tensor may be called "__proto__".
  const feeds = Object.fromEntries(
    inputs.map(({ name, datatype, data, shape }) => [
      name,
      new ort.Tensor(DATATYPES[datatype].runtime, runtimeData(data), shape),
    ]),
  );
  const names = [...new Set(outputs.map((output) => output.name))];
  let results: ort.InferenceSession.OnnxValueMapType;
  try {
    // What a run says would stand in the operator's log, in the tenant's own words: node names, values, line breaks.
    results = await session.run(feeds, names, { logSeverityLevel: 4 });
  } catch (error) {
    const reason = reasonOf(error);
    if (isOutOfMemory(reason)) throw outOfMemory();
    throw new Refusal("inference-failed", `The model failed on these inputs: ${reason}`);
  }
  return names.map((name) => tensorOf(name, results[name]));
}

function tensorOf(name: string, value: ort.OnnxValue | undefined): Tensor {
  const datatype = value instanceof ort.Tensor ? datatypeOfRuntime(value.type) : undefined;
  if (!(value instanceof ort.Tensor) || datatype === undefined) {
    throw new Refusal("inference-failed", `Output "${name}" did not come out as a tensor.`);
  }
  return { name, datatype, shape: value.dims, data: elementsOf(value) };
}

function runtimeData(data: TensorData): ort.Tensor.DataType {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- its types are older than Float16Array, which it takes
  return data as ort.Tensor.DataType;
}

/** The runtime hands FP16 out as its bits where it does not use the platform's Float16Array. */
function elementsOf(tensor: ort.Tensor): TensorData {
  const data: unknown = tensor.data;
  if (tensor.type === "float16" && data instanceof Uint16Array) {
    return new Float16Array(data.buffer, data.byteOffset, data.length);
  }
  return tensor.data;
}

function specOf(metadata: ort.InferenceSession.ValueMetadata): TensorSpec | undefined {
  const datatype = metadata.isTensor ? datatypeOfRuntime(metadata.type) : undefined;
  if (!metadata.isTensor || datatype === undefined) return undefined;
  // A named dimension comes as a string, one without a name as −1, which the WASM build hands out unsigned.
  const shape = metadata.shape.map((size) => (typeof size === "number" && size < 2 ** 31 ? size : -1));
  return { name: metadata.name, datatype, shape };
}

function isOutOfMemory(reason: string): boolean {
  return /bad_alloc|out of memory/i.test(reason);
}

function tooLarge(fileBytes: number): Refusal {
  const most = ISOLATE_MEMORY_BYTES - fileBytes;
  const detail =
    `The model does not load into an isolate: beside its files (${fileBytes} bytes) there are ${most} bytes for ONNX Runtime's ` +
    `heap, which had ${heapBytes()} when it asked for more.`;
  return new Refusal("model-too-large", detail, { file_bytes: fileBytes, max_heap_bytes: most });
}

function outOfMemory(): Refusal {
  const detail =
    `The run needs more memory than the isolate has: ONNX Runtime's heap had ${heapBytes()} bytes when it asked for more. ` +
    "Send smaller inputs, or run the version in the container.";
  return new Refusal("out-of-memory", detail, { heap_bytes: heapBytes() });
}

function isPresent<T>(value: T | undefined): value is T {
  return value !== undefined;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
