interface Event {
  readonly atMs: number;
  /** The order of events at the same moment: that in which they were planned. */
  readonly number: number;
  readonly happen: () => void;
}

/** The time of a simulation: it stands still while an event happens, and then leaps to the next one. */
export class Timeline {
  /** A binary heap: each event is before the two at 2i + 1 and 2i + 2. */
  readonly #events: Event[] = [];
  #planned = 0;
  #nowMs = 0;

  get nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, happen: () => void): void {
    this.#push({ atMs: this.#nowMs + delayMs, number: this.#planned++, happen });
  }

  /** Let everything happen that is due until then, and what it leads to. */
  runUntil(endMs: number): void {
    for (let event = this.#events[0]; event && event.atMs <= endMs; event = this.#events[0]) {
      this.#pop();
      this.#nowMs = event.atMs;
      event.happen();
    }
    this.#nowMs = endMs;
  }

  #push(event: Event): void {
    let index = this.#events.push(event) - 1;
    while (index > 0) {
      const above = (index - 1) >> 1;
      if (!isBefore(event, this.#events[above])) break;
      this.#swap(index, above);
      index = above;
    }
  }

  #pop(): void {
    const last = this.#events.pop();
    if (!last || this.#events.length === 0) return;
    this.#events[0] = last;
    for (let index = 0; ;) {
      const [left, right] = [2 * index + 1, 2 * index + 2];
      const first = isBefore(this.#events[right], this.#events[left]) ? right : left;
      if (!isBefore(this.#events[first], last)) return;
      this.#swap(index, first);
      index = first;
    }
  }

  #swap(one: number, other: number): void {
    const [first, second] = [this.#events[one], this.#events[other]];
    if (!first || !second) return;
    this.#events[one] = second;
    this.#events[other] = first;
  }
}

function isBefore(one: Event | undefined, other: Event | undefined): boolean {
  if (!one || !other) return one !== undefined;
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.number < other.number);
}
