import * as ort from "onnxruntime-web/wasm";
import ortWasm from "ort.wasm";
import { DATATYPES, type Tensor, type TensorData, datatypeOfRuntime } from "./datatypes.ts";
import { Refusal } from "./refusal.ts";
import type { Signature, TensorSpec } from "./signature.ts";

/** A model loaded into ONNX Runtime Web, ready to run. */
export interface LoadedModel {
  readonly signature: Signature;
  /** Outputs that no tensor of the protocol can carry. */
  readonly unsupportedOutputs: readonly string[];
  run(inputs: readonly Tensor[], outputs: readonly TensorSpec[]): Promise<Tensor[]>;
}

/** A file of external data under the name that the model has for it. */
export interface ExternalFile {
  readonly path: string;
  readonly data: Uint8Array;
}

let wasmMemory: WebAssembly.Memory | undefined;

/** Size of ONNX Runtime's linear memory now, in bytes. It only ever grows. */
export function heapBytes(): number {
  return wasmMemory?.buffer.byteLength ?? 0;
}

/**
 * Create the session of this isolate's model.
 *
 * @param model         an ONNX file
 * @param externalData  the files that it refers to, by the names that it has for them; names are never resolved as paths
 * @throws Refusal `model-rejected` with ONNX Runtime's own reason, or when an input is not a tensor
 */
export async function loadModel(model: Uint8Array, externalData: ExternalFile[]): Promise<LoadedModel> {
  prepareRuntime();
  let session: ort.InferenceSession;
  try {
    session = await ort.InferenceSession.create(model, {
      logSeverityLevel: 4,
      executionProviders: ["wasm"],
      externalData,
    });
  } catch (error) {
    throw new Refusal("model-rejected", `ONNX Runtime refuses the model: ${reasonOf(error)}`);
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
  return {
    signature,
    unsupportedOutputs: session.outputNames.filter((_, index) => outputs[index] === undefined),
    run: (tensors, wanted) => run(session, tensors, wanted),
  };
}

/** workerd compiles no WASM from bytes, so ONNX Runtime's own loading is answered with the module of this isolate. */
function prepareRuntime(): void {
  const instantiate = async (_bytes: unknown, imports: WebAssembly.Imports): Promise<unknown> => {
    const instance = new WebAssembly.Instance(ortWasm, imports);
    wasmMemory = findMemory(instance.exports) ?? Object.values(imports).map(findMemory).find(isPresent);
    return { module: ortWasm, instance };
  };
  Object.defineProperty(WebAssembly, "instantiate", { value: instantiate, configurable: true });
  ort.env.wasm.wasmBinary = new ArrayBuffer(8);
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.proxy = false;
}

function findMemory(members: object): WebAssembly.Memory | undefined {
  return Object.values(members).find((member) => member instanceof WebAssembly.Memory);
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
    results = await session.run(feeds, names);
  } catch (error) {
    throw new Refusal("inference-failed", `The model failed on these inputs: ${reasonOf(error)}`);
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

function isPresent<T>(value: T | undefined): value is T {
  return value !== undefined;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
