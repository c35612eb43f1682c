/** What the clients learned of one call, from all requests that carried its key. */
import type { IncomingHttpHeaders } from "node:http";

import type { PlannedCall } from "./plan.ts";
import type { Answer } from "./exchange.ts";

/** An answer of status 200. */
interface Success {
  readonly entryId: string;
  readonly receipt: string | undefined;
  /** Whether it repeats an earlier request's. */
  readonly isReplayed: boolean;
  readonly text: string;
}

/** What an answer means to who waits for it. */
export type Meaning = "final" | "held" | "again";

export class CallRecord {
  readonly plan: PlannedCall;
  /** The key as the ledger knows it, without quotes. */
  readonly key: string;
  readonly successes: Success[] = [];
  /** Answers of status 429. */
  refusals = 0;
  /** Answers of status 400, to a call that asks nonsense. */
  rejections = 0;
  /** Requests whose fate their sender did not learn: no answer, or one of 5xx. */
  unlearned = 0;
  /** Answers that no client should ever get. */
  readonly unexpected: string[] = [];
  /** Whether its clients gave up before they had a final answer. */
  isAbandoned = false;

  constructor(plan: PlannedCall, runId: string) {
    this.plan = plan;
    this.key = `torture-${runId}-${plan.index}`;
  }

  /** Whether nobody can know what it was charged: one request had no answer, and no later one says how it ended. */
  get isDoubtful(): boolean {
    return this.successes.length === 0 && this.unlearned > 0;
  }

  /** Take note of an answer, and tell what to do now. */
  learn(answer: Answer): Meaning {
    if (answer.kind === "unsent") return "again";
    if (answer.kind === "lost" || answer.status >= 500) {
      this.unlearned += 1;
      return "again";
    }
    const { status, headers, text } = answer;
    if (status === 409 && text.includes("idempotency-in-flight")) return "held";
    const isNonsense = this.plan.question === "nonsense";
    if (status === 200 && !isNonsense) this.successes.push(successOf(headers, text));
    else if (status === 400 && isNonsense) this.rejections += 1;
    else if (status === 429) this.refusals += 1;
    else this.unexpected.push(`${status} ${text.slice(0, 200)}`);
    return "final";
  }
}

function successOf(headers: IncomingHttpHeaders, text: string): Success {
  return {
    entryId: one(headers["tensorgate-entry"]) ?? "none",
    receipt: one(headers["tensorgate-receipt"]),
    isReplayed: headers["idempotent-replayed"] === "true",
    text,
  };
}

function one(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}
