import { rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What a benchmark borrows from the machine: a directory and processes. All of it is given back at the end. */
export interface Workshop {
  readonly directory: string;
  /** Have something ended when the workshop closes; the last one first. */
  defer(end: () => Promise<unknown>): void;
  close(): Promise<void>;
}

/**
 * Open a workshop in a fresh directory under the system's own for temporary files.
 *
 * The directory goes when the process ends too, however it ends: Miniflare exits on a signal and waits for nobody.
 */
export async function openWorkshop(): Promise<Workshop> {
  const directory = await mkdtemp(join(tmpdir(), "tensorgate-bench-"));
  const removeDirectory = (): void => rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
  process.once("exit", removeDirectory);
  const ends: (() => Promise<unknown>)[] = [];
  return {
    directory,
    defer: (end) => void ends.push(end),
    close: async () => {
      await endAll(ends);
      removeDirectory();
      process.off("exit", removeDirectory);
    },
  };
}

/** Use a workshop for one piece of work: what is deferred meanwhile ends with it, and what it wrote stays until the end. */
export async function during<T>(workshop: Workshop, work: (inner: Workshop) => Promise<T>): Promise<T> {
  const ends: (() => Promise<unknown>)[] = [];
  try {
    return await work({ ...workshop, defer: (end) => void ends.push(end) });
  } finally {
    await endAll(ends);
  }
}

async function endAll(ends: (() => Promise<unknown>)[]): Promise<void> {
  for (let end = ends.pop(); end; end = ends.pop()) {
    await end().catch((error: unknown) => console.error("While cleaning up:", error));
  }
}
