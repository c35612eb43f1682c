import { vi } from "vitest";
import { GroupCommit, type GroupCommitLimits, Overloaded, type Send } from "../../src/admission/group-commit.ts";

/** One trip to the far side, which a test lets arrive or fail when it likes. */
export interface Trip {
  /** Whose connection carries it. */
  readonly by: string;
  readonly batch: readonly string[];
  /** Answer every request with its own name and an exclamation mark. */
  arrive(): Promise<void>;
  answer(answers: string[]): Promise<void>;
  fail(fault: Error): Promise<void>;
}

/** A far side that answers nothing by itself, and keeps a list of the trips that were made to it. */
export class FarSide {
  readonly trips: Trip[] = [];

  /** The connection of one request. */
  connectionOf(by: string): Send<string, string> {
    return async (batch) => {
      const { promise, resolve, reject } = Promise.withResolvers<string[]>();
      const answer = async (answers: string[]): Promise<void> => {
        resolve(answers);
        await nextTurn();
      };
      const fail = async (fault: Error): Promise<void> => {
        reject(fault);
        await nextTurn();
      };
      const arrive = async (): Promise<void> => {
        await answer(batch.map((request) => `${request}!`));
      };
      this.trips.push({ by, batch: [...batch], arrive, answer, fail });
      return await promise;
    };
  }

  /** The trip of this number, from 0. */
  trip(number: number): Trip {
    const trip = this.trips[number];
    if (!trip) throw new Error(`There are ${this.trips.length} trips only.`);
    return trip;
  }

  get batches(): (readonly string[])[] {
    return this.trips.map((trip) => trip.batch);
  }
}

/** What became of a submitted request so far. */
export type Fate =
  | { state: "waits" | "overloaded" }
  | { state: "answered"; answer: string }
  | { state: "failed"; fault: unknown };

/** Submit a request over its own connection; its fate can be read at any time. */
export function submit(
  lane: Pick<GroupCommit<string, string>, "submit">,
  far: FarSide,
  request: string,
): { fate: Fate } {
  return follow(lane.submit(request, far.connectionOf(request)));
}

/** Keep the fate of a request at hand. */
function follow(promise: Promise<string>): { fate: Fate } {
  const followed: { fate: Fate } = { fate: { state: "waits" } };
  void promise.then(
    (answer) => {
      followed.fate = { state: "answered", answer };
    },
    (fault: unknown) => {
      followed.fate = fault instanceof Overloaded ? { state: "overloaded" } : { state: "failed", fault };
    },
  );
  return followed;
}

/** Run a test on a clock that stands still until the test moves it. */
export function onFakeClock(run: () => Promise<void>): () => Promise<void> {
  return async () => {
    vi.useFakeTimers({ now: 0 });
    try {
      await run();
    } finally {
      vi.useRealTimers();
    }
  };
}

/** Let everything happen that happens up to so many milliseconds from now. */
export async function pass(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
}

/** Let everything happen that waits for no clock. */
export async function nextTurn(): Promise<void> {
  await pass(0);
}

/** Do something in a request that is torn down at once: none of the timers that it sets will ever fire. */
export function tornDown<T>(act: () => T): T {
  vi.stubGlobal("setTimeout", () => 0);
  try {
    return act();
  } finally {
    vi.unstubAllGlobals();
  }
}

/** A hundred on a trip, a hundred waiting, a second at most. */
export const limits: GroupCommitLimits = { maxBatch: 100, maxWaiting: 100, deadlineMs: 1_000, lingerMs: 0 };

/** A lane and its far side. */
export function newLane(changed: Partial<GroupCommitLimits> = {}) {
  const far = new FarSide();
  const lane = new GroupCommit<string, string>({ ...limits, ...changed });
  return { far, lane, send: (request: string) => submit(lane, far, request) };
}

/** The fate of a request that the far side has answered. */
export function answered(request: string) {
  return { state: "answered", answer: `${request}!` };
}

/** The fate of a request that is on its way or waits for it. */
export const waits = { state: "waits" };
/** The fate of a request that was refused for the load or the time. */
export const overloaded = { state: "overloaded" };
