import type { Signature } from "../../engine/signature.ts";
import type { ContainerConfig } from "../config.ts";
import type { Log } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import type { ModelFileStore } from "../model-files.ts";
import { type ModelSource, bytesOf } from "../model-source.ts";
import { type Refused, refused } from "../problem.ts";
import { type Bounds, refusalOf, refusalOfReply } from "./ends.ts";
import type { Command } from "./messages.ts";
import type { Occupant, Room } from "./room.ts";
import type { Outcome, WorkerProcess } from "./worker-process.ts";

/** What came of loading a model. */
export type LoadEnd = { readonly kind: "loaded"; readonly signature: Signature } | Refused;
/** What came of a run. */
export type RunEnd =
  | {
      readonly kind: "answered";
      readonly headers: Readonly<Record<string, string>>;
      readonly body: Uint8Array;
      readonly queueMs: number;
    }
  | Refused;

/** What models share. */
export interface Surroundings {
  readonly room: Room;
  readonly files: ModelFileStore;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly limits: Pick<ContainerConfig, "maxProcessesPerModel" | "runMemoryBytes" | "loadLimitMs">;
}

interface Job {
  readonly command: Command;
  readonly body: readonly Uint8Array[];
  readonly limitMs: number;
  readonly queuedAtMs: number;
  readonly settle: (end: RunEnd) => void;
}

/** How long a model makes do with the processes that it has, after a further one failed to load. */
const GROWTH_PAUSE_MS = 10_000;
/** What a process takes beside its model. */
const EMPTY_PROCESS_BYTES = 100 * 1024 * 1024;
/** A session takes as much as its weights, and once more while they are laid out anew. */
const BYTES_PER_FILE_BYTE = 2;

/**
 * One model's processes and the requests that wait for them, first come, first served.
 *
 * The first process starts when the model is asked for, further ones while requests wait. A process that ends in the middle of
 * a run takes that run with it and no other.
 */
export class ModelProcesses implements Occupant {
  readonly id: string;
  /** Renewed by each request that brings one, because its URLs expire. */
  source: ModelSource;
  readonly #around: Surroundings;
  readonly #ready = new Set<WorkerProcess>();
  readonly #queue: Job[] = [];
  #signature: Signature | undefined;
  #starting: Promise<LoadEnd> | undefined;
  #growthPausedUntilMs = 0;
  #isRetired = false;

  constructor(id: string, source: ModelSource, around: Surroundings) {
    this.id = id;
    this.source = source;
    this.#around = around;
  }

  get size(): number {
    return this.#ready.size + (this.#starting ? 1 : 0);
  }

  /** How many requests wait for a process. */
  get queueLength(): number {
    return this.#queue.length;
  }

  /** Whether a request would find a process that has the model. */
  get isLoaded(): boolean {
    return this.#ready.size > 0;
  }

