import type { ContainerConfig } from "../config.ts";
import { WorkerProcess } from "./worker-process.ts";

/** Whoever has worker processes here: a model, or an inspection. */
export interface Occupant {
  /** How many processes it has, those being started included. */
  readonly size: number;
}

interface Waiter {
  readonly sinceMs: number;
  readonly expectedBytes: number;
  readonly admit: (process: WorkerProcess) => void;
}

/** How often running processes are held to their limits; a run may exceed its limit by as much. */
const WATCH_INTERVAL_MS = 20;
/** How long a model waits for its first process before one with a single, busy process has to make room. */
const PATIENCE_MS = 500;
/** How long a model's only process rests before another model may take its place for a further process. */
const REST_MS = 10_000;

type Limits = Pick<ContainerConfig, "maxProcesses" | "poolMemoryBytes" | "runMemoryBytes">;

/**
 * All worker processes of this server: how many there may be, who gets the next one, and which are ended for it.
 *
 * A process never changes its occupant: tenants' models share no process, not even one after the other.
 */
export class Room {
  readonly #limits: Limits;
  readonly #workingDirectory: string;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #processes = new Set<WorkerProcess>();
  /** Processes without work, in the order in which they ran out of it. */
  readonly #resting = new Map<WorkerProcess, { readonly occupant: Occupant; readonly sinceMs: number }>();
  readonly #waiters: Waiter[] = [];
  readonly #watch: NodeJS.Timeout;
  #leaving = 0;

  constructor(limits: Limits, workingDirectory: string, environment: Readonly<Record<string, string>>) {
    this.#limits = limits;
    this.#workingDirectory = workingDirectory;
    this.#environment = environment;
    this.#watch = setInterval(() => this.#check(), WATCH_INTERVAL_MS).unref();
  }

  /** How many processes there are, those ending included. */
  get size(): number {
    return this.#processes.size;
  }

  /** How many processes have no work. */
  get restingSize(): number {
    return this.#resting.size;
  }

  /** Start an occupant's first process, as soon as there is room. */
  async start(expectedBytes: number): Promise<WorkerProcess> {
    const { promise, resolve } = Promise.withResolvers<WorkerProcess>();
    this.#waiters.push({ sinceMs: performance.now(), expectedBytes, admit: resolve });
    this.#serve();
    return await promise;
  }

  /** Start a further process, unless it would have to wait; what others can spare is ended, so that a later call finds room. */
  startFurther(expectedBytes: number): WorkerProcess | undefined {
    if (this.#waiters.length > 0) return undefined;
    if (this.#hasRoom(expectedBytes)) return this.#spawn();
    const restedSinceMs = performance.now() - REST_MS;
    this.#endOne(({ occupant, sinceMs }) => occupant.size > 1 || sinceMs < restedSinceMs);
    return undefined;
  }

  /** A process has no work; it may be ended for others. */
  rest(process: WorkerProcess, occupant: Occupant): void {
    this.#resting.set(process, { occupant, sinceMs: performance.now() });
    this.#serve();
  }

  /** A process gets work. */
  wake(process: WorkerProcess): void {
    this.#resting.delete(process);
  }

  /** Whether an occupant has to end a process that has just finished, though there is more work for it. */
  mustYield(occupant: Occupant): boolean {
    const [first] = this.#waiters;
    if (!first || this.#leaving > 0) return false;
    return occupant.size > 1 || performance.now() - first.sinceMs > PATIENCE_MS;
  }

  /** End a process that has no work. */
  end(process: WorkerProcess): void {
    this.#resting.delete(process);
    this.#leaving += 1;
    process.kill("room");
    void process.ended.then(() => {
      this.#leaving -= 1;
      this.#serve();
    });
  }

  /** End all processes, whatever they are at, and resolve once they are gone. */
  async close(): Promise<void> {
    clearInterval(this.#watch);
    const processes = [...this.#processes];
    for (const process of processes) process.kill("drain");
    await Promise.all(processes.map((process) => process.ended));
  }

  #serve(): void {
    for (let [first] = this.#waiters; first !== undefined; [first] = this.#waiters) {
      if (!this.#hasRoom(first.expectedBytes)) {
        this.#endOne(() => true);
        return;
      }
      this.#waiters.shift();
      first.admit(this.#spawn());
    }
  }

  #hasRoom(expectedBytes: number): boolean {
    if (this.#processes.size === 0) return true;
    if (this.#processes.size >= this.#limits.maxProcesses) return false;
    const usedBytes = [...this.#processes].reduce((total, process) => total + process.memoryBytes, 0);
    return usedBytes + expectedBytes <= this.#limits.poolMemoryBytes;
  }

  /** End the process that has rested longest among those; one at a time, because its end may be room enough. */
  #endOne(mayEnd: (rest: { occupant: Occupant; sinceMs: number }) => boolean): void {
    if (this.#leaving > 0) return;
    for (const [process, rest] of this.#resting) {
      if (!mayEnd(rest)) continue;
      this.end(process);
      return;
    }
  }

  #spawn(): WorkerProcess {
    const process = new WorkerProcess(this.#workingDirectory, this.#environment);
    this.#processes.add(process);
    void process.ended.then(() => {
      this.#processes.delete(process);
      this.#resting.delete(process);
      this.#serve();
    });
    return process;
  }

  #check(): void {
    const nowMs = performance.now();
    for (const process of this.#processes) process.check(nowMs, this.#limits.runMemoryBytes);
  }
}
