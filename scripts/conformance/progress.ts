/** How far a run is: one rewriting line on a terminal, a plain line every 5 % elsewhere. */

/** `now` gives milliseconds; `rewrite` replaces the current line and is there on a terminal only. */
export interface ProgressOutput {
  readonly log: (line: string) => void;
  readonly rewrite?: ((text: string) => void) | undefined;
  readonly now: () => number;
}

const barCells = 24;
const stepPercent = 5;
const rewriteEveryMs = 100;

/** Minutes and seconds, m:ss. */
function formatDuration(durationMs: number): string {
  const seconds = Math.round(durationMs / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** Counts vectors as they finish and shows the count, the rate, the time that is left and the failures. */
export class Progress {
  readonly #total: number;
  readonly #output: ProgressOutput;
  readonly #startedAtMs: number;
  #done = 0;
  #failed = 0;
  #shownPercent = 0;
  #rewrittenAtMs = -Infinity;

  constructor(total: number, output: ProgressOutput) {
    this.#total = total;
    this.#output = output;
    this.#startedAtMs = output.now();
  }

  /** Count one finished vector. */
  record(hasFailed: boolean): void {
    this.#done += 1;
    if (hasFailed) this.#failed += 1;
    if (this.#output.rewrite === undefined) this.#showStep();
    else this.#showBar(this.#output.rewrite);
  }

  /** Clear the rewriting line, so that the report starts on an empty one. */
  end(): void {
    this.#output.rewrite?.("");
  }

  #summary(): string {
    const elapsedMs = Math.max(this.#output.now() - this.#startedAtMs, 1);
    const perSecond = (this.#done * 1000) / elapsedMs;
    const leftMs = (elapsedMs * (this.#total - this.#done)) / this.#done;
    const count = `${this.#done}/${this.#total}`;
    return `${count}  ${perSecond.toFixed(1)}/s  ETA ${formatDuration(leftMs)}  ${this.#failed} failed`;
  }

  #showStep(): void {
    const percent = Math.floor((this.#done * 100) / this.#total / stepPercent) * stepPercent;
    if (percent === this.#shownPercent) return;
    this.#shownPercent = percent;
    this.#output.log(`${String(percent).padStart(3)} %  ${this.#summary()}`);
  }

  #showBar(rewrite: (text: string) => void): void {
    const nowMs = this.#output.now();
    if (nowMs - this.#rewrittenAtMs < rewriteEveryMs && this.#done < this.#total) return;
    this.#rewrittenAtMs = nowMs;
    const filled = Math.round((this.#done * barCells) / this.#total);
    rewrite(`${"█".repeat(filled)}${"░".repeat(barCells - filled)}  ${this.#summary()}`);
  }
}
