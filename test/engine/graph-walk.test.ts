import { describe, expect, test } from "vitest";
import { readOnnxFile } from "../../engine/onnx-file.ts";
import type { TensorDefinition } from "../../examples/onnx-tensor.ts";
import {
  type GraphDefinition,
  type NodeDefinition,
  type ValueDefinition,
  writeModel,
} from "../../examples/onnx-writer.ts";
import { ProtobufMessage } from "../../examples/protobuf-message.ts";
import { refusalOf } from "./requests.ts";

const x: ValueDefinition = { name: "x", datatype: "FP32", shape: [4, 2] };
const y: ValueDefinition = { name: "y", datatype: "FP32", shape: [4, 2] };
const relu: NodeDefinition = { op: "Relu", inputs: ["x"], outputs: ["h"] };
const body: GraphDefinition = { inputs: [], outputs: [], nodes: [relu, { ...relu, outputs: ["h2"] }] };

function int64(name: string, value: number, shape: readonly number[] = []): TensorDefinition {
  return { name, datatype: "INT64", shape, data: [value] };
}

function loop(trips: string, graph: GraphDefinition = body): NodeDefinition {
  return { op: "Loop", name: "repeat", inputs: [trips, "", "x"], outputs: ["y"], attributes: { body: { graph } } };
}

function scan(input: string, more: NodeDefinition["attributes"] = {}): NodeDefinition {
  const attributes = { num_scan_inputs: { int: 1 }, body: { graph: body }, ...more };
  return { op: "Scan", name: "sweep", inputs: ["state", input], outputs: ["y"], attributes };
}

function read(graph: Partial<GraphDefinition>, opset = 17) {
  const { nodeRuns, unbounded } = readOnnxFile(writeModel({ opset, inputs: [x], outputs: [y], nodes: [], ...graph }));
  return { nodeRuns, unbounded };
}

const OPEN_LOOP = ['Loop "repeat" has no constant trip count.'];
const OPEN_SCAN = ['Scan "sweep" runs over an input of open length.'];

describe("how many nodes an inference runs", () => {
  test("is the number of nodes where nothing repeats, both branches of an If counted", () => {
    const branches = { then_branch: { graph: body }, else_branch: { graph: body } };
    const choose: NodeDefinition = { op: "If", inputs: ["c"], outputs: ["y"], attributes: branches };
    expect(read({ nodes: [relu, choose] })).toEqual({ nodeRuns: 6, unbounded: [] }); // Relu, If, 2 + 2
  });

  test("counts a loop's body as often as its constant trip count says, whichever way it is written", () => {
    const trips: NodeDefinition = {
      op: "Constant",
      inputs: [],
      outputs: ["n"],
      attributes: { value: { tensor: int64("", 5) } },
    };
    const plain: NodeDefinition = { ...trips, attributes: { value_int: { int: 5 } } };
    expect(read({ nodes: [loop("n")], initializers: [int64("n", 5)] })).toEqual({ nodeRuns: 11, unbounded: [] }); // 1 + 5 · 2
    expect(read({ nodes: [loop("n")], initializers: [int64("n", 5, [1])] })).toEqual({ nodeRuns: 11, unbounded: [] });
    expect(read({ nodes: [trips, loop("n")] })).toEqual({ nodeRuns: 12, unbounded: [] });
    expect(read({ nodes: [plain, loop("n")] })).toEqual({ nodeRuns: 12, unbounded: [] });
  });

  test("multiplies loops within loops, whose counts may stand in the graph around", () => {
    const inner: GraphDefinition = { ...body, nodes: [loop("n")] };
    // 1 + 100 · (1 + 100 · 2)
    expect(read({ nodes: [loop("n", inner)], initializers: [int64("n", 100)] }).nodeRuns).toBe(20_101);
  });

  test("counts a scan's body once for each step along a fixed axis", () => {
    expect(read({ nodes: [scan("x")] })).toEqual({ nodeRuns: 9, unbounded: [] }); // 1 + 4 · 2
    const columns = { scan_input_axes: { ints: [1] } };
    expect(read({ nodes: [scan("x", columns)] })).toEqual({ nodeRuns: 5, unbounded: [] }); // 1 + 2 · 2
  });

  test("counts what a function of the model's own runs each time that it is called, and stays a number", () => {
    const call = (name: string) => new ProtobufMessage().text(4, name).text(7, "own");
    const file = new ProtobufMessage().message(7, new ProtobufMessage().message(1, call("f40")));
    file.message(25, new ProtobufMessage().text(1, "f0").text(10, "own").message(7, call("leaf")));
    for (let level = 1; level <= 40; level++) {
      const calling = new ProtobufMessage().text(1, `f${level}`).text(10, "own");
      for (let times = 0; times < 4; times++) calling.message(7, call(`f${level - 1}`));
      file.message(25, calling);
    }
    expect(readOnnxFile(file.toBytes()).nodeRuns).toBe(Number.MAX_SAFE_INTEGER); // more than 4^40
  });
});

