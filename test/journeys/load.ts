import { expect } from "vitest";

/** Calls that go on until they are stopped. */
export interface Load {
  /** Wait until something is so; rejects at once when a call has failed. */
  until(isSo: () => boolean | Promise<boolean>, what: string): Promise<void>;
  /** Let the calls under way end, and begin no other. Rejects when a call has failed. */
  stop(): Promise<void>;
}

const UNTIL_MS = 60_000;

/** Make calls on several connections at once, on each the next one as soon as the last is answered. */
export function startLoad(
  connections: number,
  call: (connection: number, stopping: AbortSignal) => Promise<void>,
): Load {
  const stopping = new AbortController();
  const goOn = async (connection: number): Promise<void> => {
    while (!stopping.signal.aborted) await call(connection, stopping.signal);
  };
  const all = Promise.all(Array.from({ length: connections }, (_, connection) => goOn(connection))).then(
    () => undefined,
  );
  all.catch(() => stopping.abort());
  const poll = async (isSo: () => boolean | Promise<boolean>, what: string): Promise<void> => {
    await expect.poll(isSo, { timeout: UNTIL_MS, interval: 20, message: what }).toBe(true);
  };
  return {
    until: async (isSo, what) => {
      await Promise.race([poll(isSo, what), all]);
    },
    stop: async () => {
      stopping.abort();
      await all;
    },
  };
}
