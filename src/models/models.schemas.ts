import { z } from "@hono/zod-openapi";
import { DATATYPES } from "../../engine/datatypes.ts";
import type { TensorSpec } from "../../engine/signature.ts";
import { timestamp } from "../http/contract.schemas.ts";
import { toTimestamp } from "../shared/clock.ts";
import type { VersionId } from "../shared/ids.ts";
import { type VersionStatistics, statisticsOf } from "../usage/statistics.rules.ts";
import { presentStatistics, statisticsSchema } from "../usage/statistics.schemas.ts";
import { ALIAS_NAME, MODEL_NAME, VERSION_STATES, versionState } from "./models.rules.ts";
import type { AliasRow, ModelRow, VersionRow } from "./models.tables.ts";

const modelName = z
  .string()
  .regex(MODEL_NAME, "must be 1 to 63 of a-z, 0-9, '.', '_', '-', beginning with a letter or digit")
  .openapi({ example: "iris" });

/** Parameters of paths. They are not checked here: a name that can't exist is one that isn't found. */
export const modelParams = z.object({ model: z.string().openapi({ example: "iris" }) });
export const versionParams = modelParams.extend({ version: z.string().openapi({ example: "1" }) });
export const aliasParams = modelParams.extend({
  alias: z
    .string()
    .regex(ALIAS_NAME, "must be 1 to 63 of a-z, 0-9, '.', '_', '-', beginning with a letter")
    .openapi({ example: "production" }),
});

export const newModelSchema = z
  .strictObject({
    name: modelName,
    description: z.string().max(1000).default("").openapi({ example: "Fisher's iris, three species" }),
  })
  .openapi("NewModel");

export const newAliasSchema = z
  .strictObject({ version: z.number().int().min(1).openapi({ example: 2 }) })
  .openapi("AliasTarget");

export const aliasSchema = z
  .object({ alias: z.string(), model: z.string(), version: z.number().int(), updated_at: timestamp })
  .openapi("Alias");

const tensorSpec = z
  .object({
    name: z.string(),
    datatype: z.enum(Object.keys(DATATYPES)),
    shape: z.array(z.number().int()).openapi({ description: "-1 is any size.", example: [-1, 4] }),
  })
  .openapi("TensorSpec");

export const versionSchema = z
  .object({
    id: z.string().openapi({ example: "ver_01jd8x3v5cq0q4m2n8h6y7z9ab" }),
    model: z.string(),
    version: z.number().int(),
    size_bytes: z.number().int().openapi({ description: "All files together." }),
    sha256: z.string().openapi({ description: "Of the ONNX file, hexadecimal." }),
    external_data: z.array(z.object({ name: z.string(), size_bytes: z.number().int(), sha256: z.string() })),
    inputs: z.array(tensorSpec),
    outputs: z.array(tensorSpec),
    unsupported_outputs: z
      .array(z.string())
      .openapi({ description: "Outputs that are no tensors (sequences, maps); they are not served." }),
    opset: z.record(z.string(), z.number().int()).openapi({ example: { "": 17 } }),
    operators: z.array(z.string()).openapi({ example: ["ArgMax", "Gemm", "Softmax"] }),
    producer: z.string(),
    heap_bytes: z.number().int().openapi({
      description:
        "ONNX Runtime's memory after the model was loaded: its WASM heap, or what the process grew by in the container.",
    }),
    peak_bytes: z.number().int().openapi({
      description: "The most that a run took in the trial: the files, and ONNX Runtime's memory after it.",
    }),
    aliases: z.array(z.string()),
    runtime: z.enum(["isolate", "container", "backend"]).openapi({ description: "What runs it." }),
    placement: z
      .object({ wished: z.enum(["auto", "isolate", "container", "backend"]), reasons: z.array(z.string()) })
      .openapi({ description: "Why it runs there." }),
    backend: z
      .object({ url: z.string(), model: z.string() })
      .nullable()
      .openapi({ description: "The tenant's own inference server, where that is the runtime." }),
    state: z
      .enum(VERSION_STATES)
      .openapi({ description: "`draining`: no further request is admitted, some still run.", example: "serving" }),
    retired_at: timestamp.nullable(),
    created_at: timestamp,
  })
  .openapi("ModelVersion");

export const versionDetailSchema = versionSchema
  .extend({
    in_flight: z.number().int().openapi({ description: "Inferences that run.", example: 0 }),
    statistics: statisticsSchema,
  })
  .openapi("ModelVersionDetail");

export const modelSchema = z
  .object({
    id: z.string().openapi({ example: "mdl_01jd8x3v5cq0q4m2n8h6y7z9ab" }),
    name: modelName,
    description: z.string(),
    loaded: z.boolean().openapi({ description: "Whether it serves anybody." }),
    created_at: timestamp,
  })
  .openapi("Model");

