import { readFileSync } from "node:fs";

import * as ort from "onnxruntime-web";
import { describe, expect, test } from "vitest";

import { trainIris } from "../../examples/iris/train.ts";
import type { Flower } from "../../examples/iris/classifier.ts";

ort.env.wasm.numThreads = 1;

const folder = new URL("../../examples/iris/", import.meta.url);
const csv = readFileSync(new URL("iris.csv", folder), "utf8");
const committed = readFileSync(new URL("iris.onnx", folder));
const trained = trainIris(csv);
const session = await ort.InferenceSession.create(committed);

describe("iris.csv is Fisher's data, as R's `iris` has them", () => {
  // Mean and sample standard deviation in cm: sepal length and width, petal length and width. The copy in the UCI
  // repository differs in rows 35 and 38, which shows in setosa's sepal width (3.418) and petal width (0.244).
  test.each([
    ["setosa", [5.006, 3.428, 1.462, 0.246], [0.3525, 0.3791, 0.1737, 0.1054]],
    ["versicolor", [5.936, 2.77, 4.26, 1.326], [0.5162, 0.3138, 0.4699, 0.1978]],
    ["virginica", [6.588, 2.974, 5.552, 2.026], [0.6359, 0.3225, 0.5519, 0.2747]],
  ])("%s has 50 rows with the published means and deviations", (species, means, deviations) => {
    const rows = csv
      .split("\n")
      .map((line) => line.split(","))
      .filter((fields) => fields[4] === species);
    expect(rows).toHaveLength(50);
    for (const [column, expected] of means.entries()) {
      const values = rows.map((fields) => Number(fields[column]));
      const mean = values.reduce((sum, value) => sum + value, 0) / 50;
      const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
      expect(mean).toBeCloseTo(expected, 6);
      expect(Math.sqrt(squares / 49)).toBeCloseTo(deviations[column] ?? Number.NaN, 4);
    }
  });

  test("rows 35 and 38 are as Fisher printed them", () => {
    const lines = csv.split("\n");
    expect(lines[35]).toBe("4.9,3.1,1.5,0.2,setosa");
    expect(lines[38]).toBe("4.9,3.6,1.4,0.1,setosa");
  });
});

describe("the committed iris.onnx", () => {
  test("is byte for byte what train.ts writes", () => {
    expect(Buffer.compare(committed, trained.model)).toBe(0);
  });

  test("names its input and its outputs with their datatypes and shapes", () => {
    expect(session.inputMetadata).toMatchObject([{ name: "measurements", type: "float32", shape: ["batch", 4] }]);
    expect(session.outputMetadata).toMatchObject([
      { name: "probabilities", type: "float32", shape: ["batch", 3] },
      { name: "label", type: "int64", shape: ["batch"] },
    ]);
  });

  test("names at least 93 of 100 flowers rightly that the training did not see", async () => {
    const { label } = await classify(trained.heldOut);
    const right = trained.heldOut.filter((flower, index) => Number(label[index]) === flower.species);
    expect(trained.heldOut).toHaveLength(45);
    expect(right.length / 45).toBeGreaterThanOrEqual(0.93);
    expect(right.length / 45).toBe(trained.accuracy);
  });

  test("gives each flower probabilities that sum to 1, and labels the highest", async () => {
    const { probabilities, label } = await classify(trained.heldOut);
    for (const [index] of trained.heldOut.entries()) {
      const row = Array.from(probabilities.slice(3 * index, 3 * index + 3), Number);
      expect(row.reduce((sum, probability) => sum + probability, 0)).toBeCloseTo(1, 5);
      expect(Number(label[index])).toBe(row.indexOf(Math.max(...row)));
    }
  });

  test("carries the names of its classes in the order of its labels", () => {
    expect(committed.toString("latin1")).toContain("classes\x12\x1bsetosa,versicolor,virginica");
  });
});

/** probabilities FP32 [flowers, 3] and label INT64 [flowers], flat. */
async function classify(flowers: readonly Flower[]) {
  const values = Float32Array.from(flowers.flatMap((flower) => flower.measurements));
  const results = await session.run({ measurements: new ort.Tensor("float32", values, [flowers.length, 4]) });
  const { probabilities, label } = results;
  if (!(probabilities?.data instanceof Float32Array)) throw new TypeError("probabilities are not FP32");
  if (!(label?.data instanceof BigInt64Array)) throw new TypeError("labels are not INT64");
  expect(probabilities.dims).toEqual([flowers.length, 3]);
  expect(label.dims).toEqual([flowers.length]);
  return { probabilities: probabilities.data, label: label.data };
}
