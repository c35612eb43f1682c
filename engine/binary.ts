import { DATATYPES, type Datatype, type Tensor, type TensorData, elementCount } from "./datatypes.ts";
import { Refusal } from "./refusal.ts";
import { formatShape } from "./signature.ts";

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const utf8 = new TextEncoder();

/**
 * Read one tensor of the binary extension: little-endian elements, row-major; BOOL one byte each; BYTES each behind its
 * length as 32 bits.
 *
 * The elements are a view of the body where its alignment allows, and a copy where it does not.
 *
 * @param bytes  exactly the tensor's `binary_data_size` bytes
 * @throws Refusal `shape-mismatch` when the size is not the shape's, `invalid-data` when an element is not of the datatype
 */
export function readBinaryElements(
  name: string,
  datatype: Datatype,
  shape: readonly number[],
  bytes: Uint8Array,
): TensorData {
  const count = elementCount(shape);
  if (datatype === "BYTES") return readByteStrings(name, shape, bytes);
  const { array } = DATATYPES[datatype];
  const expectedBytes = count * array.BYTES_PER_ELEMENT;
  if (bytes.byteLength !== expectedBytes) {
    throw new Refusal(
      "shape-mismatch",
      `Input "${name}": ${datatype} ${formatShape(shape)} has ${expectedBytes} bytes, binary_data_size is ${bytes.byteLength}.`,
      { input: name, expected_bytes: expectedBytes, actual_bytes: bytes.byteLength },
    );
  }
  const source = isViewable(bytes, array.BYTES_PER_ELEMENT) ? bytes : new Uint8Array(bytes);
  const elements = new array(source.buffer, source.byteOffset, count);
  if (datatype === "BOOL") requireBooleans(name, elements);
  return elements;
}

/** The bytes of a tensor's elements, as the binary extension has them; a view, except of BYTES. */
export function binaryElements(tensor: Tensor): Uint8Array {
  const { data } = tensor;
  if (!Array.isArray(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const strings = data.map((text) => utf8.encode(text));
  const whole = new Uint8Array(strings.reduce((total, bytes) => total + LENGTH_BYTES + bytes.byteLength, 0));
  const view = new DataView(whole.buffer);
  let offset = 0;
  for (const bytes of strings) {
    view.setUint32(offset, bytes.byteLength, true);
    whole.set(bytes, offset + LENGTH_BYTES);
    offset += LENGTH_BYTES + bytes.byteLength;
  }
  return whole;
}

const LENGTH_BYTES = 4;

/** Whether elements of this size may be a view of the bytes where they lie. */
function isViewable(bytes: Uint8Array, elementBytes: number): bytes is Uint8Array<ArrayBuffer> {
  return bytes.byteOffset % elementBytes === 0 && bytes.buffer instanceof ArrayBuffer;
}

function readByteStrings(name: string, shape: readonly number[], bytes: Uint8Array): string[] {
  const count = elementCount(shape);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const strings: string[] = [];
  let offset = 0;
  while (offset + LENGTH_BYTES <= bytes.byteLength && strings.length < count) {
    const end = offset + LENGTH_BYTES + view.getUint32(offset, true);
    if (end > bytes.byteLength) break;
    strings.push(decodeString(name, strings.length, bytes.subarray(offset + LENGTH_BYTES, end)));
    offset = end;
  }
  if (strings.length === count && offset === bytes.byteLength) return strings;
  throw new Refusal(
    "shape-mismatch",
    `Input "${name}": binary_data_size holds ${strings.length} whole strings and ${bytes.byteLength - offset} bytes more; ` +
      `shape ${formatShape(shape)} needs ${count} strings, each behind its length as 32 bits.`,
    { input: name, expected_elements: count, actual_elements: strings.length },
  );
}

/**
 * One string of a BYTES tensor.
 *
 * @throws Refusal `invalid-data` when it is not UTF-8, as ONNX strings must be, or holds a NUL: ONNX Runtime Web hands
 *         strings over zero-terminated, so the rest would be lost silently
 */
export function decodeString(name: string, index: number, bytes: Uint8Array): string {
  const evidence = { input: name, index, expected: "BYTES" };
  let text: string;
  try {
    text = strictUtf8.decode(bytes);
  } catch {
    throw new Refusal("invalid-data", `Input "${name}": element ${index} is not valid UTF-8.`, evidence);
  }
  if (text.includes("\0")) {
    throw new Refusal("invalid-data", `Input "${name}": element ${index} holds a NUL, which no string may.`, evidence);
  }
  return text;
}

function requireBooleans(name: string, elements: TensorData): void {
  for (let index = 0; index < elements.length; index++) {
    const value = elements[index];
    if (value === 0 || value === 1) continue;
    throw new Refusal(
      "invalid-data",
      `Input "${name}": element ${index} is the byte ${String(value)}; BOOL is 0 or 1.`,
      {
        input: name,
        index,
        expected: "BOOL",
      },
    );
  }
}