describe("it can't be told that a run ends", () => {
  test.each<[string, Partial<GraphDefinition>, string[]]>([
    ["of a loop without a trip count", { nodes: [loop("")] }, OPEN_LOOP],
    ["of a loop whose trip count is computed", { nodes: [loop("h")] }, OPEN_LOOP],
    [
      "of a loop whose trip count is an input",
      { inputs: [x, { name: "n", datatype: "INT64", shape: [] }], nodes: [loop("n")] },
      OPEN_LOOP,
    ],
    [
      "of a loop whose trip count is an input with a default",
      { inputs: [x, { name: "n", datatype: "INT64", shape: [] }], initializers: [int64("n", 5)], nodes: [loop("n")] },
      OPEN_LOOP,
    ],
    ["of a loop whose trip count is negative", { initializers: [int64("n", -1)], nodes: [loop("n")] }, OPEN_LOOP],
    [
      "of a loop whose trip count is hidden by a value of the same name",
      {
        initializers: [int64("n", 5)],
        nodes: [loop("n", { ...body, nodes: [{ op: "Size", inputs: ["x"], outputs: ["n"] }, loop("n")] })],
      },
      OPEN_LOOP,
    ],
    ["of a scan over an open axis", { inputs: [{ ...x, shape: ["steps", 2] }], nodes: [scan("x")] }, OPEN_SCAN],
    ["of a scan over something computed", { nodes: [relu, scan("h")] }, OPEN_SCAN],
    [
      "of a scan along an axis that isn't there",
      { nodes: [scan("x", { scan_input_axes: { ints: [-1] } })] },
      OPEN_SCAN,
    ],
    [
      "of a scan over an inner graph's input, whose shape is only a claim",
      {
        initializers: [int64("n", 1)],
        nodes: [loop("n", { inputs: [{ ...x, name: "z" }], outputs: [], nodes: [scan("z")] })],
      },
      OPEN_SCAN,
    ],
    [
      "of an operator that runs a graph for as long as its inputs say",
      {
        nodes: [
          {
            op: "BeamSearch",
            domain: "com.microsoft",
            inputs: ["x"],
            outputs: ["y"],
            attributes: { decoder: { graph: body } },
          },
        ],
      },
      ["BeamSearch runs its graph as often as its inputs say."],
    ],
  ])("%s", (_title, graph, unbounded) => {
    expect(read(graph).unbounded).toEqual(unbounded);
  });

  test("of a scan before operator set 9, which has other inputs", () => {
    expect(read({ nodes: [scan("x")] }, 8).unbounded).toEqual(OPEN_SCAN);
  });

  test("of a loop in a function of the model's own", () => {
    const open = new ProtobufMessage().text(4, "Loop").text(3, "repeat").text(1, "n");
    open.message(5, new ProtobufMessage().text(1, "body").message(6, new ProtobufMessage()));
    const file = new ProtobufMessage()
      .message(7, new ProtobufMessage())
      .message(25, new ProtobufMessage().text(1, "f").message(7, open));
    expect(readOnnxFile(file.toBytes()).unbounded).toEqual(OPEN_LOOP);
  });
});

describe("a file is refused", () => {
  test("when it holds two graphs, of which a reader may see either", () => {
    const graph = new ProtobufMessage();
    const file = new ProtobufMessage().message(7, graph).message(7, graph).toBytes();
    expect(refusalOf(() => readOnnxFile(file)).detail).toContain("more than one graph");
  });

  test("when its functions call each other in a circle", () => {
    const calling = (name: string, other: string) =>
      new ProtobufMessage()
        .text(1, name)
        .text(10, "own")
        .message(7, new ProtobufMessage().text(4, other).text(7, "own"));
    const file = new ProtobufMessage()
      .message(7, new ProtobufMessage())
      .message(25, calling("f", "g"))
      .message(25, calling("g", "f"));
    expect(refusalOf(() => readOnnxFile(file.toBytes())).detail).toContain("nested more than 64 deep");
  });

  test.each([
    [
      "has a name of more than 1,024 bytes",
      new TextEncoder().encode("n".repeat(1025)),
      "has 1025 bytes; 1024 are the most",
    ],
    ["has a name with a NUL in it", new TextEncoder().encode("x\0y"), "holds a control character"],
    ["has a name that is not UTF-8", Uint8Array.of(0xc3, 0x28), "a name in it is not UTF-8"],
  ])("when an input %s", (_title, name, reason) => {
    const graph = new ProtobufMessage().message(11, new ProtobufMessage().bytes(1, name));
    const file = new ProtobufMessage().message(7, graph).toBytes();
    expect(refusalOf(() => readOnnxFile(file)).detail).toContain(reason);
  });
});
