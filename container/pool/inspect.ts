import type { Inspection } from "../../engine/signature.ts";
import { type ModelSource, bytesOf } from "../model-source.ts";
import { type Refused, refused } from "../problem.ts";
import { type Bounds, refusalOf, refusalOfReply } from "./ends.ts";
import type { Command, Reply } from "./messages.ts";
import type { Surroundings } from "./model-processes.ts";
import type { Outcome, WorkerProcess } from "./worker-process.ts";

/** What an inspection ends with. */
export type InspectionEnd = { readonly kind: "inspected"; readonly inspection: Inspection } | Refused;

/**
 * Load a model into a process of its own and try it out, to learn what it takes.
 *
 * @param limitMs  how long loading may take, and how long the trial run after it, in milliseconds
 */
export async function inspect(
  source: ModelSource,
  limitMs: number,
  { room, files, limits }: Pick<Surroundings, "room" | "files" | "limits">,
): Promise<InspectionEnd> {
  const held = await files.hold(source);
  if (held.kind === "refused") return held;
  const process = await room.start(2 * bytesOf(source));
  const bounds = { limitMs, limitBytes: limits.runMemoryBytes };
  try {
    const loaded = await tell(process, { kind: "load", files: held.files }, "Loading the model", bounds);
    if ("problem" in loaded) return loaded;
    const tried = await tell(process, { kind: "inspect", modelPath: held.files.model }, "Its trial run", bounds);
    if ("problem" in tried || tried.kind === "inspected") return tried;
    return refusalOfReply(tried);
  } finally {
    held.release();
    room.end(process);
  }
}

/** Have a step done; whatever keeps it from its end is a fault of the model, told in numbers. */
async function tell(process: WorkerProcess, command: Command, step: string, bounds: Bounds): Promise<Reply | Refused> {
  const outcome = await process.perform(command, [], bounds.limitMs);
  if (outcome.kind !== "replied") return rejection(outcome, step, bounds);
  const { reply } = outcome;
  return reply.kind === "refused" || reply.kind === "fault" ? refusalOfReply(reply) : reply;
}

function rejection(outcome: Exclude<Outcome, { kind: "replied" }>, step: string, bounds: Bounds): Refused {
  const { limitMs, limitBytes } = bounds;
  const end = refusalOf(outcome, bounds);
  const { code, evidence } = end.problem;
  switch (code) {
    case "run-timed-out":
      return refused("model-rejected", `${step} takes longer than ${limitMs} ms.`, { limit_ms: limitMs });
    case "out-of-memory":
      return refused("model-rejected", `${step} needs more memory than ${limitBytes} bytes.`, evidence);
    case "runtime-failed":
      return refused("model-rejected", `${step} crashes ONNX Runtime.`);
    default:
      return end;
  }
}
