import { readBinaryElements } from "./binary.ts";
import { BinaryPart } from "./binary-part.ts";
import { type Datatype, type Tensor, isDatatype } from "./datatypes.ts";
import { InexactInteger, clip, quoteValue, readElements } from "./elements.ts";
import { parseJsonBody, parseKeepingIntegers } from "./json-body.ts";
import { decodeRawInput } from "./raw-request.ts";
import { Refusal } from "./refusal.ts";
import { type Signature, type TensorSpec, formatShape, shapeFits } from "./signature.ts";

/** A decoded request: tensors that fit the model's signature, and the outputs to compute. */
export interface InferenceCall {
  readonly id: string | undefined;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly RequestedOutput[];
}

/** An output to compute, and the form in which the caller wants it. */
export interface RequestedOutput extends TensorSpec {
  readonly binary: boolean;
}

type JsonObject = Readonly<Record<string, unknown>>;

/**
 * Decode an Open Inference Protocol V2 request: JSON alone, JSON followed by binary tensors, or one raw tensor.
 *
 * JSON costs one `JSON.parse` and one pass over each tensor; only the envelope is walked besides. Binary tensors are views
 * of the body.
 *
 * @param body        the request's bytes
 * @param jsonBytes   the header Inference-Header-Content-Length: how many of them are JSON; 0 for a raw tensor, undefined
 *                    when all are
 * @param signature   what the model takes and gives
 * @throws Refusal    with the name of the tensor and what was expected of it
 */
export function decodeRequest(body: Uint8Array, jsonBytes: number | undefined, signature: Signature): InferenceCall {
  if (jsonBytes === 0) {
    const outputs = signature.outputs.map((spec) => ({ ...spec, binary: true }));
    return { id: undefined, inputs: [decodeRawInput(body, signature)], outputs };
  }
  const end = jsonBytes ?? body.byteLength;
  if (end > body.byteLength) {
    const detail = `Inference-Header-Content-Length is ${end}, but the body has ${body.byteLength} bytes.`;
    throw new Refusal("invalid-request", detail, { expected_bytes: end, actual_bytes: body.byteLength });
  }
  const { value, text } = parseJsonBody(body.subarray(0, end));
  const tensors = body.subarray(end);
  try {
    return decodeEnvelope(value, new BinaryPart(tensors), signature);
  } catch (error) {
    if (!(error instanceof InexactInteger)) throw error;
    return decodeEnvelope(parseKeepingIntegers(text), new BinaryPart(tensors), signature);
  }
}

function decodeEnvelope(value: unknown, binary: BinaryPart, signature: Signature): InferenceCall {
  const request = asObject(value, "The body");
  const id = request["id"];
  if (id !== undefined && typeof id !== "string") {
    throw new Refusal("invalid-request", "id must be a string.", { field: "id" });
  }
  if (!Array.isArray(request["inputs"])) {
    throw new Refusal("invalid-request", "inputs must be an array of tensors.", { field: "inputs" });
  }
  const binaryByDefault = readFlag(parametersOf(request, "The body"), "binary_data_output", false);
  const inputs = decodeInputs(request["inputs"], binary, signature.inputs);
  binary.requireEnd();
  return { id, inputs, outputs: selectOutputs(request["outputs"], binaryByDefault, signature.outputs) };
}

function decodeInputs(given: readonly unknown[], binary: BinaryPart, specs: readonly TensorSpec[]): Tensor[] {
  const tensors = new Map<string, Tensor>();
  for (const [index, item] of given.entries()) {
    const tensor = decodeInput(asObject(item, `inputs[${index}]`), index, binary, specs);
    if (tensors.has(tensor.name)) {
      throw new Refusal("duplicate-input", `Input "${tensor.name}" is given more than once.`, { input: tensor.name });
    }
    tensors.set(tensor.name, tensor);
  }
  const missing = specs.filter((spec) => !tensors.has(spec.name));
  if (missing.length > 0) {
    const wanted = missing.map((spec) => `"${spec.name}" (${spec.datatype} ${formatShape(spec.shape)})`);
    throw new Refusal("missing-input", `The model also needs ${wanted.join(", ")}.`, {
      missing: missing.map((spec) => spec.name),
    });
  }
  return [...tensors.values()];
}

