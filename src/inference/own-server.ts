import type { Backend } from "../models/models.rules.ts";
import type { Services } from "../services.ts";
import { derivedKey } from "../shared/derived-keys.ts";
import type { TenantId } from "../shared/ids.ts";
import { type SealedSecret, seal, unseal } from "../shared/sealed-secret.ts";
import { within } from "./deadline.ts";
import { callGuarded } from "./guarded-call.ts";
import { type Run, type RunFailure, type RunOutcome, timedOut } from "./run-outcome.ts";
import { withSecondTry } from "./second-try.ts";

type Needs = Pick<Services, "config" | "now">;

/** Of what a server says about a failure, no more than this is passed on. */
const MAX_REASON = 500;

/** Run a model on the tenant's own inference server (Triton, KServe, OpenVINO): the request goes there as it came. */
export async function runOnOwnServer(
  services: Needs,
  tenantId: TenantId,
  server: Backend,
  run: Run,
): Promise<RunOutcome> {
  return await withSecondTry(run, async () => await attempt(services, tenantId, server, run));
}

async function attempt(services: Needs, tenantId: TenantId, server: Backend, run: Run): Promise<RunOutcome> {
  const response = await callOwnServer(services, tenantId, server, { path: "/infer", method: "POST", ...run });
  if (!(response instanceof Response)) return response.code === "run-timed-out" ? timedOut(run.limitMs) : response;
  if (response.status === 200) return { kind: "answered", response };
  const said = await reasonOf(response);
  if (response.status === 400 || response.status === 413 || response.status === 422) {
    const detail = `The model's server answered ${response.status}: ${said}`;
    return { kind: "rejected", refusal: { code: "inference-failed", detail, evidence: {} } };
  }
  const detail = `The model's server answered ${response.status}; the call is not charged.`;
  return { kind: "failed", code: "runtime-failed", detail, cause: said };
}

/**
 * Call a tenant's own server.
 *
 * Redirects are not followed: a server could lead elsewhere than where its tenant was allowed to go.
 *
 * @param call.path  after `/v2/models/{model}`
 */
export async function callOwnServer(
  services: Needs,
  tenantId: TenantId,
  server: Backend,
  call: Run & { readonly path: string; readonly method: "GET" | "POST" },
): Promise<Response | RunFailure> {
  const { authorization } = server;
  const headers = {
    ...call.headers,
    ...(authorization && { Authorization: await openCredential(services, tenantId, server.url, authorization) }),
  };
  const url = `${server.url}/v2/models/${encodeURIComponent(server.model)}${call.path}`;
  return await callGuarded(
    `${tenantId} ${server.url}`,
    services.now,
    async () =>
      await within(call.limitMs, (signal) =>
        fetch(url, { method: call.method, body: call.body, headers, signal, redirect: "manual" }),
      ),
    (response) => response.status < 500,
  );
}

/** Seal the value of a server's Authorization header: it can be opened for this tenant and this server only. */
export async function sealCredential(
  { config }: Pick<Services, "config">,
  tenantId: TenantId,
  url: string,
  authorization: string,
): Promise<SealedSecret> {
  return await seal(derivedKey(config.masterKey, "backend credentials"), `${tenantId} ${url}`, authorization);
}

async function openCredential(
  { config }: Pick<Services, "config">,
  tenantId: TenantId,
  url: string,
  sealed: SealedSecret,
): Promise<string> {
  return await unseal(derivedKey(config.masterKey, "backend credentials"), `${tenantId} ${url}`, sealed);
}

/** The protocol's own `error`, or the beginning of whatever came. */
async function reasonOf(response: Response): Promise<string> {
  const text = await response.text();
  let error: unknown;
  try {
    const said: unknown = JSON.parse(text);
    error = typeof said === "object" && said !== null && "error" in said ? said.error : undefined;
  } catch {
    error = undefined;
  }
  return (typeof error === "string" ? error : text).slice(0, MAX_REASON);
}
