import { type Call, CommitQueue } from "./calls.ts";
import { Process } from "./process.ts";
import type { Region } from "./regions.ts";
import {
  EMPTY_ACCOUNT,
  type Grant,
  type RegionalAccount,
  type Report,
  acceptGrant,
  availableUnits,
  refund,
  reportOf,
  returnExcess,
  spend,
} from "./regional-budget.rules.ts";
import { REFUNDED, RUN_MS } from "./scenario.ts";
import type { SeededRandom } from "./seeded-random.ts";
import type { Tally } from "./tally.ts";
import type { Timeline } from "./timeline.ts";

/** Send a report to the home cell; the answer may come late, more than once or never. */
export type Ask = (cell: string, report: Report, onGrant: (grant: Grant) => void) => void;

/** What a regional cell is set to. */
export interface RegionalSettings {
  readonly region: Region;
  readonly reportMs: number;
  readonly maxWindowUnits: number;
  readonly ask: Ask;
}

/** How long a call waits for a grant at most; the deadline of an admission. */
const DEADLINE_MS = 5_000;

/** A call that found no unit and waits for the home cell's answer. */
interface Waiting {
  readonly call: Call;
  readonly untilMs: number;
}

/** The cell of one region: it spends what the home cell has prepaid, and asks for more before that has gone. */
export class RegionalCell {
  readonly #timeline: Timeline;
  readonly #random: SeededRandom;
  readonly #tally: Tally;
  readonly #settings: RegionalSettings;
  readonly #process: Process;
  readonly #queue: CommitQueue;
  /** On disk, with the incarnation: which database of this region it is. */
  #account: RegionalAccount = EMPTY_ACCOUNT;
  #incarnation = 1;
  // In memory, all of it worth losing:
  #waiting: Waiting[] = [];
  /** The latest question that is not answered yet; 0 when there is none. */
  #question = 0;
  #questions = 0;
  #dryUntilMs = 0;
  #spentThisInterval = 0;
  #spentLastInterval = 0;

  constructor(timeline: Timeline, random: SeededRandom, tally: Tally, settings: RegionalSettings) {
    this.#timeline = timeline;
    this.#random = random;
    this.#tally = tally;
    this.#settings = settings;
    this.#process = new Process(timeline);
    this.#queue = new CommitQueue(this.#process, (calls) => this.#commit(calls));
    this.#process.after(random.next() * settings.reportMs, () => this.#beat());
  }

  get availableUnits(): number {
    return availableUnits(this.#account);
  }

  receive(call: Call): void {
    this.#queue.receive(call);
  }

  /** @returns units that nobody can spend any more, because only the lost database knew that they were unspent */
  crash(downMs: number, losesDisk: boolean): number {
    this.#process.crash(downMs, () => this.#beat());
    this.#queue.lose();
    for (const { call } of this.#waiting.splice(0)) call.answer("unavailable");
    this.#question = 0;
    this.#dryUntilMs = 0;
    this.#spentThisInterval = 0;
    this.#spentLastInterval = 0;
    if (!losesDisk) return 0;
    const lostUnits = this.availableUnits;
    this.#account = EMPTY_ACCOUNT;
    this.#incarnation += 1;
    return lostUnits;
  }

  #commit(calls: readonly Call[]): void {
    for (const call of calls) {
      if (!this.#admit(call)) this.#wait(call);
    }
    if (this.availableUnits <= this.#wantedUnits / 2) this.#ask();
  }

  #admit(call: Call): boolean {
    const charged = spend(this.#account);
    if (!charged) return false;
    this.#account = charged;
    this.#spentThisInterval += 1;
    this.#tally.charged();
    call.answer("admitted");
    if (this.#random.happens(REFUNDED)) this.#settleLater();
    return true;
  }

  #settleLater(): void {
    const incarnation = this.#incarnation;
    this.#process.after(RUN_MS, () => {
      if (incarnation !== this.#incarnation) return;
      this.#account = refund(this.#account);
      this.#tally.refunded();
    });
  }

  #wait(call: Call): void {
    if (this.#timeline.nowMs < this.#dryUntilMs) call.answer("refused");
    else this.#waiting.push({ call, untilMs: this.#timeline.nowMs + DEADLINE_MS });
  }

  /** Twice what an interval took of late; all that it may hold while calls wait, as a cell does that has just begun. */
  get #wantedUnits(): number {
    if (this.#waiting.length > 0) return this.#settings.maxWindowUnits;
    return 2 * Math.max(this.#spentThisInterval, this.#spentLastInterval);
  }

  /** Ask for more, one question at a time; one that stays unanswered is asked again. */
  #ask(): void {
    if (this.#question !== 0 || this.#timeline.nowMs < this.#dryUntilMs) return;
    this.#questions += 1;
    const question = this.#questions;
    this.#question = question;
    this.#report();
    this.#process.after(3 * this.#settings.region.toHomeMs, () => {
      if (this.#question !== question) return;
      this.#question = 0;
      this.#dropLate();
      this.#ask();
    });
  }

  #report(): void {
    const cell = `${this.#settings.region.hint}/${this.#incarnation}`;
    this.#settings.ask(cell, reportOf(this.#account, this.#wantedUnits), (grant) => this.#hear(cell, grant));
  }

  #hear(cell: string, grant: Grant): void {
    const isMine = cell === `${this.#settings.region.hint}/${this.#incarnation}`;
    if (!this.#process.isUp || !isMine) return;
    this.#account = acceptGrant(this.#account, grant);
    this.#question = 0;
    const waiting = this.#waiting.splice(0);
    const isDry = grant.windowUnits === 0;
    if (isDry) this.#dryUntilMs = this.#timeline.nowMs + this.#settings.reportMs;
    for (const each of waiting) {
      if (this.#admit(each.call)) continue;
      if (isDry) each.call.answer("refused");
      else this.#waiting.push(each);
    }
    if (this.#waiting.length > 0) this.#ask();
  }

  #dropLate(): void {
    const isLate = ({ untilMs }: Waiting): boolean => untilMs <= this.#timeline.nowMs;
    for (const { call } of this.#waiting.filter(isLate)) call.answer("unavailable");
    this.#waiting = this.#waiting.filter((waiting) => !isLate(waiting));
  }

  /** Once an interval: give back what a whole interval did not need, and say where the cell stands. */
  #beat(): void {
    this.#spentLastInterval = this.#spentThisInterval;
    this.#spentThisInterval = 0;
    this.#account = returnExcess(this.#account, 2 * this.#spentLastInterval);
    this.#report();
    this.#process.after(this.#settings.reportMs, () => this.#beat());
  }
}
