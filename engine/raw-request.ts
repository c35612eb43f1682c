import { decodeString, readBinaryElements } from "./binary.ts";
import { DATATYPES, type Tensor, elementCount } from "./datatypes.ts";
import { Refusal } from "./refusal.ts";
import { type Signature, type TensorSpec, formatShape } from "./signature.ts";

/**
 * Decode a raw request: the whole body is the one input's elements, for a batch of one.
 *
 * A variable first axis is the batch, 1; one other variable axis takes its size from the number of bytes. BYTES is one
 * string, without a length before it.
 *
 * @throws Refusal when the model has several inputs, or its shape can't be told from the bytes
 * @see Triton's binary data extension, "Raw Binary Request"
 */
export function decodeRawInput(body: Uint8Array, signature: Signature): Tensor {
  const [spec, ...others] = signature.inputs;
  if (!spec || others.length > 0) {
    const detail = `A raw request (Inference-Header-Content-Length: 0) needs a model of one input; this one has ${signature.inputs.length}.`;
    throw new Refusal("invalid-request", detail);
  }
  const { name, datatype } = spec;
  if (datatype === "BYTES") return { name, datatype, shape: shapeOf(spec, 1), data: [decodeString(name, 0, body)] };
  const count = body.byteLength / DATATYPES[datatype].array.BYTES_PER_ELEMENT;
  const shape = shapeOf(spec, count);
  return { name, datatype, shape, data: readBinaryElements(name, datatype, shape, body) };
}

function shapeOf(spec: TensorSpec, count: number): number[] {
  const batched = spec.shape.map((size, axis) => (axis === 0 && size === -1 && spec.shape.length > 1 ? 1 : size));
  const variable = batched.filter((size) => size === -1).length;
  const fixed = elementCount(batched.filter((size) => size !== -1));
  const deduced = fixed === 0 ? 0 : count / fixed;
  const shape = batched.map((size) => (size === -1 ? deduced : size));
  if (variable <= 1 && Number.isInteger(deduced) && elementCount(shape) === count) return shape;
  throw new Refusal(
    "shape-mismatch",
    `Input "${spec.name}": ${count} elements of ${spec.datatype} do not make a batch of one of ${formatShape(spec.shape)}.`,
    { input: spec.name, expected: [...spec.shape], actual_elements: count },
  );
}
