import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import type { Duplex } from "node:stream";
import { type Frame, FrameReader, frameStart } from "./frames.ts";
import type { Command, Reply } from "./messages.ts";
import { readReply } from "./replies.ts";

/** Why a process came to its end. `exit` is its own doing: a crash, or a bug. */
export type EndCause = "time" | "memory" | "exit" | "room" | "drain";

/** What came of a command. */
export type Outcome =
  | { readonly kind: "replied"; readonly reply: Reply; readonly body: Uint8Array }
  /** The process ended while it was at it. */
  | { readonly kind: "ended"; readonly cause: EndCause; readonly usedBytes: number }
  /** The process did not get to it in time; it is for another to do. */
  | { readonly kind: "untouched" };

interface Task {
  readonly limitMs: number;
  readonly settle: (outcome: Outcome) => void;
}

/** How much work a process is given in advance, in milliseconds and in tasks. */
const AHEAD_MS = 4;
const AHEAD_TASKS = 8;
/** How long a task may run before those behind it are given back. */
const HOLD_UP_MS = 20;

const PROGRAM = new URL("./worker.ts", import.meta.url);
/**
 * Nothing of the server's: a model that has broken out of ONNX Runtime finds no token there. From 1.29 on, ONNX Runtime sends
 * the names and hashes of models to Microsoft unless this variable tells it not to.
 */
const ENVIRONMENT = { ORT_DISABLE_TELEMETRY: "1" };
/** Of Linux on x64, and on arm64 as distributions build it. */
const PAGE_BYTES = 4096;

/**
 * One worker process as the server sees it: it does the tasks it is given in order, and can be ended at any time.
 *
 * Only the first task is running. Those behind it wait in the channel, so that the process never idles between two.
 */
export class WorkerProcess {
  readonly #child: ChildProcess;
  readonly #channel: Duplex;
  readonly #reader = new FrameReader();
  readonly #tasks: Task[] = [];
  readonly #ended = Promise.withResolvers<undefined>();
  #cause: EndCause = "exit";
  #isEnding = false;
  #startedAtMs = 0;
  #averageMs = AHEAD_MS;
  /** Whether the running task takes so long that those behind it were given back. */
  #isHeldUp = false;
  #memoryBytes = 0;

  /**
   * @param workingDirectory  an empty one
   * @param environment       beside what every worker process is told
   */
  constructor(workingDirectory: string, environment: Readonly<Record<string, string>>) {
    this.#child = spawn(process.execPath, ["--expose-gc", "--disable-warning=ExperimentalWarning", PROGRAM.pathname], {
      cwd: workingDirectory,
      env: { ...ENVIRONMENT, ...environment },
      stdio: ["pipe", "ignore", "inherit", "pipe"],
    });
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- "pipe" beyond the third is a socket pair
    this.#channel = this.#child.stdio[3] as Duplex;
    this.#channel.on("data", (chunk: Buffer) => this.#receive(chunk));
    // What a broken channel means is said by the process's end.
    this.#channel.on("error", () => undefined);
    this.#child.stdin?.on("error", () => undefined);
    this.#child.on("error", () => this.#finish());
    this.#child.on("close", () => this.#finish());
  }

  /** Resolves once the process is gone. */
  get ended(): Promise<undefined> {
    return this.#ended.promise;
  }

  /** Whether it does no task any more. */
  get isEnding(): boolean {
    return this.#isEnding;
  }

  /** Tasks given and not finished. */
  get load(): number {
    return this.#tasks.length;
  }

  /**
   * Whether it should be given one more task: while its tasks are short, a few in advance, so that it need not wait for the
   * server between two. That doubles what a model of 40 µs answers, and gains nothing where a run takes milliseconds.
   */
  get hasCapacity(): boolean {
    if (this.#isEnding || this.#isHeldUp) return false;
    return this.load === 0 || (this.load < AHEAD_TASKS && (this.load + 1) * this.#averageMs <= AHEAD_MS);
  }

  /** Resident memory when it was last read, in bytes; 0 where the system does not tell. */
  get memoryBytes(): number {
    return this.#memoryBytes;
  }

  /**
   * Have a command done, after those given before.
   *
   * @param body     the bytes that belong to it, in any number of chunks
   * @param limitMs  how long it may take from its start, in milliseconds
   */
  async perform(command: Command, body: readonly Uint8Array[], limitMs: number): Promise<Outcome> {
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    this.#tasks.push({ limitMs, settle: resolve });
    if (this.#tasks.length === 1) this.#startedAtMs = performance.now();
    this.#channel.cork();
    this.#channel.write(frameStart(command, bytesOf(body)));
    for (const chunk of body) this.#channel.write(chunk);
    this.#channel.uncork();
    return await promise;
  }

  /** End the process at once, whatever it is at. The first cause given is the one that is told. */
  kill(cause: EndCause): void {
    if (!this.#isEnding) this.#cause = cause;
    this.#isEnding = true;
    this.#child.kill("SIGKILL");
  }

  /** End the process if its task has taken too long or more memory than `maxMemoryBytes`. */
  check(nowMs: number, maxMemoryBytes: number): void {
    const [task] = this.#tasks;
    if (!task || this.#isEnding) return;
    this.readMemory();
    const ranMs = nowMs - this.#startedAtMs;
    if (this.#memoryBytes > maxMemoryBytes) this.kill("memory");
    else if (ranMs > task.limitMs) this.kill("time");
    else if (ranMs > HOLD_UP_MS) this.#giveBack();
  }

  /** Let others do what waits behind a long task. The process does it too in the end, and nobody listens to that answer. */
  #giveBack(): void {
    this.#isHeldUp = true;
    for (const task of this.#tasks.slice(1)) task.settle({ kind: "untouched" });
  }

  /** Take note of how much memory the process has now; other systems than Linux don't tell. */
  readMemory(): void {
    try {
      const [, residentPages] = readFileSync(`/proc/${String(this.#child.pid)}/statm`, "latin1").split(" ");
      this.#memoryBytes = Number(residentPages) * PAGE_BYTES;
    } catch {
      // No such file: the process has ended, or this is not Linux.
    }
  }

  #receive(chunk: Buffer): void {
    try {
      for (const frame of this.#reader.push(chunk)) this.#settleFirst(frame);
    } catch {
      this.#child.kill("SIGKILL");
    }
  }

  #settleFirst({ head, body }: Frame): void {
    const reply = readReply(head);
    const nowMs = performance.now();
    this.#averageMs += (nowMs - this.#startedAtMs - this.#averageMs) / 8;
    this.#startedAtMs = nowMs;
    const task = this.#tasks.shift();
    if (this.#tasks.length === 0) this.#isHeldUp = false;
    task?.settle({ kind: "replied", reply, body });
  }

  #finish(): void {
    this.#isEnding = true;
    const [running, ...waiting] = this.#tasks.splice(0);
    running?.settle({ kind: "ended", cause: this.#cause, usedBytes: this.#memoryBytes });
    for (const task of waiting) task.settle({ kind: "untouched" });
    this.#ended.resolve(undefined);
  }
}

function bytesOf(chunks: readonly Uint8Array[]): number {
  return chunks.reduce((total, chunk) => total + chunk.byteLength, 0);
}
