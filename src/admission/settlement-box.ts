import type { Ended } from "./claims.rules.ts";

/** How long a trip may carry a settlement before it counts as lost and another takes it, in milliseconds. */
const CARRIED_MS = 5_000;

/**
 * One tenant's settlements that wait for a trip to its cell.
 *
 * It holds plain data, because a Worker may not finish one request's promise from another: whoever goes to the cell next takes
 * along what lies here, and each request looks after its own until it is gone. Settlements may be told twice, so it is better to
 * take one again than to lose it.
 */
export class SettlementBox {
  /** When each counts as lost on its trip, in ms since 1970; 0 while it lies here. */
  readonly #lostAtMs = new Map<Ended, number>();
  #watchedUntilMs = 0;

  get isEmpty(): boolean {
    return this.#lostAtMs.size === 0;
  }

  /**
   * Take over the watch over what lies here, for so long. @returns false when somebody has it
   *
   * A watch that was not ended in twice its time was lost with its request.
   */
  watch(nowMs: number, forMs: number): boolean {
    if (nowMs < this.#watchedUntilMs) return false;
    this.#watchedUntilMs = nowMs + 2 * forMs;
    return true;
  }

  /** @returns everything that lies here or is carried: the watcher's to see delivered; what comes later is not */
  endWatch(): Ended[] {
    this.#watchedUntilMs = 0;
    return [...this.#lostAtMs.keys()];
  }

  drop(settlement: Ended): void {
    this.#lostAtMs.set(settlement, 0);
  }

  /** Whether the cell has not confirmed it yet. */
  holds(settlement: Ended): boolean {
    return this.#lostAtMs.has(settlement);
  }

  /** Take along what nobody carries, at most so many. Say {@link delivered} or {@link returned} at the end of the trip. */
  take(most: number, nowMs: number): Ended[] {
    const taken: Ended[] = [];
    for (const [settlement, lostAtMs] of this.#lostAtMs) {
      if (taken.length >= most) break;
      if (lostAtMs > nowMs) continue;
      this.#lostAtMs.set(settlement, nowMs + CARRIED_MS);
      taken.push(settlement);
    }
    return taken;
  }

  delivered(batch: readonly Ended[]): void {
    for (const settlement of batch) this.#lostAtMs.delete(settlement);
  }

  returned(batch: readonly Ended[]): void {
    for (const settlement of batch) if (this.#lostAtMs.has(settlement)) this.#lostAtMs.set(settlement, 0);
  }
}
