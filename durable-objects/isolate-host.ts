import { DurableObject } from "cloudflare:workers";
import { readIsolateCode } from "../src/inference/isolate-code.store.ts";
import { HOSTED_VERSION, isolatesPerHost, parseHostedVersion } from "../src/inference/isolate-host.rules.ts";

/** Bytes that are allocated and let go when an isolate is dropped, and in how many pieces. */
const NUDGE_BYTES = 48 * 1024 * 1024;
const NUDGES = 6;

/**
 * Isolates of model versions on a machine of one's own, least recently used first out.
 *
 * workerd by itself keeps every isolate that was ever named: a hundred small models hold 2.4 GB. What is loaded without a name
 * goes when nobody refers to it any more, so this object is who refers to it. The versions of all tenants pass through here,
 * as they do through the Worker; each still has an isolate of its own.
 */
export class IsolateHost extends DurableObject<Env> {
  /** Insertion order is the order of last use. */
  readonly #live = new Map<string, WorkerStub>();

  /** Forward a request to the isolate of the version that its header names, as src/inference/isolates.ts does it. */
  override async fetch(request: Request): Promise<Response> {
    return await this.#open(request.headers.get(HOSTED_VERSION) ?? "")
      .getEntrypoint()
      .fetch(request);
  }

  #open(asked: string): WorkerStub {
    const isolate = this.#live.get(asked) ?? this.#load(asked);
    this.#live.delete(asked);
    this.#live.set(asked, isolate);
    return isolate;
  }

  #load(asked: string): WorkerStub {
    const most = isolatesPerHost(Number(this.env.MAX_LIVE_ISOLATES));
    for (const oldest of this.#live.keys()) {
      if (this.#live.size < most) break;
      this.#live.delete(oldest);
      nudgeCollector();
    }
    const version = parseHostedVersion(asked);
    return this.env.LOADER.get(null, async () => await readIsolateCode(this.env.MODELS, version.tenantId, version));
  }
}

/**
 * Have V8 look for what nobody refers to any more.
 *
 * A dropped isolate weighs some hundred megabytes, and V8 knows of a few bytes of it; memory of array buffers it counts. These
 * are never touched, so they cost address space alone.
 */
function nudgeCollector(): void {
  for (let nudge = 0; nudge < NUDGES; nudge++) void new ArrayBuffer(NUDGE_BYTES).byteLength;
}
