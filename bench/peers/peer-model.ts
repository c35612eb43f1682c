import type * as ort from "onnxruntime-web/wasm";
import type { InferenceCall } from "../../engine/decode.ts";
import type { Tensor } from "../../engine/datatypes.ts";
import type { Signature, TensorSpec } from "../../engine/signature.ts";

/** A model of FP32 tensors in ONNX Runtime, with nothing around it. */
export interface PeerModel {
  readonly signature: Signature;
  run(call: InferenceCall): Promise<Tensor[]>;
}

/** A session in the terms of the engine's codec. It takes for granted that all tensors are FP32, as those of the benchmarks are. */
export function peerModel(session: ort.InferenceSession, OrtTensor: typeof ort.Tensor): PeerModel {
  return {
    signature: { inputs: session.inputMetadata.map(specOf), outputs: session.outputMetadata.map(specOf) },
    run: async (call) => {
      const feeds = call.inputs.map(({ name, data, shape }) => {
        if (!(data instanceof Float32Array)) throw new Error(`Input "${name}" is not FP32.`);
        return [name, new OrtTensor("float32", data, shape)] as const;
      });
      const names = call.outputs.map((output) => output.name);
      const results = await session.run(Object.fromEntries(feeds), names);
      return names.map((name) => fp32Tensor(name, results[name]));
    },
  };
}

function specOf(metadata: ort.InferenceSession.ValueMetadata): TensorSpec {
  if (!metadata.isTensor) throw new Error(`"${metadata.name}" is not a tensor.`);
  const shape = metadata.shape.map((size) => (typeof size === "number" ? size : -1));
  return { name: metadata.name, datatype: "FP32", shape };
}

function fp32Tensor(name: string, value: ort.OnnxValue | undefined): Tensor {
  if (value?.data instanceof Float32Array) return { name, datatype: "FP32", shape: value.dims, data: value.data };
  throw new Error(`Output "${name}" is not FP32.`);
}
