import type { Send } from "../../src/admission/group-commit.ts";

/** Bounds of one lane. */
export interface ParallelLimits {
  readonly maxBatch: number;
  /** Trips of one lane that may be under way at once. */
  readonly maxTrips: number;
}

const DEADLINE_MS = 5_000;

type Outcome<Answer> = { answer: Answer } | { fault: unknown } | "lead";

interface Ticket<Request, Answer> {
  readonly request: Request;
  readonly wake: (outcome: Outcome<Answer>) => void;
}

interface Lane<Request, Answer> {
  trips: number;
  waiting: Ticket<Request, Answer>[];
}

/**
 * {@link ../../src/admission/group-commit.ts} with more than one trip under way, to measure what that would give.
 *
 * For measurements only: a request that gave up stays in its lane, and a lane that is left stays in memory.
 */
export class ParallelLanes<Request, Answer> {
  readonly #limits: ParallelLimits;
  readonly #lanes = new Map<string, Lane<Request, Answer>>();

  constructor(limits: ParallelLimits) {
    this.#limits = limits;
  }

  async submit(name: string, request: Request, send: Send<Request, Answer>): Promise<Answer> {
    const lane = this.#lanes.get(name) ?? { trips: 0, waiting: [] };
    this.#lanes.set(name, lane);
    if (lane.trips < this.#limits.maxTrips) {
      lane.trips++;
      return await this.#lead(lane, request, send);
    }
    const outcome = await this.#wait(lane, request);
    if (outcome === "lead") return await this.#lead(lane, request, send);
    if ("fault" in outcome) throw outcome.fault;
    return outcome.answer;
  }

  async #wait(lane: Lane<Request, Answer>, request: Request): Promise<Outcome<Answer>> {
    const { promise, resolve } = Promise.withResolvers<Outcome<Answer>>();
    // As there: without a timer of its own a request that waits for another one counts as hung.
    const timer = setTimeout(() => resolve({ fault: new Error("The trip took too long.") }), DEADLINE_MS);
    lane.waiting.push({ request, wake: resolve });
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
    }
  }

  async #lead(lane: Lane<Request, Answer>, request: Request, send: Send<Request, Answer>): Promise<Answer> {
    const followers = lane.waiting.splice(0, this.#limits.maxBatch - 1);
    try {
      const [own, ...others] = await send([request, ...followers.map((ticket) => ticket.request)]);
      if (own === undefined || others.length !== followers.length) throw new Error("An answer is missing.");
      for (const [index, answer] of others.entries()) followers[index]?.wake({ answer });
      return own;
    } catch (fault) {
      for (const ticket of followers) ticket.wake({ fault });
      throw fault;
    } finally {
      const next = lane.waiting.shift();
      if (next) next.wake("lead");
      else lane.trips--;
    }
  }
}