export const modelDetailSchema = modelSchema
  .extend({
    aliases: z.record(z.string(), z.number().int()).openapi({ example: { production: 1 } }),
    traffic: z
      .record(z.string(), z.number().int())
      .nullable()
      .openapi({ description: "Percent by version; null when `production` serves everybody.", example: null }),
    versions: z.array(versionDetailSchema),
  })
  .openapi("ModelDetail");

export const modelMetadataSchema = z
  .object({
    name: z.string(),
    versions: z.array(z.string()),
    platform: z.string(),
    inputs: z.array(tensorSpec),
    outputs: z.array(tensorSpec),
  })
  .openapi("ModelMetadata", {
    example: {
      name: "iris",
      versions: ["1"],
      platform: "onnx_onnxv1",
      inputs: [{ name: "measurements", datatype: "FP32", shape: [-1, 4] }],
      outputs: [{ name: "label", datatype: "INT64", shape: [-1] }],
    },
  });

export const modelReadySchema = z
  .object({ name: z.string(), ready: z.boolean() })
  .openapi("ModelReady", { example: { name: "iris", ready: true } });

/** The rows of a model and of all that hangs on it. */
export interface ModelRows {
  readonly model: ModelRow;
  readonly versions: readonly VersionRow[];
  readonly aliases: readonly AliasRow[];
}

/** What a model's versions do and have done, by version id; one that is left out has done nothing. */
export interface ModelActivity {
  readonly inFlight: ReadonlyMap<VersionId, number>;
  readonly statistics: ReadonlyMap<VersionId, VersionStatistics>;
}

/** A model as lists show it. */
export function presentModel(row: ModelRow) {
  const { id, name, description, loaded } = row;
  return { id, name, description, loaded, created_at: toTimestamp(row.createdAtMs) };
}

/** A model with all that hangs on it, as the API shows it. */
export function presentModelDetail({ model, versions, aliases }: ModelRows, activity: ModelActivity) {
  return {
    ...presentModel(model),
    aliases: Object.fromEntries(aliases.map((alias) => [alias.name, alias.versionNumber])),
    traffic: model.traffic && { ...model.traffic },
    versions: versions.map((version) => presentVersionDetail(model.name, version, aliases, activity)),
  };
}

/** A version with what it is doing. */
export function presentVersionDetail(
  model: string,
  row: VersionRow,
  aliases: readonly AliasRow[],
  activity: ModelActivity,
): z.infer<typeof versionDetailSchema> {
  const inFlight = activity.inFlight.get(row.id) ?? 0;
  const statistics = activity.statistics.get(row.id) ?? statisticsOf([]);
  return {
    ...presentVersion(model, row, aliases),
    state: versionState(row.retiredAtMs, inFlight),
    in_flight: inFlight,
    statistics: presentStatistics(statistics),
  };
}

/** A version as the API shows it. */
export function presentVersion(model: string, row: VersionRow, aliases: readonly AliasRow[]) {
  const { inputs, outputs, unsupportedOutputs, opset, operators, producer, heapBytes, peakHeapBytes } = row.inspection;
  return {
    id: row.id,
    model,
    version: row.number,
    size_bytes: row.sizeBytes,
    sha256: row.sha256,
    external_data: row.externalData.map(({ name, sizeBytes, sha256 }) => ({ name, size_bytes: sizeBytes, sha256 })),
    inputs: inputs.map(presentSpec),
    outputs: outputs.map(presentSpec),
    unsupported_outputs: [...unsupportedOutputs],
    opset,
    operators: [...operators],
    producer,
    heap_bytes: heapBytes,
    peak_bytes: row.sizeBytes + (peakHeapBytes ?? heapBytes),
    aliases: aliases.filter((alias) => alias.versionNumber === row.number).map((alias) => alias.name),
    runtime: row.runtime,
    placement: { wished: row.placement.wished, reasons: [...row.placement.reasons] },
    backend: row.backend && { url: row.backend.url, model: row.backend.model },
    state: versionState(row.retiredAtMs, 0),
    retired_at: row.retiredAtMs === null ? null : toTimestamp(row.retiredAtMs),
    created_at: toTimestamp(row.createdAtMs),
  };
}

/** An alias as the API shows it. */
export function presentAlias(alias: { alias: string; model: string; version: number; updatedAtMs: number }) {
  const { updatedAtMs, ...shown } = alias;
  return { ...shown, updated_at: toTimestamp(updatedAtMs) };
}

/** A version in the terms of the inference protocol. */
export function presentMetadata(model: string, version: VersionRow, versions: readonly VersionRow[]) {
  const { inputs, outputs } = version.inspection;
  return {
    name: model,
    versions: versions.filter((row) => row.retiredAtMs === null).map(({ number }) => String(number)),
    platform: "onnx_onnxv1",
    inputs: inputs.map(presentSpec),
    outputs: outputs.map(presentSpec),
  };
}

function presentSpec({ name, datatype, shape }: TensorSpec) {
  return { name, datatype, shape: [...shape] };
}
