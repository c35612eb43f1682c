import * as ort from "onnxruntime-node";
import { DATATYPES, type Tensor, type TensorData, datatypeOfRuntime } from "../engine/datatypes.ts";
import { MAX_BODY_BYTES } from "../engine/contract.ts";
import type { ExternalFile, LoadedModel } from "../engine/model.ts";
import { Refusal } from "../engine/refusal.ts";
import { leastRequestBytes } from "../engine/request-size.ts";
import type { TensorSpec } from "../engine/signature.ts";

/**
 * A file that no model refers to. With a table of files, however small, ONNX Runtime takes external data from it alone and
 * refuses every other name; without one it would look for the name in the working directory.
 */
const NO_SUCH_FILE = { path: "", data: new Uint8Array(1) };

/**
 * Create the session of this process's model.
 *
 * One thread: a second one waits for work by spinning, which doubled the CPU time of a run on two shared cores (2.2 to 5.3 ms)
 * and halved what they finished, with one process as with two. Parallel requests have processes of their own.
 *
 * @param model         an ONNX file
 * @param externalData  the files that it refers to, by the names that it has for them; names are never resolved as paths
 * @throws Refusal `model-rejected` with ONNX Runtime's own reason, or when an input is not a tensor
 */
export async function loadModel(model: Uint8Array, externalData: readonly ExternalFile[]): Promise<LoadedModel> {
  let session: ort.InferenceSession;
  try {
    session = await ort.InferenceSession.create(model, {
      logSeverityLevel: 4,
      executionProviders: ["cpu"],
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      externalData: [...externalData, NO_SUCH_FILE],
    });
  } catch (error) {
    throw new Refusal("model-rejected", `ONNX Runtime refuses the model: ${reasonOf(error)}`);
  }
  const signature = {
    inputs: session.inputMetadata.map(requireTensor),
    outputs: session.outputMetadata.map(specOf).filter((spec) => spec !== undefined),
  };
  const noOutput = "The model has no output that is a tensor of the inference protocol's datatypes.";
  if (signature.outputs.length === 0) throw new Refusal("model-rejected", noOutput);
  const leastBytes = leastRequestBytes(signature);
  if (leastBytes > MAX_BODY_BYTES) {
    const detail = `The model's inputs have ${leastBytes} bytes or more; a request may have ${MAX_BODY_BYTES}.`;
    throw new Refusal("model-rejected", detail, { max_bytes: MAX_BODY_BYTES });
  }
  const usable = new Set(signature.outputs.map((output) => output.name));
  return {
    signature,
    unsupportedOutputs: session.outputNames.filter((name) => !usable.has(name)),
    run: (inputs, outputs) => run(session, inputs, outputs),
  };
}

async function run(
  session: ort.InferenceSession,
  inputs: readonly Tensor[],
  outputs: readonly TensorSpec[],
): Promise<Tensor[]> {
  // fromEntries defines each name as it is, so that a tensor may be called "__proto__".
  const feeds = Object.fromEntries(inputs.map((input) => [input.name, runtimeTensor(input)]));
  const names = [...new Set(outputs.map((output) => output.name))];
  let results: ort.InferenceSession.OnnxValueMapType;
  try {
    results = await session.run(feeds, names);
  } catch (error) {
    throw new Refusal("inference-failed", `The model failed on these inputs: ${reasonOf(error)}`);
  }
  return names.map((name) => tensorOf(name, results[name]));
}

function runtimeTensor({ datatype, data, shape }: Tensor): ort.Tensor {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- its types are older than Float16Array, which it takes
  const tensor = new ort.Tensor(DATATYPES[datatype].runtime, data as ort.Tensor.DataType, shape);
  if (data instanceof Float16Array) {
    // The native side reads `data` and knows FP16 as its bits only.
    const bits = new Uint16Array(data.buffer, data.byteOffset, data.length);
    Object.defineProperty(tensor, "data", { value: bits });
  }
  return tensor;
}

function tensorOf(name: string, value: ort.OnnxValue | undefined): Tensor {
  const datatype = value instanceof ort.Tensor ? datatypeOfRuntime(value.type) : undefined;
  if (!(value instanceof ort.Tensor) || datatype === undefined) {
    throw new Refusal("inference-failed", `Output "${name}" did not come out as a tensor.`);
  }
  return { name, datatype, shape: value.dims, data: elementsOf(value) };
}

/** The runtime hands FP16 out as its bits where it does not use the platform's Float16Array. */
function elementsOf(tensor: ort.Tensor): TensorData {
  const data: unknown = tensor.data;
  if (tensor.type === "float16" && data instanceof Uint16Array) {
    return new Float16Array(data.buffer, data.byteOffset, data.length);
  }
  return tensor.data;
}

function requireTensor(metadata: ort.InferenceSession.ValueMetadata): TensorSpec {
  const spec = specOf(metadata);
  if (spec !== undefined) return spec;
  const detail = `Input "${metadata.name}" is not a tensor of a datatype that the inference protocol has.`;
  throw new Refusal("model-rejected", detail);
}

/** A named dimension comes as a string, one without a name as an empty one. */
function specOf(metadata: ort.InferenceSession.ValueMetadata): TensorSpec | undefined {
  const datatype = metadata.isTensor ? datatypeOfRuntime(metadata.type) : undefined;
  if (!metadata.isTensor || datatype === undefined) return undefined;
  const shape = metadata.shape.map((size) => (typeof size === "number" ? size : -1));
  return { name: metadata.name, datatype, shape };
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
