import { vi } from "vitest";

/** The stopped clock of a test. */
export interface StoppedClock {
  readonly advanceMs: (milliseconds: number) => void;
}

/** Stop the clock of the Worker and of its cells while a test runs, so that a limit refills only when the test says so. */
export async function withStoppedClock(start: string, run: (clock: StoppedClock) => Promise<void>): Promise<void> {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.parse(start) });
  try {
    await run({ advanceMs: (milliseconds) => vi.setSystemTime(Date.now() + milliseconds) });
  } finally {
    vi.useRealTimers();
  }
}
