import { type Datatype, type Tensor, isDatatype } from "./datatypes.ts";
import { InexactInteger, readElements } from "./elements.ts";
import { parseJsonBody, parseKeepingIntegers } from "./json-body.ts";
import { Refusal } from "./refusal.ts";
import { type Signature, type TensorSpec, formatShape, shapeFits } from "./signature.ts";

/** A decoded request: tensors that fit the model's signature, and the outputs to compute. */
export interface InferenceCall {
  readonly id: string | undefined;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly TensorSpec[];
}

type JsonObject = Readonly<Record<string, unknown>>;

/**
 * Decode the JSON form of an Open Inference Protocol V2 request.
 *
 * Costs one `JSON.parse` and one pass over each tensor; only the envelope is walked besides.
 *
 * @param body       the request's bytes, UTF-8
 * @param signature  what the model takes and gives
 * @throws Refusal   with the name of the tensor and what was expected of it
 */
export function decodeJsonRequest(body: Uint8Array, signature: Signature): InferenceCall {
  const { value, text } = parseJsonBody(body);
  try {
    return decodeEnvelope(value, signature);
  } catch (error) {
    if (error instanceof InexactInteger) return decodeEnvelope(parseKeepingIntegers(text), signature);
    throw error;
  }
}

function decodeEnvelope(value: unknown, signature: Signature): InferenceCall {
  const request = asObject(value, "The body");
  const id = request["id"];
  if (id !== undefined && typeof id !== "string") {
    throw new Refusal("invalid-request", "id must be a string.", { field: "id" });
  }
  if (!Array.isArray(request["inputs"])) {
    throw new Refusal("invalid-request", "inputs must be an array of tensors.", { field: "inputs" });
  }
  return {
    id,
    inputs: decodeInputs(request["inputs"], signature.inputs),
    outputs: selectOutputs(request["outputs"], signature.outputs),
  };
}

function decodeInputs(given: readonly unknown[], specs: readonly TensorSpec[]): Tensor[] {
  const tensors = new Map<string, Tensor>();
  for (const [index, item] of given.entries()) {
    const tensor = decodeInput(asObject(item, `inputs[${index}]`), index, specs);
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

function decodeInput(input: JsonObject, index: number, specs: readonly TensorSpec[]): Tensor {
  const name = input["name"];
  if (typeof name !== "string") {
    throw new Refusal("invalid-request", `inputs[${index}].name must be a string.`, { field: `inputs[${index}].name` });
  }
  const spec = specs.find((candidate) => candidate.name === name);
  if (!spec) {
    const known = specs.map((candidate) => candidate.name);
    throw new Refusal("unknown-input", `The model has no input "${name}"; it takes ${quoteAll(known)}.`, {
      input: name,
      known,
    });
  }
  const datatype = checkDatatype(input["datatype"], spec);
  const shape = checkShape(input["shape"], spec);
  return { name, datatype, shape, data: readElements(name, datatype, shape, input["data"]) };
}

function checkDatatype(datatype: unknown, spec: TensorSpec): Datatype {
  if (isDatatype(datatype) && datatype === spec.datatype) return datatype;
  const actual = typeof datatype === "string" ? datatype : "missing";
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
    throw new Refusal("shape-mismatch", `Input "${spec.name}": shape must be an array of integers ≥ 0.`, {
      input: spec.name,
      expected: [...spec.shape],
    });
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

function isShape(shape: unknown): shape is number[] {
  return Array.isArray(shape) && shape.every((size) => Number.isSafeInteger(size) && size >= 0);
}

function selectOutputs(requested: unknown, specs: readonly TensorSpec[]): readonly TensorSpec[] {
  if (requested === undefined) return specs;
  if (!Array.isArray(requested)) {
    throw new Refusal("invalid-request", "outputs must be an array.", { field: "outputs" });
  }
  if (requested.length === 0) return specs;
  return requested.map((item, index) => {
    const name = asObject(item, `outputs[${index}]`)["name"];
    const spec = specs.find((candidate) => candidate.name === name);
    if (spec) return spec;
    const known = specs.map((candidate) => candidate.name);
    throw new Refusal(
      "unknown-output",
      `The model has no output ${JSON.stringify(name)}; it gives ${quoteAll(known)}.`,
      { known },
    );
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
