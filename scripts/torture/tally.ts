/** What all requests of a run came to. */
import type { Answer } from "./exchange.ts";

export class Tally {
  /** Calls that have their final answer. */
  ended = 0;
  /** Requests that were sent again because the one before had no final answer. */
  retries = 0;
  /** Requests that were sent, retries included. */
  sent = 0;
  /** Requests that got an answer, of whatever status. */
  answered = 0;
  /** Answers of status 200 that said that they repeat an earlier one. */
  replayed = 0;
  /** How many requests ended so: by status, or by what kept the answer from coming. */
  readonly ends = new Map<string, number>();

  /** @param hangsUp  whether the sender hung up on purpose */
  count(answer: Answer, hangsUp: boolean): void {
    this.sent += 1;
    if (answer.kind === "answered") {
      this.answered += 1;
      if (answer.headers["idempotent-replayed"] === "true") this.replayed += 1;
    }
    const end = describeEnd(answer, hangsUp);
    this.ends.set(end, (this.ends.get(end) ?? 0) + 1);
  }
}

function describeEnd(answer: Answer, hangsUp: boolean): string {
  if (answer.kind === "answered") return String(answer.status);
  if (answer.kind === "unsent") return "connection refused";
  return hangsUp && answer.reason.includes("hung up") ? "client hung up" : `no answer: ${answer.reason}`;
}
