import { type Refused, refused } from "../problem.ts";
import type { Reply } from "./messages.ts";
import type { Outcome } from "./worker-process.ts";

/** What a command was held to, for the evidence of its end. */
export interface Bounds {
  readonly limitMs: number;
  readonly limitBytes: number;
}

/** How a command that brought no answer is told. */
export function refusalOf(outcome: Exclude<Outcome, { kind: "replied" }>, { limitMs, limitBytes }: Bounds): Refused {
  if (outcome.kind === "untouched") return refused("runtime-failed", "The model's process ended before its turn.");
  const { usedBytes } = outcome;
  switch (outcome.cause) {
    case "time":
      return refused("run-timed-out", `The run took longer than ${limitMs} ms and was ended.`, { limit_ms: limitMs });
    case "memory":
      return refused("out-of-memory", `The run needed ${usedBytes} bytes of memory; ${limitBytes} are allowed.`, {
        limit_bytes: limitBytes,
        used_bytes: usedBytes,
      });
    case "exit":
      return refused("runtime-failed", "The process that ran the model came to an unexpected end.");
    case "room":
    case "drain":
      return refused("overloaded", "The server is ending; send the request to another one.");
  }
}

/** How a process that said no, or something else than it was asked for, is told. */
export function refusalOfReply(reply: Reply): Refused {
  if (reply.kind === "refused") return refused(reply.code, reply.detail, reply.evidence);
  const reason = reply.kind === "fault" ? reply.reason : `it answered "${reply.kind}"`;
  return refused("runtime-failed", `The process that runs the model failed: ${reason}`);
}