function decodeInput(input: JsonObject, index: number, binary: BinaryPart, specs: readonly TensorSpec[]): Tensor {
  const name = input["name"];
  if (typeof name !== "string") {
    throw new Refusal("invalid-request", `inputs[${index}].name must be a string.`, { field: `inputs[${index}].name` });
  }
  const spec = specs.find((candidate) => candidate.name === name);
  if (!spec) {
    const known = specs.map((candidate) => candidate.name);
    const detail = `The model has no input ${quoteValue(name)}; it takes ${quoteAll(known)}.`;
    throw new Refusal("unknown-input", detail, { input: clip(name), known });
  }
  const datatype = checkDatatype(input["datatype"], spec);
  const shape = checkShape(input["shape"], spec);
  const size = parametersOf(input, `inputs[${index}]`)["binary_data_size"];
  if (size === undefined) return { name, datatype, shape, data: readElements(name, datatype, shape, input["data"]) };
  return { name, datatype, shape, data: readBinaryElements(name, datatype, shape, binary.take(name, size)) };
}

function parametersOf(holder: JsonObject, what: string): JsonObject {
  return holder["parameters"] === undefined ? {} : asObject(holder["parameters"], `${what}: parameters`);
}

function readFlag(parameters: JsonObject, name: string, otherwise: boolean): boolean {
  const value = parameters[name];
  if (value === undefined) return otherwise;
  if (typeof value === "boolean") return value;
  throw new Refusal("invalid-request", `${name} must be true or false.`, { field: name });
}

function checkDatatype(datatype: unknown, spec: TensorSpec): Datatype {
  if (isDatatype(datatype) && datatype === spec.datatype) return datatype;
  const actual = typeof datatype === "string" ? clip(datatype) : "missing";
  throw new Refusal(
    "datatype-mismatch",
    `Input "${spec.name}": datatype is ${actual}, the model takes ${spec.datatype}.`,
    {
      input: spec.name,
      expected: spec.datatype,
      actual,
    },
  );
}

function checkShape(shape: unknown, spec: TensorSpec): number[] {
  if (!isShape(shape)) {
    const detail = `Input "${spec.name}": shape must be an array of at most ${MAX_RANK} integers ≥ 0.`;
    throw new Refusal("shape-mismatch", detail, { input: spec.name, expected: [...spec.shape] });
  }
  // A spec of rank 0 is either a scalar or a model that leaves the rank open: ONNX Runtime tells them apart itself.
  if (spec.shape.length > 0 && !shapeFits(shape, spec.shape)) {
    throw new Refusal(
      "shape-mismatch",
      `Input "${spec.name}": shape is ${formatShape(shape)}, the model takes ${formatShape(spec.shape)} (-1 is any size).`,
      { input: spec.name, expected: [...spec.shape], actual: shape },
    );
  }
  return shape;
}

/** ONNX Runtime's WASM build counts in 32 bits. */
const MAX_DIMENSION = 2 ** 31 - 1;

/** As many axes as NumPy has. ONNX Runtime Web hands shapes over on its WASM stack, which a longer one would overrun. */
const MAX_RANK = 64;

function isShape(shape: unknown): shape is number[] {
  if (!Array.isArray(shape) || shape.length > MAX_RANK) return false;
  return shape.every((size) => Number.isInteger(size) && size >= 0 && size <= MAX_DIMENSION);
}

function selectOutputs(
  requested: unknown,
  binaryByDefault: boolean,
  specs: readonly TensorSpec[],
): readonly RequestedOutput[] {
  if (requested !== undefined && !Array.isArray(requested)) {
    throw new Refusal("invalid-request", "outputs must be an array.", { field: "outputs" });
  }
  if (requested === undefined || requested.length === 0) {
    return specs.map((spec) => ({ ...spec, binary: binaryByDefault }));
  }
  return requested.map((item, index) => {
    const what = `outputs[${index}]`;
    const output = asObject(item, what);
    const spec = specs.find((candidate) => candidate.name === output["name"]);
    if (spec) return { ...spec, binary: readFlag(parametersOf(output, what), "binary_data", binaryByDefault) };
    const known = specs.map((candidate) => candidate.name);
    const detail = `The model has no output ${quoteValue(output["name"])}; it gives ${quoteAll(known)}.`;
    throw new Refusal("unknown-output", detail, { known });
  });
}

function asObject(value: unknown, what: string): JsonObject {
  if (isObject(value)) return value;
  throw new Refusal("invalid-request", `${what} must be a JSON object.`);
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function quoteAll(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(", ");
}
