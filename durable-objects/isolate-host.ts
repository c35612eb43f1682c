import { DurableObject } from "cloudflare:workers";
import { readIsolateCode } from "../src/inference/isolate-code.store.ts";
import { HOSTED_VERSION, parseHostedVersion } from "../src/inference/isolate-host.rules.ts";

/**
 * Holds the isolate of one version on a machine of one's own.
 *
 * workerd by itself keeps every isolate that was ever named: a hundred small models hold 2.4 GB. An isolate without a name goes
 * with whoever refers to it, and this object can go: when it is told to, and when it was idle for some seconds.
 */
export class IsolateHost extends DurableObject<Env> {
  #isolate: WorkerStub | undefined;

  /** Forward a request to the isolate of the version that its header names. An object is only ever asked for one. */
  override async fetch(request: Request): Promise<Response> {
    this.#isolate ??= this.#load(request.headers.get(HOSTED_VERSION) ?? "");
    return await this.#isolate.getEntrypoint().fetch(request);
  }

  /**
   * Let the isolate go at once; what is dropped in JavaScript alone waits for a collector. The next request starts a new one.
   *
   * @throws always, to its caller: the object ends with this call, and with it the call
   */
  async close(): Promise<void> {
    this.ctx.abort("The isolate had to make room.");
  }

  #load(asked: string): WorkerStub {
    const version = parseHostedVersion(asked);
    return this.env.LOADER.get(null, async () => await readIsolateCode(this.env.MODELS, version.tenantId, version));
  }
}
