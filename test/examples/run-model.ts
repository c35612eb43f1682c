import * as ort from "onnxruntime-web";

import type { Datatype, TensorDefinition } from "../../examples/onnx-tensor.ts";
import { writeModel } from "../../examples/onnx-writer.ts";
import type { ModelDefinition, NodeDefinition } from "../../examples/onnx-writer.ts";

ort.env.wasm.numThreads = 1;

/** A model without inputs, whose one output, `output`, is of any shape. */
export function outputModel(
  datatype: Datatype,
  nodes: NodeDefinition[],
  initializers: TensorDefinition[] = [],
): ModelDefinition {
  return { opset: 17, inputs: [], outputs: [{ name: "output", datatype }], nodes, initializers };
}

/** Write the model and open it in ONNX Runtime. */
export function loadModel(model: ModelDefinition): Promise<ort.InferenceSession> {
  return ort.InferenceSession.create(writeModel(model));
}

/** Run a model of `outputModel` once, and give its output. */
export async function runModel(model: ModelDefinition): Promise<ort.Tensor> {
  const session = await loadModel(model);
  const { output } = await session.run({});
  if (output === undefined) throw new Error("the model has no output named output");
  return output;
}
