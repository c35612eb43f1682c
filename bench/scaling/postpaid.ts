import { startCallers, startCrashes } from "./callers.ts";
import { type Call, CommitQueue } from "./calls.ts";
import { Network } from "./network.ts";
import { Process } from "./process.ts";
import { CELL_REGIONS, HOME, REGIONS } from "./regions.ts";
import type { Scenario } from "./scenario.ts";
import { seededRandom } from "./seeded-random.ts";
import { Tally } from "./tally.ts";
import { Timeline } from "./timeline.ts";

/**
 * What is often built instead: every region admits as long as the total that it last heard of is below the budget, and reports
 * what it has added since. Reports are differences, so a lost one is never counted and a repeated one is counted twice.
 */
export function simulatePostpaid(scenario: Scenario): Tally {
  const timeline = new Timeline();
  const random = seededRandom(scenario.seed);
  const tally = new Tally(scenario.budgetUnits);
  const world = { timeline, random, tally };
  const network = new Network(timeline, random, scenario.faults);
  const home = { totalUnits: 0 };
  const cells = new Map(
    [...CELL_REGIONS, ...REGIONS.filter(({ hint }) => hint === HOME)].map((region) => {
      const report: ReportAdded = (added, onTotal) =>
        network.send(region.toHomeMs, () => {
          home.totalUnits += added;
          network.send(region.toHomeMs, () => onTotal(home.totalUnits));
        });
      const settings = { ...scenario, report };
      return [region.hint, new PostpaidCell(timeline, tally, settings, random.next() * scenario.reportMs)];
    }),
  );
  startCallers(world, scenario, ({ nearest, toNearestMs }) => ({
    roundTripMs: toNearestMs,
    receive: (call) => cells.get(nearest)?.receive(call),
  }));
  for (const cell of cells.values()) startCrashes(world, scenario, (downMs) => cell.crash(downMs));
  timeline.runUntil((scenario.seconds + 10) * 1000);
  return tally;
}

type ReportAdded = (added: number, onTotal: (totalUnits: number) => void) => void;

class PostpaidCell {
  readonly #process: Process;
  readonly #queue: CommitQueue;
  readonly #tally: Tally;
  readonly #settings: { readonly budgetUnits: number; readonly reportMs: number; readonly report: ReportAdded };
  /** On disk, both. */
  #knownUnits = 0;
  #addedUnits = 0;

  constructor(
    timeline: Timeline,
    tally: Tally,
    settings: { readonly budgetUnits: number; readonly reportMs: number; readonly report: ReportAdded },
    firstReportMs: number,
  ) {
    this.#process = new Process(timeline);
    this.#queue = new CommitQueue(this.#process, (calls) => this.#commit(calls));
    this.#tally = tally;
    this.#settings = settings;
    this.#process.after(firstReportMs, () => this.#beat());
  }

  receive(call: Call): void {
    this.#queue.receive(call);
  }

  crash(downMs: number): void {
    this.#process.crash(downMs, () => this.#beat());
    this.#queue.lose();
  }

  #commit(calls: readonly Call[]): void {
    for (const call of calls) {
      if (this.#knownUnits + this.#addedUnits >= this.#settings.budgetUnits) {
        call.answer("refused");
        continue;
      }
      this.#addedUnits += 1;
      this.#tally.charged();
      call.answer("admitted");
    }
  }

  #beat(): void {
    const added = this.#addedUnits;
    this.#addedUnits = 0;
    this.#knownUnits += added;
    this.#settings.report(added, (totalUnits) => {
      this.#knownUnits = totalUnits;
    });
    this.#process.after(this.#settings.reportMs, () => this.#beat());
  }
}
