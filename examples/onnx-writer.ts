/**
 * Writes ONNX files without a dependency, for the examples, the tests and the benchmarks, in Node and in workerd.
 *
 * Field numbers and enumerations: onnx/onnx.proto of the ONNX project (proto2, so its repeated numbers go unpacked).
 */
import { DATATYPE_CODES, requireDimension, tensorMessage } from "./onnx-tensor.ts";
import type { Datatype, TensorDefinition } from "./onnx-tensor.ts";
import { ProtobufMessage } from "./protobuf-message.ts";

/** A graph's input or output: a number fixes a dimension, a string names it, null leaves it open; no shape, any rank. */
export interface ValueDefinition {
  name: string;
  datatype: Datatype;
  shape?: readonly (number | string | null)[];
}

/** A node's attribute, tagged with its ONNX type: a bare 1 would not say whether it is an int or a float. */
export type AttributeDefinition =
  | { int: number | bigint }
  | { float: number }
  | { string: string }
  | { ints: readonly (number | bigint)[] }
  | { floats: readonly number[] }
  | { strings: readonly string[] }
  | { tensor: TensorDefinition }
  | { graph: GraphDefinition };

/** One operator call; an empty string among the inputs leaves an optional input out. */
export interface NodeDefinition {
  op: string;
  inputs: readonly string[];
  outputs: readonly string[];
  attributes?: Readonly<Record<string, AttributeDefinition>>;
  name?: string;
  /** The opset domain of the operator; ai.onnx where absent. */
  domain?: string;
}

/** The graph of a model, or the body of an If, a Loop or a Scan. */
export interface GraphDefinition {
  name?: string;
  inputs: readonly ValueDefinition[];
  outputs: readonly ValueDefinition[];
  nodes: readonly NodeDefinition[];
  initializers?: readonly TensorDefinition[];
}

/** A whole model: its graph and what stands around it. */
export interface ModelDefinition extends GraphDefinition {
  /** Version of the ai.onnx opset. */
  opset: number;
  /** Versions of further opsets by domain, such as { "ai.onnx.ml": 3 }. */
  opsetImports?: Readonly<Record<string, number>>;
  /** 8 (of ONNX 1.10 to 1.13, opsets 15 to 18) where absent. */
  irVersion?: number;
  producer?: string;
  /** The model's metadata_props. */
  metadata?: Readonly<Record<string, string>>;
}

/**
 * Encode a model as an ONNX file; equal definitions give equal bytes.
 *
 * @returns       the ModelProto's bytes, in a buffer of their own
 * @throws Error  naming the tensor, where a dimension, an initializer's element count or an integer does not fit
 */
export function writeModel(model: ModelDefinition): Uint8Array<ArrayBuffer> {
  const message = new ProtobufMessage().integer(1, model.irVersion ?? 8);
  if (model.producer !== undefined) message.text(2, model.producer);
  message.message(7, graphMessage(model));
  for (const [domain, version] of Object.entries({ "": model.opset, ...model.opsetImports })) {
    message.message(8, new ProtobufMessage().text(1, domain).integer(2, version));
  }
  for (const [key, value] of Object.entries(model.metadata ?? {})) {
    message.message(14, new ProtobufMessage().text(1, key).text(2, value));
  }
  return message.toBytes();
}

function graphMessage(graph: GraphDefinition): ProtobufMessage {
  const message = new ProtobufMessage();
  for (const node of graph.nodes) message.message(1, nodeMessage(node));
  message.text(2, graph.name ?? "graph");
  for (const tensor of graph.initializers ?? []) message.message(5, tensorMessage(tensor));
  for (const input of graph.inputs) message.message(11, valueMessage(input));
  for (const output of graph.outputs) message.message(12, valueMessage(output));
  return message;
}

function nodeMessage(node: NodeDefinition): ProtobufMessage {
  const message = new ProtobufMessage();
  for (const input of node.inputs) message.text(1, input);
  for (const output of node.outputs) message.text(2, output);
  if (node.name !== undefined) message.text(3, node.name);
  message.text(4, node.op);
  for (const [name, attribute] of Object.entries(node.attributes ?? {})) {
    message.message(5, attributeMessage(name, attribute));
  }
  if (node.domain !== undefined) message.text(7, node.domain);
  return message;
}

/** The value in the field of its kind, then the kind itself (field 20, AttributeProto.AttributeType). */
function attributeMessage(name: string, attribute: AttributeDefinition): ProtobufMessage {
  const message = new ProtobufMessage().text(1, name);
  if ("float" in attribute) return message.float(2, attribute.float).integer(20, 1);
  if ("int" in attribute) return message.integer(3, attribute.int).integer(20, 2);
  if ("string" in attribute) return message.text(4, attribute.string).integer(20, 3);
  if ("tensor" in attribute) return message.message(5, tensorMessage(attribute.tensor)).integer(20, 4);
  if ("graph" in attribute) return message.message(6, graphMessage(attribute.graph)).integer(20, 5);
  if ("floats" in attribute) {
    for (const float of attribute.floats) message.float(7, float);
    return message.integer(20, 6);
  }
  if ("ints" in attribute) {
    for (const int of attribute.ints) message.integer(8, int);
    return message.integer(20, 7);
  }
  for (const string of attribute.strings) message.text(9, string);
  return message.integer(20, 8);
}

function valueMessage(value: ValueDefinition): ProtobufMessage {
  const tensorType = new ProtobufMessage().integer(1, DATATYPE_CODES[value.datatype]);
  if (value.shape !== undefined) {
    const shape = new ProtobufMessage();
    for (const dimension of value.shape) shape.message(1, dimensionMessage(value.name, dimension));
    tensorType.message(2, shape);
  }
  return new ProtobufMessage().text(1, value.name).message(2, new ProtobufMessage().message(1, tensorType));
}

function dimensionMessage(tensorName: string, dimension: number | string | null): ProtobufMessage {
  const message = new ProtobufMessage();
  if (dimension === null) return message;
  if (typeof dimension === "string") return message.text(2, dimension);
  requireDimension(tensorName, dimension);
  return message.integer(1, dimension);
}
