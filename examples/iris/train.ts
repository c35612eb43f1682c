/** Trains the iris classifier and writes iris.onnx beside this file: `npm run train:iris`. */
import { readFileSync, writeFileSync } from "node:fs";

import type { TensorDefinition } from "../onnx-tensor.ts";
import { writeModel } from "../onnx-writer.ts";
import { classify, seededRandom, trainClassifier } from "./classifier.ts";
import type { Classifier, Flower, Neuron, RandomSource } from "./classifier.ts";

/** The species in the order of the model's labels. */
const SPECIES = ["setosa", "versicolor", "virginica"] as const;

/** The year of Fisher's paper. */
const SEED = 1936;

/** Of each species' 50 flowers. */
const HELD_OUT_PER_SPECIES = 15;

/** What one training run gives. */
export interface TrainedIris {
  /** The bytes of iris.onnx. */
  model: Uint8Array<ArrayBuffer>;
  /** The 45 flowers that the training did not see, 15 of each species. */
  heldOut: Flower[];
  /** Share of the held-out flowers that the classifier names rightly, 0 to 1. */
  accuracy: number;
}

/**
 * Train the classifier on 35 flowers of each species, and write it as an ONNX model; equal data gives equal bytes.
 *
 * @param csv  the text of iris.csv: a title line, then four lengths in cm and the species
 */
export function trainIris(csv: string): TrainedIris {
  const random = seededRandom(SEED);
  const { training, heldOut } = split(parseFlowers(csv), random);
  const classifier = trainClassifier(training, SPECIES.length, random);
  const right = heldOut.filter((flower) => classify(classifier, flower.measurements) === flower.species);
  return { model: irisModel(classifier), heldOut, accuracy: right.length / heldOut.length };
}

function parseFlowers(csv: string): Flower[] {
  const [, ...lines] = csv.trimEnd().split("\n");
  return lines.map((line) => {
    const fields = line.split(",");
    const species = SPECIES.findIndex((name) => name === fields[4]);
    const measurements = fields.slice(0, 4).map(Number);
    if (species < 0 || measurements.some(Number.isNaN)) throw new Error(`not a flower: ${line}`);
    return { measurements, species };
  });
}

function split(flowers: readonly Flower[], random: RandomSource): { training: Flower[]; heldOut: Flower[] } {
  const shuffled = flowers
    .map((flower) => ({ flower, order: random() }))
    .toSorted((left, right) => left.order - right.order)
    .map(({ flower }) => flower);
  const bySpecies = SPECIES.map((_, species) => shuffled.filter((flower) => flower.species === species));
  return {
    training: bySpecies.flatMap((group) => group.slice(HELD_OUT_PER_SPECIES)),
    heldOut: bySpecies.flatMap((group) => group.slice(0, HELD_OUT_PER_SPECIES)),
  };
}

/**
 * measurements FP32 [batch, 4], cm → probabilities FP32 [batch, 3] and label INT64 [batch].
 */
function irisModel(classifier: Classifier): Uint8Array<ArrayBuffer> {
  return writeModel({
    opset: 17,
    producer: "tensorgate examples/iris",
    name: "iris",
    metadata: { classes: SPECIES.join(",") },
    inputs: [{ name: "measurements", datatype: "FP32", shape: ["batch", 4] }],
    outputs: [
      { name: "probabilities", datatype: "FP32", shape: ["batch", SPECIES.length] },
      { name: "label", datatype: "INT64", shape: ["batch"] },
    ],
    initializers: [
      vector("mean", classifier.mean),
      vector("deviation", classifier.deviation),
      ...layerTensors("hidden", classifier.hidden),
      ...layerTensors("output", classifier.output),
    ],
    nodes: [
      { op: "Sub", inputs: ["measurements", "mean"], outputs: ["centred"] },
      { op: "Div", inputs: ["centred", "deviation"], outputs: ["standardised"] },
      layerNode("standardised", "hidden"),
      { op: "Relu", inputs: ["hidden"], outputs: ["activated"] },
      layerNode("activated", "output"),
      { op: "Softmax", inputs: ["output"], outputs: ["probabilities"], attributes: { axis: { int: -1 } } },
      {
        op: "ArgMax",
        inputs: ["probabilities"],
        outputs: ["label"],
        attributes: { axis: { int: -1 }, keepdims: { int: 0 } },
      },
    ],
  });
}

/** output [batch, neurons] = input [batch, inputs] · weightsᵀ + bias */
function layerNode(input: string, name: string) {
  const inputs = [input, `${name}.weights`, `${name}.bias`];
  return { op: "Gemm", inputs, outputs: [name], attributes: { transB: { int: 1 } } };
}

/** weights FP32 [neurons, inputs] and bias FP32 [neurons] */
function layerTensors(name: string, layer: readonly Neuron[]): TensorDefinition[] {
  const weights = layer.flatMap((neuron) => neuron.weights);
  const shape = [layer.length, weights.length / layer.length];
  const bias = layer.map((neuron) => neuron.bias);
  return [{ name: `${name}.weights`, datatype: "FP32", shape, data: weights }, vector(`${name}.bias`, bias)];
}

function vector(name: string, data: readonly number[]): TensorDefinition {
  return { name, datatype: "FP32", shape: [data.length], data };
}

if (import.meta.main) {
  const { model, heldOut, accuracy } = trainIris(readFileSync(new URL("iris.csv", import.meta.url), "utf8"));
  writeFileSync(new URL("iris.onnx", import.meta.url), model);
  console.log(
    `held-out accuracy ${accuracy.toFixed(3)} on ${heldOut.length} flowers; iris.onnx, ${model.length} bytes`,
  );
}
