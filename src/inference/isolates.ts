import type { IsolateHost } from "../../durable-objects/isolate-host.ts";
import type { TenantId } from "../shared/ids.ts";
import { isolateName, readIsolateCode } from "./isolate-code.store.ts";
import { HOSTED_VERSION, type IsolatedVersion, formatHostedVersion, hostOf } from "./isolate-host.rules.ts";

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

/**
 * A bounded number of them, for machines of one's own: workerd by itself keeps every isolate until it ends.
 *
 * @param hosts  see {@link IsolateHost}
 */
export function hostedIsolates(hosts: DurableObjectNamespace<IsolateHost>): Isolates {
  return {
    open: (tenantId, version) => ({
      fetch: async (input, init) => {
        const request = new Request(input, init);
        request.headers.set(HOSTED_VERSION, formatHostedVersion(tenantId, version));
        return await hosts.getByName(hostOf(version)).fetch(request);
      },
    }),
  };
}
