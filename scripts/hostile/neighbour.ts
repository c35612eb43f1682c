/** Another tenant, who calls a model of his own the whole time and must notice nothing. */
import { type Answer, type Target, refusalReason, send } from "../conformance/client.ts";

/** One call: when it was due, and what came of it. Latency counts from then, so that a stalled server is seen whole. */
export interface NeighbourCall {
  readonly dueAtMs: number;
  readonly latencyMs: number;
  /** Why it did not answer 200. */
  readonly fault?: string;
}

const EVERY_MS = 100;
const TIMEOUT_MS = 60_000;

const flower = '{"inputs":[{"name":"measurements","shape":[1,4],"datatype":"FP32","data":[6.7,3.0,5.2,2.3]}]}';

/** Calls the iris model of its tenant every 100 ms, whether or not the last call is answered. */
export class Neighbour {
  readonly #target: Target;
  readonly #model: string;
  readonly #calls: NeighbourCall[] = [];
  readonly #pending = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;

  constructor(target: Target, model: string) {
    this.#target = target;
    this.#model = model;
  }

  /** Call once, outside the figures: the first call starts the isolate. */
  async warmUp(): Promise<Answer> {
    return await this.#infer();
  }

  start(): void {
    this.#timer = setInterval(() => this.#callNow(), EVERY_MS);
  }

  /** Stop calling, and wait for the calls that are under way. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#pending);
  }

  /** The finished calls that were due in this time. */
  callsBetween(fromMs: number, toMs: number): NeighbourCall[] {
    return this.#calls.filter(({ dueAtMs }) => dueAtMs >= fromMs && dueAtMs < toMs);
  }

  #callNow(): void {
    const call = this.#measure(performance.now()).finally(() => this.#pending.delete(call));
    this.#pending.add(call);
  }

  async #measure(dueAtMs: number): Promise<void> {
    const fault = refusalReason(await this.#infer(), 200);
    const latencyMs = performance.now() - dueAtMs;
    this.#calls.push(fault === undefined ? { dueAtMs, latencyMs } : { dueAtMs, latencyMs, fault });
  }

  async #infer(): Promise<Answer> {
    const path = `/v2/models/${this.#model}/infer`;
    const body = { body: flower, contentType: "application/json" };
    return await send(this.#target, {
      method: "POST",
      path,
      ...body,
      interrupt: AbortSignal.timeout(TIMEOUT_MS),
      abortable: true,
    });
  }
}

/** The middle and the largest latency in milliseconds, and the calls that failed. */
export function summarize(calls: readonly NeighbourCall[]): { p50Ms: number; maxMs: number; faults: string[] } {
  const sorted = calls.map(({ latencyMs }) => latencyMs).toSorted((one, other) => one - other);
  return {
    p50Ms: Math.round(sorted[Math.floor(sorted.length / 2)] ?? 0),
    maxMs: Math.round(sorted.at(-1) ?? 0),
    faults: calls.flatMap(({ fault }) => fault ?? []),
  };
}
