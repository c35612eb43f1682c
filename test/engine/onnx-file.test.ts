import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type OnnxFile, readOnnxFile } from "../../engine/onnx-file.ts";
import { Refusal } from "../../engine/refusal.ts";
import { type GraphDefinition, type NodeDefinition, writeModel } from "../../examples/onnx-writer.ts";
import { ProtobufMessage } from "../../examples/protobuf-message.ts";
import { addOneModel } from "../support/models.ts";
import { refusalOf } from "./requests.ts";

const plain: GraphDefinition = {
  inputs: [{ name: "x", datatype: "FP32", shape: [1] }],
  outputs: [{ name: "y", datatype: "FP32", shape: [1] }],
  nodes: [],
};

function modelOf(nodes: readonly NodeDefinition[]): Uint8Array {
  return writeModel({ ...plain, opset: 17, nodes });
}

function node(op: string, more: Partial<NodeDefinition> = {}): NodeDefinition {
  return { op, inputs: ["x"], outputs: ["y"], ...more };
}

/** A graph whose only node holds a graph whose only node … `depth` times. */
function nested(depth: number): GraphDefinition {
  let graph: GraphDefinition = { ...plain, nodes: [node("Innermost")] };
  for (let level = 0; level < depth; level++) {
    graph = { ...plain, nodes: [node("If", { attributes: { then_branch: { graph } } })] };
  }
  return graph;
}

/** The bytes of a file of one field, of this tag and these bytes after it. */
function fileOf(...bytes: number[]): Uint8Array {
  return Uint8Array.from(bytes);
}

/** The reason for which bytes are not a model. */
function reasonAgainst(bytes: Uint8Array): string {
  const { code, detail, evidence } = refusalOf(() => readOnnxFile(bytes));
  expect({ code, evidence }).toEqual({ code: "model-rejected", evidence: {} });
  return detail.replace(/^This is not an ONNX model: (.*)\.$/, "$1");
}

/** What the reader makes of any bytes: a file or a refusal. Everything else is thrown on. */
function endOf(bytes: Uint8Array): OnnxFile | "refused" {
  try {
    return readOnnxFile(bytes);
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== "model-rejected") throw error;
    return "refused";
  }
}

describe("an ONNX file", () => {
  test("declares its operator sets, operators and producer", () => {
    const file = writeModel({
      ...plain,
      opset: 17,
      opsetImports: { "ai.onnx.ml": 3 },
      producer: "a trainer 1.0",
      nodes: [node("Relu"), node("Add"), node("Relu"), node("Scaler", { domain: "ai.onnx.ml" })],
    });
    expect(readOnnxFile(file)).toMatchObject({
      opset: { "": 17, "ai.onnx.ml": 3 },
      operators: ["Add", "Relu", "ai.onnx.ml:Scaler"],
      producer: "a trainer 1.0",
    });
  });

  test("without a producer or nodes declares none", () => {
    expect(readOnnxFile(modelOf([]))).toMatchObject({ opset: { "": 17 }, operators: [], producer: "" });
  });

  test("has one default domain, by either of its names", () => {
    const named = new ProtobufMessage()
      .message(8, new ProtobufMessage().text(1, "ai.onnx").integer(2, 18))
      .message(7, new ProtobufMessage().message(1, new ProtobufMessage().text(4, "Relu").text(7, "ai.onnx")));
    expect(readOnnxFile(named.toBytes())).toMatchObject({ opset: { "": 18 }, operators: ["Relu"] });
  });

  test("may import a domain called as a member of Object.prototype", () => {
    const { opset } = readOnnxFile(
      new ProtobufMessage()
        .message(7, new ProtobufMessage())
        .message(8, new ProtobufMessage().text(1, "__proto__").integer(2, 5))
        .toBytes(),
    );
    expect(Object.entries(opset)).toEqual([["__proto__", 5]]);
  });

  test("uses the operators inside its subgraphs too: both branches of an If, and a Loop in one of them", () => {
    const loop = node("Loop", { attributes: { body: { graph: { ...plain, nodes: [node("Tanh")] } } } });
    const file = modelOf([
      node("If", {
        attributes: {
          then_branch: { graph: { ...plain, nodes: [loop] } },
          else_branch: { graph: { ...plain, nodes: [node("Custom", { domain: "com.example" })] } },
        },
      }),
    ]);
    expect(readOnnxFile(file).operators).toEqual(["If", "Loop", "Tanh", "com.example:Custom"]);
  });

  test("uses the operators in a list of graphs and in its functions too", () => {
    const graph = (op: string) => new ProtobufMessage().message(1, new ProtobufMessage().text(4, op));
    const holder = new ProtobufMessage()
      .text(4, "Holder")
      .message(5, new ProtobufMessage().message(11, graph("Sin")).message(11, graph("Cos")));
    const file = new ProtobufMessage()
      .message(7, new ProtobufMessage().message(1, holder))
      .message(25, new ProtobufMessage().text(1, "my function").message(7, new ProtobufMessage().text(4, "Gelu")));
    expect(readOnnxFile(file.toBytes()).operators).toEqual(["Cos", "Gelu", "Holder", "Sin"]);
  });

  test("is read past weights that look like anything", () => {
    const weights = fc.sample(fc.uint8Array({ minLength: 256, maxLength: 256 }), 1)[0] ?? new Uint8Array();
    const file = writeModel({
      ...plain,
      opset: 17,
      nodes: [node("Relu")],
      initializers: [{ name: "w", datatype: "UINT8", shape: [256], data: weights }],
    });
    expect(readOnnxFile(file).operators).toEqual(["Relu"]);
  });

  test("may hold subgraphs sixty-four deep, and no deeper", () => {
    expect(readOnnxFile(writeModel({ ...nested(64), opset: 17 })).operators).toEqual(["If", "Innermost"]);
    const tooDeep = [65, 200].map((depth) => reasonAgainst(writeModel({ ...nested(depth), opset: 17 })));
    expect(new Set(tooDeep)).toEqual(new Set(["its subgraphs are nested more than 64 deep"]));
  });

  test("may hold fields that a later version has added, of every wire type", () => {
    // Field 1000 as varint, 8 bytes, 5 bytes by length and 4 bytes: 1000 · 8 = 8000 = 62 · 128 + 64, so 0xc0 | type, 62.
    const added = [
      [0xc0, 62, 7],
      [0xc1, 62, 1, 2, 3, 4, 5, 6, 7, 8],
      [0xc2, 62, 5, 1, 2, 3, 4, 5],
      [0xc5, 62, 1, 2, 3, 4],
    ];
    expect(readOnnxFile(Uint8Array.of(...added.flat(), ...addOneModel()))).toEqual(readOnnxFile(addOneModel()));
  });

  test("may write a number in more bytes than it needs, up to the ten of a 64-bit number", () => {
    // Field 8 (8 · 8 + 2 = 66) of 11 bytes: in it field 2 (2 · 8 = 16), and 5 as 0x85, eight times 0x80, 0.
    const wide = [66, 11, 16, 0x85, ...Array<number>(8).fill(0x80), 0];
    expect(readOnnxFile(fileOf(58, 0, ...wide)).opset).toEqual({ "": 5 });
  });
});

