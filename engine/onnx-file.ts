import { type GraphWalk, functionRuns, graphRuns } from "./graph-walk.ts";
import { type Field, MalformedMessage, fields, message, strictText, text } from "./protobuf.ts";
import { Refusal } from "./refusal.ts";

/** What an ONNX file says about itself; weights are skipped, never copied. */
export interface OnnxFile {
  /** Operator-set version by domain; the default domain is "". */
  readonly opset: Readonly<Record<string, number>>;
  /** Distinct operator types, subgraphs and functions included, sorted; others than the default domain's as `domain:Type`. */
  readonly operators: readonly string[];
  readonly producer: string;
  /** How many nodes one inference runs: those in a loop's body as often as it repeats, where that is known. */
  readonly nodeRuns: number;
  /** Why it can't be told from the file that a run ends, a sentence each; empty where it can. */
  readonly unbounded: readonly string[];
}

// Field numbers of onnx.proto3.
const MODEL = { producerName: 2, graph: 7, opsetImport: 8, functions: 25 };
const OPERATOR_SET = { domain: 1, version: 2 };
const FUNCTION = { name: 1, domain: 10 };
const GRAPH = { input: 11, output: 12 };
const VALUE = { name: 1 };

/** Names of inputs and outputs travel in requests, answers and problems. */
const MAX_NAME_BYTES = 1024;
const CONTROL_CHARACTER = /\p{Cc}/u;

/**
 * Read an ONNX file: its operator sets, operators and producer, and whether its runs end.
 *
 * @param bytes  a ModelProto
 * @throws Refusal `model-rejected` when the bytes are not one
 * @see https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3
 */
export function readOnnxFile(bytes: Uint8Array): OnnxFile {
  if (bytes.byteLength === 0) throw notOnnx("the file is empty");
  try {
    return readModel(bytes);
  } catch (error) {
    if (error instanceof MalformedMessage) throw notOnnx(error.message);
    throw error;
  }
}

function readModel(bytes: Uint8Array): OnnxFile {
  const opset = new Map<string, number>();
  const graphs: Uint8Array[] = [];
  const functions = new Map<string, Uint8Array>();
  let producer = "";
  for (const field of fields(bytes)) {
    if (field.number === MODEL.producerName) producer = text(field);
    else if (field.number === MODEL.opsetImport) readOperatorSet(message(field), opset);
    else if (field.number === MODEL.functions) functions.set(functionName(message(field)), message(field));
    else if (field.number === MODEL.graph) graphs.push(message(field));
  }
  const [graph] = graphs;
  if (!graph) throw notOnnx("it holds no graph");
  // A protobuf reader merges them, and others see one of the two: what is checked here must be what runs.
  if (graphs.length > 1) throw notOnnx("it holds more than one graph");
  checkNames(graph);
  const walk: GraphWalk = { opset, functions, operators: new Set(), unbounded: new Set(), runsOf: new Map() };
  for (const name of functions.keys()) functionRuns(walk, name, 0);
  const nodeRuns = graphRuns(walk, graph, undefined, 0);
  return {
    opset: Object.fromEntries(opset),
    operators: [...walk.operators].toSorted(),
    producer,
    nodeRuns,
    unbounded: [...walk.unbounded],
  };
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

function functionName(bytes: Uint8Array): string {
  let name = "";
  let domain = "";
  for (const field of fields(bytes)) {
    if (field.number === FUNCTION.name) name = text(field);
    else if (field.number === FUNCTION.domain) domain = text(field);
  }
  return `${domain}:${name}`;
}

function checkNames(graph: Uint8Array): void {
  for (const field of fields(graph)) {
    if (field.number === GRAPH.input || field.number === GRAPH.output) checkName(field);
  }
}

function checkName(value: Field): void {
  for (const field of fields(message(value))) {
    if (field.number !== VALUE.name) continue;
    const { byteLength } = message(field);
    if (byteLength > MAX_NAME_BYTES) {
      const detail = `The name of an input or output has ${byteLength} bytes; ${MAX_NAME_BYTES} are the most.`;
      throw new Refusal("model-rejected", detail, { max_bytes: MAX_NAME_BYTES });
    }
    if (CONTROL_CHARACTER.test(strictText(field))) {
      throw new Refusal(
        "model-rejected",
        "The name of an input or output holds a control character, which ONNX Runtime cuts it at.",
      );
    }
  }
}

function notOnnx(reason: string): Refusal {
  return new Refusal("model-rejected", `This is not an ONNX model: ${reason}.`);
}
