import { DATATYPES, type Tensor, type TensorData, elementCount } from "./datatypes.ts";
import type { LoadedModel } from "./model.ts";
import { Refusal } from "./refusal.ts";
import { trialShape } from "./request-size.ts";
import type { TensorSpec, Trial } from "./signature.ts";

/**
 * Run a model twice on inputs of our own making: every open dimension is 1, every number 1, every text empty.
 *
 * The first run makes what later runs find made; the second shows what a run takes. A model that refuses these inputs is not at fault: they
 * may be out of its range. What it said is kept.
 */
export async function tryOut(model: LoadedModel): Promise<Trial> {
  const inputs = model.signature.inputs.map(trialTensor);
  try {
    await model.run(inputs, model.signature.outputs);
    const startedMs = performance.now();
    await model.run(inputs, model.signature.outputs);
    return { outcome: "ran", runMicros: Math.round((performance.now() - startedMs) * 1000) };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { outcome: "failed", reason: error.detail };
  }
}

function trialTensor(spec: TensorSpec): Tensor {
  const { name, datatype } = spec;
  const shape = trialShape(spec);
  return { name, datatype, shape, data: ones(datatype, elementCount(shape)) };
}

function ones(datatype: Tensor["datatype"], count: number): TensorData {
  if (datatype === "BYTES") return Array.from<string>({ length: count }).fill("");
  const data = new DATATYPES[datatype].array(count);
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) data.fill(1n);
  else data.fill(1);
  return data;
}
