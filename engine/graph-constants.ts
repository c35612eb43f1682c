import { type Field, fields, integers, message, text } from "./protobuf.ts";

/** What the values in a graph are, as far as its file fixes them. */
export interface Constants {
  /** The value of a constant that is a single INT64 ≥ 0; undefined where it is not, or may be given by the caller. */
  integer(name: string): number | undefined;
  /** The shape of a value; undefined where its rank or one of its dimensions is open. */
  shape(name: string): readonly number[] | undefined;
}

// Field numbers of onnx.proto3.
const GRAPH = { initializer: 5, input: 11 };
const NODE = { output: 2, opType: 4, attribute: 5 };
const ATTRIBUTE = { name: 1, i: 3, tensor: 5 };
const TENSOR = { dims: 1, dataType: 2, int64Data: 7, name: 8, rawData: 9 };
const VALUE = { name: 1, type: 2 };
const TYPE = { tensor: 1 };
const TENSOR_TYPE = { shape: 2 };
const SHAPE = { dimension: 1 };
const DIMENSION = { value: 1 };

/** TensorProto.DataType of INT64. */
const INT64 = 7;

/** Read what a graph, or a function, fixes: its initializers, the types of its inputs, and its Constant nodes. */
export function readConstants(holder: Uint8Array, nodeField: number, outer: Constants | undefined): Constants {
  const integersByName = new Map<string, number | undefined>();
  const shapesByName = new Map<string, readonly number[] | undefined>();
  const inputs: ValueInfo[] = [];
  for (const field of fields(holder)) {
    if (field.number === nodeField) readNodeOutputs(message(field), integersByName);
    // A function has other fields of these numbers.
    else if (nodeField !== 1) continue;
    else if (field.number === GRAPH.input) inputs.push(readValue(message(field)));
    else if (field.number === GRAPH.initializer) {
      const tensor = readTensor(message(field));
      integersByName.set(tensor.name, tensor.integer);
      shapesByName.set(tensor.name, tensor.shape);
    }
  }
  for (const { name, shape } of inputs) {
    // An initializer that is an input too is only its default: the caller may give another. A request's shapes are held
    // against those of the outermost graph's inputs; what an inner graph says of its own is a claim.
    integersByName.set(name, undefined);
    shapesByName.set(name, outer ? undefined : shape);
  }
  return {
    integer: (name) => (integersByName.has(name) ? integersByName.get(name) : outer?.integer(name)),
    shape: (name) => (shapesByName.has(name) ? shapesByName.get(name) : outer?.shape(name)),
  };
}

interface TensorConstant {
  readonly name: string;
  readonly shape: readonly number[];
  readonly integer: number | undefined;
}

function readTensor(bytes: Uint8Array): TensorConstant {
  const shape: number[] = [];
  let name = "";
  let dataType = 0;
  let values: Field | undefined;
  for (const field of fields(bytes)) {
    if (field.number === TENSOR.dims) shape.push(...integers(field));
    else if (field.number === TENSOR.dataType) dataType = field.varint;
    else if (field.number === TENSOR.name) name = text(field);
    else if (field.number === TENSOR.int64Data || field.number === TENSOR.rawData) values = field;
  }
  const isSingle = dataType === INT64 && shape.every((size) => size === 1);
  return { name, shape, integer: isSingle && values ? singleInteger(values) : undefined };
}

function singleInteger(field: Field): number | undefined {
  if (field.number === TENSOR.int64Data) return natural([...integers(field)][0]);
  const bytes = message(field);
  if (bytes.byteLength !== 8) return undefined;
  return natural(Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigInt64(0, true)));
}

/** Negative integers are huge where they were read as varints; neither kind is a count. */
function natural(value: number | undefined): number | undefined {
  return value !== undefined && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

function readNodeOutputs(node: Uint8Array, integersByName: Map<string, number | undefined>): void {
  let type = "";
  let value: number | undefined;
  const outputs: string[] = [];
  for (const field of fields(node)) {
    if (field.number === NODE.opType) type = text(field);
    else if (field.number === NODE.output) outputs.push(text(field));
    else if (field.number === NODE.attribute && type === "Constant") value = readConstantAttribute(message(field));
  }
  // What another node gives is set too: it hides a constant of the same name in the graphs around.
  for (const output of outputs) integersByName.set(output, type === "Constant" ? value : undefined);
}

function readConstantAttribute(attribute: Uint8Array): number | undefined {
  let name = "";
  let value: number | undefined;
  for (const field of fields(attribute)) {
    if (field.number === ATTRIBUTE.name) name = text(field);
    else if (field.number === ATTRIBUTE.i) value = natural(field.varint);
    else if (field.number === ATTRIBUTE.tensor) value = readTensor(message(field)).integer;
  }
  return name === "value" || name === "value_int" ? value : undefined;
}

interface ValueInfo {
  readonly name: string;
  readonly shape: readonly number[] | undefined;
}

function readValue(value: Uint8Array): ValueInfo {
  let name = "";
  let shape: readonly number[] | undefined;
  for (const field of fields(value)) {
    if (field.number === VALUE.name) name = text(field);
    else if (field.number === VALUE.type) shape = readShape(message(field));
  }
  return { name, shape };
}

function readShape(type: Uint8Array): readonly number[] | undefined {
  const tensor = inner(type, TYPE.tensor);
  const shape = tensor && inner(tensor, TENSOR_TYPE.shape);
  if (!shape) return undefined;
  const dimensions = [...fields(shape)]
    .filter((field) => field.number === SHAPE.dimension)
    .map((field) => [...fields(message(field))].find((part) => part.number === DIMENSION.value)?.varint);
  return dimensions.every((size) => size !== undefined) ? dimensions : undefined;
}

function inner(bytes: Uint8Array, number: number): Uint8Array | undefined {
  for (const field of fields(bytes)) if (field.number === number) return message(field);
  return undefined;
}
