interface Period {
  readonly versions: readonly number[];
  readonly fromMs: number;
  toMs: number;
}

/** Which versions may answer, and when: while a change is under way, both those before it and those after it. */
export class ServedVersions {
  readonly #periods: Period[];

  constructor(...versions: number[]) {
    this.#periods = [{ versions, fromMs: performance.now(), toMs: Infinity }];
  }

  /** Make a change, after which these versions answer and no others. */
  async change<T>(versions: readonly number[], make: () => Promise<T>): Promise<T> {
    this.#begin([...(this.#periods.at(-1)?.versions ?? []), ...versions]);
    const made = await make();
    this.#begin(versions);
    return made;
  }

  /** The versions that may have answered a call that was under way in this time. */
  between(fromMs: number, toMs: number): Set<number> {
    const overlapping = this.#periods.filter((period) => period.fromMs <= toMs && period.toMs >= fromMs);
    return new Set(overlapping.flatMap(({ versions }) => versions));
  }

  #begin(versions: readonly number[]): void {
    const nowMs = performance.now();
    const last = this.#periods.at(-1);
    if (last) last.toMs = nowMs;
    this.#periods.push({ versions, fromMs: nowMs, toMs: Infinity });
  }
}
