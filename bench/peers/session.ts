import { readFile } from "node:fs/promises";
import type * as ort from "onnxruntime-web/wasm";
import type { InferenceCall } from "../../engine/decode.ts";
import type { Tensor } from "../../engine/datatypes.ts";
import type { Signature, TensorSpec } from "../../engine/signature.ts";

/** A model of FP32 tensors in ONNX Runtime, with nothing around it. */
export interface PeerModel {
  readonly signature: Signature;
  run(call: InferenceCall): Promise<Tensor[]>;
}

/**
 * Load a model as a plain server does, on one thread as in a Worker.
 *
 * @param runtime  the package: `onnxruntime-web/wasm` or `onnxruntime-node`; the two have one interface
 */
export async function loadPeer(runtime: string, file: string): Promise<PeerModel> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion, import/no-dynamic-require -- which of two packages is the caller's to say
  const { InferenceSession, Tensor: OrtTensor, env } = (await import(runtime)) as typeof ort;
  env.wasm.numThreads = 1;
  const session = await InferenceSession.create(await readFile(file), { intraOpNumThreads: 1, logSeverityLevel: 3 });
  return {
    signature: { inputs: session.inputMetadata.map(specOf), outputs: session.outputMetadata.map(specOf) },
    run: async (call) => {
      const feeds = call.inputs.map(({ name, data, shape }) => {
        if (!(data instanceof Float32Array)) throw new Error(`Input "${name}" is not FP32, as all here are.`);
        return [name, new OrtTensor("float32", data, shape)] as const;
      });
      const names = call.outputs.map((output) => output.name);
      const results = await session.run(Object.fromEntries(feeds), names);
      return names.map((name) => fp32Tensor(name, results[name]));
    },
  };
}

function specOf(metadata: ort.InferenceSession.ValueMetadata): TensorSpec {
  if (!metadata.isTensor) throw new Error(`"${metadata.name}" is not a tensor, as all here are.`);
  const shape = metadata.shape.map((size) => (typeof size === "number" ? size : -1));
  return { name: metadata.name, datatype: "FP32", shape };
}

function fp32Tensor(name: string, value: ort.OnnxValue | undefined): Tensor {
  if (value?.data instanceof Float32Array) return { name, datatype: "FP32", shape: value.dims, data: value.data };
  throw new Error(`Output "${name}" is not FP32, as all here are.`);
}
