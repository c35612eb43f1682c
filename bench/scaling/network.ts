import type { SeededRandom } from "./seeded-random.ts";
import type { Timeline } from "./timeline.ts";

/** What goes wrong with messages, each as a share of all. */
export interface NetworkFaults {
  readonly lost: number;
  readonly duplicated: number;
  /** Held up by up to {@link maxDelayMs}, so that later ones overtake them. */
  readonly delayed: number;
  readonly maxDelayMs: number;
}

export const NO_FAULTS: NetworkFaults = { lost: 0, duplicated: 0, delayed: 0, maxDelayMs: 0 };

/** Times vary by this share of the distance. */
const JITTER = 0.1;

/** Carries messages between cells over distances, and does with them what networks do. */
export class Network {
  readonly #timeline: Timeline;
  readonly #random: SeededRandom;
  readonly #faults: NetworkFaults;

  constructor(timeline: Timeline, random: SeededRandom, faults: NetworkFaults) {
    this.#timeline = timeline;
    this.#random = random;
    this.#faults = faults;
  }

  /** Deliver after half of the round-trip time, perhaps late, perhaps twice, perhaps never. */
  send(roundTripMs: number, deliver: () => void): void {
    if (this.#random.happens(this.#faults.lost)) return;
    this.carry(roundTripMs, deliver);
    if (this.#random.happens(this.#faults.duplicated)) this.carry(roundTripMs, deliver);
  }

  /** Deliver once, without loss: a caller's connection, which would be repeated by TCP. */
  carry(roundTripMs: number, deliver: () => void): void {
    const heldUpMs = this.#random.happens(this.#faults.delayed) ? this.#random.next() * this.#faults.maxDelayMs : 0;
    const jitter = 1 + JITTER * (this.#random.next() - 0.5);
    this.#timeline.after((roundTripMs / 2) * jitter + heldUpMs, deliver);
  }
}
