import type { Services } from "../services.ts";
import type { TenantId } from "../shared/ids.ts";
import { DeadlinePassed, within } from "./deadline.ts";
import type { IsolatedVersion } from "./isolate-host.rules.ts";
import { type Run, type RunOutcome, timedOut } from "./run-outcome.ts";

/** Run a model in its isolate. */
export async function runInIsolate(
  services: Pick<Services, "isolates">,
  tenantId: TenantId,
  version: IsolatedVersion,
  run: Run,
): Promise<RunOutcome> {
  try {
    const isolate = services.isolates.open(tenantId, version, run.limitMs);
    const { body, headers } = run;
    const response = await within(run.limitMs, (signal) =>
      isolate.fetch("http://engine/infer", { method: "POST", body, headers, signal }),
    );
    if (response.ok) return { kind: "answered", response };
    return { kind: "rejected", refusal: await response.json() };
  } catch (error) {
    if (error instanceof DeadlinePassed || isCpuLimit(error)) return timedOut(run.limitMs);
    const detail = "The model's isolate failed; the call is not charged and may be repeated.";
    return { kind: "failed", code: "runtime-failed", detail, cause: error };
  }
}

/** Cloudflare says so in words alone. */
function isCpuLimit(error: unknown): boolean {
  return error instanceof Error && /CPU (time )?limit/i.test(error.message);
}
