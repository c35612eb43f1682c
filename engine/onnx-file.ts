import { Refusal } from "./refusal.ts";

/** What an ONNX file declares about itself; weights are skipped, never copied. */
export interface OnnxFile {
  /** Operator-set version by domain; the default domain is "". */
  readonly opset: Readonly<Record<string, number>>;
  /** Distinct operator types, subgraphs and functions included, sorted; others than the default domain's as `domain:Type`. */
  readonly operators: readonly string[];
  readonly producer: string;
}

// Field numbers of onnx.proto3.
const MODEL = { producerName: 2, graph: 7, opsetImport: 8, functions: 25 };
const OPERATOR_SET = { domain: 1, version: 2 };
const GRAPH = { node: 1 };
const FUNCTION = { node: 7 };
const NODE = { opType: 4, attribute: 5, domain: 7 };
const ATTRIBUTE = { graph: 6, graphs: 11 };

const MAX_DEPTH = 64;

/**
 * Read an ONNX file's operator sets, operators and producer.
 *
 * @param bytes  a ModelProto
 * @throws Refusal `model-rejected` when the bytes are not one
 * @see https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3
 */
export function readOnnxFile(bytes: Uint8Array): OnnxFile {
  if (bytes.byteLength === 0) throw notOnnx("the file is empty");
  const opset = new Map<string, number>();
  const operators = new Set<string>();
  let producer = "";
  let graphs = 0;
  for (const field of fields(bytes)) {
    if (field.number === MODEL.producerName) producer = text(field);
    else if (field.number === MODEL.opsetImport) readOperatorSet(message(field), opset);
    else if (field.number === MODEL.functions) collectOperators(message(field), FUNCTION.node, operators, 0);
    else if (field.number === MODEL.graph) {
      graphs += 1;
      collectOperators(message(field), GRAPH.node, operators, 0);
    }
  }
  if (graphs === 0) throw notOnnx("it holds no graph");
  return { opset: Object.fromEntries(opset), operators: [...operators].toSorted(), producer };
}

function readOperatorSet(bytes: Uint8Array, opset: Map<string, number>): void {
  let domain = "";
  let version = 0;
  for (const field of fields(bytes)) {
    if (field.number === OPERATOR_SET.domain) domain = text(field);
    else if (field.number === OPERATOR_SET.version) version = field.varint;
  }
  opset.set(domain === "ai.onnx" ? "" : domain, version);
}

function collectOperators(graph: Uint8Array, nodeField: number, operators: Set<string>, depth: number): void {
  if (depth > MAX_DEPTH) throw notOnnx(`its subgraphs are nested more than ${MAX_DEPTH} deep`);
  for (const field of fields(graph)) {
    if (field.number === nodeField) collectNode(message(field), operators, depth);
  }
}

function collectNode(node: Uint8Array, operators: Set<string>, depth: number): void {
  let type = "";
  let domain = "";
  for (const field of fields(node)) {
    if (field.number === NODE.opType) type = text(field);
    else if (field.number === NODE.domain) domain = text(field);
    else if (field.number === NODE.attribute) {
      for (const inner of fields(message(field))) {
        if (inner.number === ATTRIBUTE.graph || inner.number === ATTRIBUTE.graphs) {
          collectOperators(message(inner), GRAPH.node, operators, depth + 1);
        }
      }
    }
  }
  operators.add(domain === "" || domain === "ai.onnx" ? type : `${domain}:${type}`);
}

interface Field {
  readonly number: number;
  /** The value of a varint field; 0 for the others. */
  readonly varint: number;
  /** The content of a length-delimited field, as a view. */
  readonly bytes: Uint8Array | undefined;
}

/** Walk the fields of one protobuf message without copying. */
function* fields(bytes: Uint8Array): Generator<Field> {
  const cursor = { at: 0 };
  while (cursor.at < bytes.byteLength) {
    const tag = readVarint(bytes, cursor);
    const number = Math.floor(tag / 8);
    switch (tag % 8) {
      case 0:
        yield { number, varint: readVarint(bytes, cursor), bytes: undefined };
        break;
      case 1:
        skip(bytes, cursor, 8);
        break;
      case 2: {
        const length = readVarint(bytes, cursor);
        const start = cursor.at;
        skip(bytes, cursor, length);
        yield { number, varint: 0, bytes: bytes.subarray(start, start + length) };
        break;
      }
      case 5:
        skip(bytes, cursor, 4);
        break;
      default:
        throw notOnnx(`its bytes break off the protobuf encoding at offset ${cursor.at}`);
    }
  }
}

function skip(bytes: Uint8Array, cursor: { at: number }, length: number): void {
  if (cursor.at + length > bytes.byteLength) throw notOnnx("it is cut short");
  cursor.at += length;
}

/** A base-128 varint. Values beyond 2^53 (negative int64) come out inexact; nothing that is read here has any. */
function readVarint(bytes: Uint8Array, cursor: { at: number }): number {
  let value = 0;
  for (let scale = 1; scale < 2 ** 70; scale *= 128) {
    const byte = bytes[cursor.at];
    if (byte === undefined) throw notOnnx("it is cut short");
    cursor.at += 1;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return value;
  }
  throw notOnnx(`its bytes break off the protobuf encoding at offset ${cursor.at}`);
}

function message(field: Field): Uint8Array {
  if (field.bytes === undefined) throw notOnnx(`field ${field.number} has the wrong type`);
  return field.bytes;
}

function text(field: Field): string {
  return new TextDecoder().decode(message(field));
}

function notOnnx(reason: string): Refusal {
  return new Refusal("model-rejected", `This is not an ONNX model: ${reason}.`);
}
