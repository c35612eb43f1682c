import { Counter, Gauge, Histogram, Registry } from "prom-client";

/** What is read when somebody asks for the metrics. */
export interface Readings {
  readonly waitingRequests: () => number;
  readonly processes: () => { readonly busy: number; readonly resting: number };
  readonly cacheBytes: () => number;
}

const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Counts and durations for Prometheus. No label names a tenant or a model. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #requests = new Counter({
    name: "tensorgate_container_requests_total",
    help: "Inference requests by outcome: ok, or the code of the refusal.",
    labelNames: ["outcome"],
    registers: [this.#registry],
  });
  readonly #kills = new Counter({
    name: "tensorgate_container_process_kills_total",
    help: "Worker processes that came to an end in the middle of a run, by reason.",
    labelNames: ["reason"],
    registers: [this.#registry],
  });
  readonly #durations = this.#histogram("request_seconds", "From the request's arrival to its answer.");
  readonly #queueing = this.#histogram("queue_seconds", "How long a request waited for a worker process.");
  readonly #loads = this.#histogram("load_seconds", "How long a model took to load, its download included.");

  /** Name what is read only on demand. */
  observe({ waitingRequests, processes, cacheBytes }: Readings): void {
    this.#gauge("waiting_requests", "Requests that wait for a worker process.", waitingRequests);
    this.#gauge("busy_processes", "Worker processes at work.", () => processes().busy);
    this.#gauge("resting_processes", "Worker processes without work.", () => processes().resting);
    this.#gauge("cache_bytes", "Model files on disk.", cacheBytes);
  }

  /** A request has been answered or refused. */
  finished(outcome: string, seconds: number): void {
    this.#requests.inc({ outcome });
    this.#durations.observe(seconds);
  }

  /** A request's turn has come. */
  waited(seconds: number): void {
    this.#queueing.observe(seconds);
  }

  /** A model has been loaded into a process. */
  loaded(seconds: number): void {
    this.#loads.observe(seconds);
  }

  /** A process has ended in the middle of a run. */
  killed(reason: string): void {
    this.#kills.inc({ reason });
  }

  /** All metrics in Prometheus' text format. */
  async text(): Promise<string> {
    return await this.#registry.metrics();
  }

  #histogram(name: string, help: string): Histogram {
    return new Histogram({
      name: `tensorgate_container_${name}`,
      help,
      buckets: SECONDS,
      registers: [this.#registry],
    });
  }

  #gauge(name: string, help: string, read: () => number): void {
    // oxlint-disable-next-line no-new -- it registers itself
    new Gauge({
      name: `tensorgate_container_${name}`,
      help,
      registers: [this.#registry],
      collect() {
        this.set(read());
      },
    });
  }
}
