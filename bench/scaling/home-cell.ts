import { type Call, CommitQueue } from "./calls.ts";
import { Process } from "./process.ts";
import {
  type Grant,
  type HomeBudget,
  type Report,
  type WindowPolicy,
  answerReport,
  freeUnits,
  spendAtHome,
} from "./regional-budget.rules.ts";
import { REFUNDED, RUN_MS } from "./scenario.ts";
import type { SeededRandom } from "./seeded-random.ts";
import type { Tally } from "./tally.ts";
import type { Timeline } from "./timeline.ts";

/** The cell that owns the tenant's budget: it charges its own region's callers and prepays the other regions' cells. */
export class HomeCell {
  readonly #process: Process;
  readonly #queue: CommitQueue;
  readonly #random: SeededRandom;
  readonly #tally: Tally;
  readonly #windows: WindowPolicy;
  /** On disk. */
  #budget: HomeBudget;

  constructor(timeline: Timeline, random: SeededRandom, tally: Tally, budgetUnits: number, windows: WindowPolicy) {
    this.#process = new Process(timeline);
    this.#queue = new CommitQueue(this.#process, (calls) => this.#commit(calls));
    this.#random = random;
    this.#tally = tally;
    this.#windows = windows;
    this.#budget = { budgetUnits, spentAtHome: 0, accounts: new Map() };
  }

  get freeUnits(): number {
    return freeUnits(this.#budget);
  }

  receive(call: Call): void {
    this.#queue.receive(call);
  }

  /** Hear a regional cell's report; a cell that is down answers nothing. */
  hear(cell: string, report: Report, reply: (grant: Grant) => void): void {
    if (!this.#process.isUp) return;
    const { home, grant } = answerReport(this.#budget, cell, report, this.#windows);
    this.#budget = home;
    reply(grant);
  }

  crash(downMs: number): void {
    this.#process.crash(downMs, () => undefined);
    this.#queue.lose();
  }

  #commit(calls: readonly Call[]): void {
    for (const call of calls) {
      const charged = spendAtHome(this.#budget);
      if (!charged) {
        call.answer("refused");
        continue;
      }
      this.#budget = charged;
      this.#tally.charged();
      call.answer("admitted");
      if (this.#random.happens(REFUNDED)) this.#process.after(RUN_MS, () => this.#refund());
    }
  }

  #refund(): void {
    this.#budget = { ...this.#budget, spentAtHome: this.#budget.spentAtHome - 1 };
    this.#tally.refunded();
  }
}
