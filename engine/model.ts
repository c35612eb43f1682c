import type { Tensor } from "./datatypes.ts";
import type { Signature, TensorSpec } from "./signature.ts";

/** A model loaded into a runtime, ready to run: ONNX Runtime Web in an isolate, ONNX Runtime itself in the container. */
export interface LoadedModel {
  readonly signature: Signature;
  /** Outputs that no tensor of the protocol can carry. */
  readonly unsupportedOutputs: readonly string[];
  /** @throws Refusal `inference-failed` with the runtime's own reason */
  run(inputs: readonly Tensor[], outputs: readonly TensorSpec[]): Promise<Tensor[]>;
}

/** A file of external data under the name that the model has for it. The name is a label, never a path. */
export interface ExternalFile {
  readonly path: string;
  readonly data: Uint8Array;
}
