import type { IsolateHost } from "../../durable-objects/isolate-host.ts";
import type { TenantId } from "../shared/ids.ts";
import { isolateName, readIsolateCode } from "./isolate-code.store.ts";
import { HOSTED_VERSION, type IsolatedVersion, formatHostedVersion, parseHostedVersion } from "./isolate-host.rules.ts";

/** Where the isolates of model versions live. */
export interface Isolates {
  /**
   * The isolate of one version: ONNX Runtime and the model, without bindings, network or other tenants' bytes.
   *
   * It starts with its first request, stays warm, and is gone when it is idle.
   *
   * @param cpuMs  CPU time that a request may take; Cloudflare ends what takes longer
   */
  open(tenantId: TenantId, version: IsolatedVersion, cpuMs: number): Pick<Fetcher, "fetch">;
}

/** The platform's own: one per name, evicted as it sees fit. */
export function platformIsolates(loader: WorkerLoader, files: R2Bucket): Isolates {
  return {
    open: (tenantId, version, cpuMs) =>
      loader
        .get(isolateName(version), async () => await readIsolateCode(files, tenantId, version))
        .getEntrypoint(undefined, { limits: { cpuMs } }),
  };
}

/** Requests under way by version whose isolate lives on this machine, the one that was used least recently first. */
const live = new Map<string, number>();

/**
 * A bounded number of them, for machines of one's own: workerd by itself keeps every isolate until it ends.
 *
 * @param hosts    see {@link IsolateHost}
 * @param maxLive  isolates that may live at a time; more do only while all of them are busy
 */
export function hostedIsolates(hosts: DurableObjectNamespace<IsolateHost>, maxLive: number): Isolates {
  return {
    open: (tenantId, version) => ({
      fetch: async (input, init) => {
        const name = formatHostedVersion(tenantId, version);
        enter(name);
        try {
          await closeBeyond(hosts, maxLive);
          const request = new Request(input, init);
          request.headers.set(HOSTED_VERSION, name);
          const response = await hosts.getByName(version.versionId).fetch(request);
          // Read to its end, because the isolate may go once nothing is under way.
          return new Response(response.status === 204 ? null : await response.arrayBuffer(), response);
        } finally {
          live.set(name, (live.get(name) ?? 1) - 1);
        }
      },
    }),
  };
}

function enter(name: string): void {
  const underWay = live.get(name) ?? 0;
  live.delete(name);
  live.set(name, underWay + 1);
}

async function closeBeyond(hosts: DurableObjectNamespace<IsolateHost>, maxLive: number): Promise<void> {
  for (const [name, underWay] of live) {
    if (live.size <= maxLive) return;
    if (underWay > 0) continue;
    live.delete(name);
    // A host that goes takes the call about it along, which therefore fails.
    const closed = hosts.getByName(parseHostedVersion(name).versionId).close();
    await closed.catch(() => undefined);
  }
}
