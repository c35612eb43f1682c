import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { type RunningContainer, startContainer } from "../../container/start.ts";
import { done, warn } from "./screen.ts";

/** The container backend of this machine. It comes back by itself, at the same address, when it ends unasked. */
export interface LocalContainer {
  readonly url: string;
  /** Let it finish what it is at. To be called once it is no longer kept. */
  stop(): Promise<void>;
}

type Wish = Parameters<typeof startContainer>[0];

/** Before it is started again; twice as long each time… */
const FIRST_PAUSE_MS = 100;
/** …up to this, … */
const LONGEST_PAUSE_MS = 5_000;
/** …until it has run for so long. */
const STEADY_AFTER_MS = 10_000;

/**
 * Start the container backend and keep it running: with the same port and token, so that the Worker finds it again.
 *
 * @param stopping  from then on it is not started again
 * @throws Error    when its first start fails; later ones are tried again
 */
export async function keepContainer(wish: Wish, stopping: AbortSignal): Promise<LocalContainer> {
  const first = await startContainer(wish);
  const port = new URL(first.url).port;
  const again = {
    ...wish,
    environment: { ...wish.environment, CONTAINER_TOKEN: first.token, PORT: port },
  };
  const last = keep(first, again, stopping);
  return {
    url: first.url,
    stop: async () => {
      await (await last)?.stop();
    },
  };
}

/** @returns the one that runs when it is no longer kept */
async function keep(
  first: RunningContainer,
  again: Wish,
  stopping: AbortSignal,
): Promise<RunningContainer | undefined> {
  const stopped = once(stopping, "abort");
  let running: RunningContainer | undefined = first;
  let startedMs = performance.now();
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    await Promise.race([running?.ended, stopped]);
    if (stopping.aborted) return running;
    warn("The container backend has ended unasked; what it ran has failed. It is started again.");
    if (performance.now() - startedMs > STEADY_AFTER_MS) pauseMs = FIRST_PAUSE_MS;
    await Promise.race([pause(pauseMs), stopped]);
    if (stopping.aborted) return undefined;
    startedMs = performance.now();
    running = await startContainer(again).catch(() => undefined);
    if (running) done(`container backend ready again at ${running.url}`);
  }
}
