import { z } from "@hono/zod-openapi";
import type { Datatype } from "../../engine/datatypes.ts";
import type { TensorSpec } from "../../engine/signature.ts";
import type { VersionRow } from "./models.tables.ts";

const tensor = {
  name: z.string(),
  data_type: z.string().openapi({ example: "TYPE_FP32" }),
  dims: z.array(z.number().int()).openapi({ description: "-1 is any size.", example: [-1, 4] }),
};

/**
 * A model configuration as Triton shows it, in JSON: what of it holds here.
 *
 * @see https://github.com/triton-inference-server/common/blob/main/protobuf/model_config.proto
 */
export const tritonConfigSchema = z
  .object({
    name: z.string(),
    platform: z.string(),
    backend: z.string(),
    version_policy: z.object({ specific: z.object({ versions: z.array(z.number().int()) }) }),
    max_batch_size: z.number().int().openapi({ description: "0: the first dimension is one of the tensor's own." }),
    input: z.array(z.object({ ...tensor, format: z.string(), optional: z.boolean() })),
    output: z.array(z.object(tensor)),
    instance_group: z.array(z.object({ name: z.string(), kind: z.string(), count: z.number().int() })),
    default_model_filename: z.string(),
    parameters: z.record(z.string(), z.object({ string_value: z.string() })),
  })
  .openapi("ModelConfig", {
    example: {
      name: "iris",
      platform: "onnxruntime_onnx",
      backend: "onnxruntime",
      version_policy: { specific: { versions: [1] } },
      max_batch_size: 0,
      input: [{ name: "measurements", data_type: "TYPE_FP32", dims: [-1, 4], format: "FORMAT_NONE", optional: false }],
      output: [{ name: "label", data_type: "TYPE_INT64", dims: [-1] }],
      instance_group: [{ name: "iris", kind: "KIND_CPU", count: 1 }],
      default_model_filename: "model.onnx",
      parameters: { runtime: { string_value: "isolate" } },
    },
  });

/** A version as Triton would configure it. What runs it is no backend of Triton's, so it stands in the parameters. */
export function presentTritonConfig(
  model: string,
  version: VersionRow,
  versions: readonly VersionRow[],
): z.infer<typeof tritonConfigSchema> {
  const { inputs, outputs } = version.inspection;
  const served = versions.filter((candidate) => candidate.retiredAtMs === null);
  return {
    name: model,
    platform: "onnxruntime_onnx",
    backend: "onnxruntime",
    version_policy: { specific: { versions: served.map(({ number }) => number) } },
    max_batch_size: 0,
    input: inputs.map((spec) => ({ ...presentTensor(spec), format: "FORMAT_NONE", optional: false })),
    output: outputs.map(presentTensor),
    instance_group: [{ name: model, kind: "KIND_CPU", count: 1 }],
    default_model_filename: "model.onnx",
    parameters: {
      runtime: { string_value: version.runtime },
      placement: { string_value: version.placement.reasons.join("; ") },
    },
  };
}

function presentTensor({ name, datatype, shape }: TensorSpec) {
  return { name, data_type: tritonType(datatype), dims: [...shape] };
}

function tritonType(datatype: Datatype): string {
  return datatype === "BYTES" ? "TYPE_STRING" : `TYPE_${datatype}`;
}
