import * as z from "zod";
import { type Datatype, isDatatype } from "../../engine/datatypes.ts";
import { ENGINE_REFUSALS } from "../../engine/refusal.ts";
import type { Reply } from "./messages.ts";

const tensorSpecs = z.array(
  z.object({
    name: z.string(),
    datatype: z.custom<Datatype>(isDatatype),
    shape: z.array(z.number().int().min(-1)),
  }),
);

const trial = z.discriminatedUnion("outcome", [
  z.object({ outcome: z.literal("ran"), runMicros: z.number() }),
  z.object({ outcome: z.literal("failed"), reason: z.string() }),
  z.object({ outcome: z.literal("not-tried") }),
]);

const inspection = z.object({
  opset: z.record(z.string(), z.number()),
  operators: z.array(z.string()),
  producer: z.string(),
  nodeRuns: z.number(),
  unbounded: z.array(z.string()),
  inputs: tensorSpecs,
  outputs: tensorSpecs,
  heapBytes: z.number(),
  peakHeapBytes: z.number(),
  trial,
  unsupportedOutputs: z.array(z.string()),
});

const reply = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("answer"), headers: z.record(z.string(), z.string()) }),
  z.object({
    kind: z.literal("refused"),
    code: z.enum(ENGINE_REFUSALS),
    detail: z.string(),
    evidence: z.record(z.string(), z.union([z.string(), z.number(), z.array(z.union([z.string(), z.number()]))])),
  }),
  z.object({ kind: z.literal("loaded"), signature: z.object({ inputs: tensorSpecs, outputs: tensorSpecs }) }),
  z.object({ kind: z.literal("inspected"), inspection }),
  z.object({ kind: z.literal("warm") }),
  z.object({ kind: z.literal("fault"), reason: z.string() }),
]);

/**
 * Read what a worker process says, as the word of a stranger: a model that has broken out of ONNX Runtime may speak for it.
 *
 * @throws z.ZodError  when it is no {@link Reply}
 */
export function readReply(head: unknown): Reply {
  return reply.parse(head);
}
