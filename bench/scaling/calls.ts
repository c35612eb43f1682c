import type { Process } from "./process.ts";
import type { Region } from "./regions.ts";

/** How a call ended. Only `admitted` is charged; `unavailable` is a cell that was down or took too long. */
export type Outcome = "admitted" | "refused" | "unavailable";

/** One call that asks a cell to be admitted. */
export interface Call {
  readonly region: Region;
  readonly answer: (outcome: Outcome) => void;
}

/** From the first call of a batch to its commit, in milliseconds: one write to a replicated disk. An assumption. */
const COMMIT_MS = 2;

/** Where calls wait for the commit that takes them all: nothing is charged before, and a crash charges none of them. */
export class CommitQueue {
  readonly #process: Process;
  readonly #commit: (calls: readonly Call[]) => void;
  readonly #calls: Call[] = [];

  constructor(process: Process, commit: (calls: readonly Call[]) => void) {
    this.#process = process;
    this.#commit = commit;
  }

  receive(call: Call): void {
    if (!this.#process.isUp) {
      call.answer("unavailable");
      return;
    }
    this.#calls.push(call);
    if (this.#calls.length === 1) this.#process.after(COMMIT_MS, () => this.#commit(this.#calls.splice(0)));
  }

  /** The process has crashed. */
  lose(): void {
    for (const call of this.#calls.splice(0)) call.answer("unavailable");
  }
}