  /** Have the model in a process at least; however many ask at once, it is loaded once. */
  async load(): Promise<LoadEnd> {
    if (this.#ready.size > 0 && this.#signature) return { kind: "loaded", signature: this.#signature };
    return await (this.#starting ?? this.#startFirst());
  }

  /** The model's inputs and outputs, once it has been loaded, even if it is no more. */
  get signature(): Signature | undefined {
    return this.#signature;
  }

  /**
   * Run a command on the model, loading it where it isn't.
   *
   * @param callerSignal  gives the signal that aborts when nobody waits for the answer any more; asked for only by a request
   *                      that has to wait, and of no use to a run that has begun
   */
  async run(
    command: Command,
    body: readonly Uint8Array[],
    limitMs: number,
    callerSignal: () => AbortSignal,
  ): Promise<RunEnd> {
    const { promise, resolve } = Promise.withResolvers<RunEnd>();
    const job = { command, body, limitMs, queuedAtMs: performance.now(), settle: resolve };
    this.#queue.push(job);
    this.#dispatch();
    if (this.#queue.includes(job)) {
      const signal = callerSignal();
      if (signal.aborted) this.#giveUp(job);
      signal.addEventListener("abort", () => this.#giveUp(job));
    }
    return await promise;
  }

  /** Load no more, and end each process as soon as it has no work. */
  retire(): void {
    this.#isRetired = true;
    for (const process of this.#ready) if (process.load === 0) this.#around.room.end(process);
  }

  #giveUp(job: Job): void {
    const index = this.#queue.indexOf(job);
    if (index === -1) return;
    this.#queue.splice(index, 1);
    job.settle(refused("overloaded", "The request was given up before its turn."));
  }

  #dispatch(): void {
    for (let process = this.#leastBusy(); process && this.#queue.length > 0; process = this.#leastBusy()) {
      const job = this.#queue.shift();
      if (job) void this.#give(job, process);
    }
    if (this.#queue.length > 0) this.#grow();
  }

  #leastBusy(): WorkerProcess | undefined {
    let found: WorkerProcess | undefined;
    const mustYield = this.#around.room.mustYield(this);
    for (const process of this.#ready) {
      // Who has to make room gets nothing in advance, so that it comes to its end.
      if (!process.hasCapacity || (mustYield && process.load > 0)) continue;
      if (!found || process.load < found.load) found = process;
    }
    return found;
  }

  async #give(job: Job, process: WorkerProcess): Promise<void> {
    this.#around.room.wake(process);
    const queueMs = performance.now() - job.queuedAtMs;
    const outcome = await process.perform(job.command, job.body, job.limitMs);
    if (outcome.kind === "ended") this.#tellOfEnd(outcome);
    else if (outcome.kind === "replied") this.#around.metrics.waited(queueMs / 1000);
    if (outcome.kind === "untouched") this.#queue.unshift(job);
    else job.settle(endOf(outcome, queueMs, this.#bounds(job.limitMs)));
    this.#freed(process);
  }

  #tellOfEnd({ cause, usedBytes }: Extract<Outcome, { kind: "ended" }>): void {
    this.#around.metrics.killed(cause);
    this.#around.log.error("process-ended-in-run", { model: this.id, cause, usedBytes });
  }

  /** A process has finished: it goes on, rests, or makes room for others. */
  #freed(process: WorkerProcess): void {
    const { room } = this.#around;
    if (process.load === 0 && !process.isEnding) {
      const isWanted = this.#queue.length > 0;
      if (isWanted ? room.mustYield(this) : this.#isRetired) room.end(process);
      else if (!isWanted) room.rest(process, this);
    }
    this.#dispatch();
  }

  #grow(): void {
    if (this.#starting) return;
    if (this.#ready.size === 0) void this.#startFirst();
    else if (this.#ready.size < this.#around.limits.maxProcessesPerModel) this.#startFurther();
  }

  #startFirst(): Promise<LoadEnd> {
    return this.#tracked(() => this.#around.room.start(this.#expectedBytes()));
  }

  #startFurther(): void {
    if (performance.now() < this.#growthPausedUntilMs || this.#isRetired) return;
    const process = this.#around.room.startFurther(this.#expectedBytes());
    if (process) void this.#tracked(() => Promise.resolve(process));
  }

  /** Load the model into one more process, and let those who wait know how it went. */
  async #tracked(startProcess: () => Promise<WorkerProcess>): Promise<LoadEnd> {
    const starting = this.#loadInto(startProcess).catch((error: unknown) =>
      refused("runtime-failed", `No process can be started for the model: ${String(error)}`),
    );
    this.#starting = starting;
    const end = await starting;
    this.#starting = undefined;
    if (end.kind === "refused") this.#around.log.error("model-not-loaded", { model: this.id, code: end.problem.code });
    if (end.kind === "refused") {
      this.#growthPausedUntilMs = performance.now() + GROWTH_PAUSE_MS;
      if (this.#ready.size === 0) for (const job of this.#queue.splice(0)) job.settle(end);
    }
    this.#dispatch();
    return end;
  }

  async #loadInto(startProcess: () => Promise<WorkerProcess>): Promise<LoadEnd> {
    const { files, room, limits, metrics, log } = this.#around;
    const startedMs = performance.now();
    const held = await files.hold(this.source);
    if (held.kind === "refused") return held;
    const process = await startProcess();
    const outcome = await process.perform({ kind: "load", files: held.files }, [], limits.loadLimitMs);
    held.release();
    const end = loadEndOf(outcome, this.#bounds(limits.loadLimitMs));
    if (end.kind === "refused") {
      room.end(process);
      return end;
    }
    const tookMs = performance.now() - startedMs;
    metrics.loaded(tookMs / 1000);
    log.info("model-loaded", { model: this.id, ms: Math.round(tookMs), fileBytes: bytesOf(this.source) });
    this.#signature = end.signature;
    this.#welcome(process);
    return end;
  }

  #welcome(process: WorkerProcess): void {
    const { room } = this.#around;
    process.readMemory();
    this.#ready.add(process);
    void process.ended.then(() => {
      this.#ready.delete(process);
      this.#dispatch();
    });
    // With requests waiting it does not rest: it would be ended for others before it has been of any use.
    if (this.#queue.length > 0) return;
    if (this.#isRetired) room.end(process);
    else room.rest(process, this);
  }

  #expectedBytes(): number {
    const [process] = this.#ready;
    if (process && process.memoryBytes > 0) return process.memoryBytes;
    return EMPTY_PROCESS_BYTES + BYTES_PER_FILE_BYTE * bytesOf(this.source);
  }

  #bounds(limitMs: number): Bounds {
    return { limitMs, limitBytes: this.#around.limits.runMemoryBytes };
  }
}

function loadEndOf(outcome: Outcome, bounds: Bounds): LoadEnd {
  if (outcome.kind !== "replied") return refusalOf(outcome, bounds);
  const { reply } = outcome;
  if (reply.kind === "loaded") return { kind: "loaded", signature: reply.signature };
  return refusalOfReply(reply);
}

function endOf(outcome: Exclude<Outcome, { kind: "untouched" }>, queueMs: number, bounds: Bounds): RunEnd {
  if (outcome.kind !== "replied") return refusalOf(outcome, bounds);
  const { reply, body } = outcome;
  if (reply.kind === "answer") return { kind: "answered", headers: reply.headers, body, queueMs };
  if (reply.kind === "warm") return { kind: "answered", headers: {}, body, queueMs };
  return refusalOfReply(reply);
}
