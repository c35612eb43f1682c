import { type Constants, readConstants } from "./graph-constants.ts";
import { type Field, MalformedMessage, fields, integers, message, text } from "./protobuf.ts";

/** What a walk over a model's graphs knows and gathers. */
export interface GraphWalk {
  readonly opset: ReadonlyMap<string, number>;
  /** Bodies of the model's own functions, by `domain:name`. */
  readonly functions: ReadonlyMap<string, Uint8Array>;
  readonly operators: Set<string>;
  /** Reasons why a run may not end. */
  readonly unbounded: Set<string>;
  /** Node runs of one call of each function that was walked. */
  readonly runsOf: Map<string, number>;
}

// Field numbers of onnx.proto3.
const GRAPH = { node: 1 };
const FUNCTION = { node: 7 };
const NODE = { input: 1, name: 3, opType: 4, attribute: 5, domain: 7 };
const ATTRIBUTE = { name: 1, i: 3, graph: 6, ints: 8, graphs: 11 };

const MAX_DEPTH = 64;

/**
 * Walk a graph and all within it, and count the nodes that one execution of it runs.
 *
 * @param outer  constants of the graphs around it, which its nodes may use
 */
export function graphRuns(walk: GraphWalk, graph: Uint8Array, outer: Constants | undefined, depth: number): number {
  return nodesRuns(walk, graph, GRAPH.node, readConstants(graph, GRAPH.node, outer), depth);
}

/** The same for one call of a function of the model's own. Functions may not call each other in a circle. */
export function functionRuns(walk: GraphWalk, name: string, depth: number): number {
  const known = walk.runsOf.get(name);
  if (known !== undefined) return known;
  const body = walk.functions.get(name);
  if (!body) return 0;
  const runs = nodesRuns(walk, body, FUNCTION.node, readConstants(body, FUNCTION.node, undefined), depth + 1);
  walk.runsOf.set(name, runs);
  return runs;
}

function nodesRuns(
  walk: GraphWalk,
  holder: Uint8Array,
  nodeField: number,
  constants: Constants,
  depth: number,
): number {
  if (depth > MAX_DEPTH) throw new MalformedMessage(`its subgraphs are nested more than ${MAX_DEPTH} deep`);
  let runs = 0;
  for (const field of fields(holder)) {
    if (field.number === nodeField) runs += nodeRuns(walk, readNode(field), constants, depth);
  }
  return runs;
}

function nodeRuns(walk: GraphWalk, node: Node, constants: Constants, depth: number): number {
  const { type, domain, graphs } = node;
  walk.operators.add(domain === "" ? type : `${domain}:${type}`);
  const body = graphs.reduce((total, graph) => total + graphRuns(walk, graph, constants, depth + 1), 0);
  const runs = 1 + functionRuns(walk, `${domain}:${type}`, depth) + body * repetitions(walk, node, constants);
  return Math.min(runs, Number.MAX_SAFE_INTEGER);
}

/** How often a node runs its body; 1 where that can't be told, which is then noted. */
function repetitions(walk: GraphWalk, node: Node, constants: Constants): number {
  if (node.graphs.length === 0) return 1;
  switch (node.domain === "" ? node.type : "") {
    case "If":
      return 1;
    case "Loop":
      return counted(walk, node, constants.integer(node.inputs[0] ?? ""), "has no constant trip count");
    case "Scan":
      return counted(walk, node, scanLength(walk, node, constants), "runs over an input of open length");
    default:
      // SequenceMap runs over a sequence of open length, BeamSearch for as long as the request says, and so on.
      return counted(walk, node, undefined, "runs its graph as often as its inputs say");
  }
}

function counted(walk: GraphWalk, { type, name }: Node, count: number | undefined, reason: string): number {
  if (count === undefined) walk.unbounded.add(`${type}${name === "" ? "" : ` "${name.slice(0, 64)}"`} ${reason}.`);
  return count ?? 1;
}

function scanLength(walk: GraphWalk, { inputs, integerAttributes }: Node, constants: Constants): number | undefined {
  // Before operator set 9, Scan had other inputs.
  if ((walk.opset.get("") ?? 0) < 9) return undefined;
  const [scanned = 0] = integerAttributes.get("num_scan_inputs") ?? [];
  const first = inputs.at(-scanned);
  const shape = first === undefined ? undefined : constants.shape(first);
  const [axis = 0] = integerAttributes.get("scan_input_axes") ?? [];
  return shape?.[axis];
}

interface Node {
  readonly type: string;
  /** "" for the default domain, by either of its names. */
  readonly domain: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly graphs: readonly Uint8Array[];
  readonly integerAttributes: ReadonlyMap<string, readonly number[]>;
}

function readNode(field: Field): Node {
  const node = { type: "", domain: "", name: "" };
  const inputs: string[] = [];
  const graphs: Uint8Array[] = [];
  const integerAttributes = new Map<string, number[]>();
  for (const part of fields(message(field))) {
    if (part.number === NODE.opType) node.type = text(part);
    else if (part.number === NODE.domain) node.domain = text(part);
    else if (part.number === NODE.name) node.name = text(part);
    else if (part.number === NODE.input) inputs.push(text(part));
    else if (part.number === NODE.attribute) readAttribute(message(part), graphs, integerAttributes);
  }
  const domain = node.domain === "ai.onnx" ? "" : node.domain;
  return { ...node, domain, inputs, graphs, integerAttributes };
}

function readAttribute(attribute: Uint8Array, graphs: Uint8Array[], integerAttributes: Map<string, number[]>): void {
  let name = "";
  const values: number[] = [];
  for (const part of fields(attribute)) {
    if (part.number === ATTRIBUTE.name) name = text(part);
    else if (part.number === ATTRIBUTE.graph || part.number === ATTRIBUTE.graphs) graphs.push(message(part));
    else if (part.number === ATTRIBUTE.i) values.push(part.varint);
    else if (part.number === ATTRIBUTE.ints) values.push(...integers(part));
  }
  integerAttributes.set(name, values);
}