describe("bytes that are no ONNX file", () => {
  test("are refused when there are none", () => {
    expect(reasonAgainst(new Uint8Array())).toBe("the file is empty");
  });

  test("are refused when they hold no graph", () => {
    expect(reasonAgainst(new ProtobufMessage().integer(1, 8).toBytes())).toBe("it holds no graph");
  });

  test.for([
    [
      "a number that never ends",
      [8, ...Array<number>(11).fill(0x80)],
      "its bytes break off the protobuf encoding at offset 11",
    ],
    ["a number that the file ends in", [8, 0x80], "it is cut short"],
    ["a field without its content", [58], "it is cut short"],
    ["a length beyond the file", [58, 2, 0], "it is cut short"],
    ["a length of 2^63", [58, ...Array<number>(9).fill(0x80), 1], "it is cut short"],
    ["eight bytes of which seven are there", [9, 0, 0, 0, 0, 0, 0, 0], "it is cut short"],
    ["four bytes of which three are there", [13, 0, 0, 0], "it is cut short"],
    ["a group", [59], "its bytes break off the protobuf encoding at offset 1"],
    ["a wire type that does not exist", [62], "its bytes break off the protobuf encoding at offset 1"],
    ["a graph that is a number", [56, 1], "field 7 has the wrong type"],
    ["a producer that is a number", [16, 1], "field 2 has the wrong type"],
  ] as const)("are refused for %s", ([, bytes, reason]) => {
    expect(reasonAgainst(fileOf(...bytes))).toBe(reason);
  });

  test.for([
    ["a text", "PK\u0003\u0004 or <html>"],
    ["JSON", '{"model": true}'],
  ])("are refused when they are %s", ([, content]) => {
    expect(endOf(new TextEncoder().encode(content))).toBe("refused");
  });

  test("are refused, or read as far as they go, wherever a model is cut off", () => {
    const whole = writeModel({ ...nested(2), opset: 17, producer: "a trainer" });
    const { operators } = readOnnxFile(whole);
    const ends = Array.from(whole, (_, length) => endOf(whole.subarray(0, length)));
    // The graph is one field, and behind it comes the opset: cut between the two, the file is the whole graph without one.
    expect(ends.filter((end) => end !== "refused")).toEqual([
      { opset: {}, operators, producer: "a trainer", nodeRuns: 3, unbounded: [] },
    ]);
  });

  test("are refused or read when any byte of a model is another", () => {
    const whole = addOneModel();
    for (let at = 0; at < whole.length; at++) {
      for (const byte of [0x00, 0x7f, 0x80, 0xff, (whole[at] ?? 0) ^ 1, (whole[at] ?? 0) ^ 4]) {
        endOf(whole.with(at, byte));
      }
    }
    expect(endOf(whole)).not.toBe("refused");
  });

  test("are refused or read, whatever they are", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.uint8Array({ maxLength: 64 }), (inside, after) => {
        endOf(inside);
        // Also as a graph, so that the random part is reached.
        endOf(new ProtobufMessage().bytes(7, inside).bytes(8, after).toBytes());
      }),
      { numRuns: 3_000 },
    );
  });
});
