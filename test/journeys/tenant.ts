import { z } from "zod";
import { succeed } from "../../scripts/start/api.ts";
import type { Quickstart } from "../../scripts/start/quickstart.ts";

/** What a call says besides its method and path. */
interface CallOptions {
  readonly json?: unknown;
  readonly file?: Uint8Array<ArrayBuffer>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A tenant of one journey, with a key of all scopes. */
export interface Tenant {
  call(method: string, path: string, options?: CallOptions): Promise<Response>;
}

/** Longer than any call may take: a call that has no answer by then hangs. */
const HANGS_AFTER_MS = 45_000;

const SCOPES = ["models:write", "models:read", "models:infer", "usage:read"];

/** Register a tenant that may call without a limit; further limits as the API names them. */
export async function newTenant(
  { baseUrl, adminToken: token }: Quickstart,
  limits: Readonly<Record<string, number>> = {},
): Promise<Tenant> {
  const wish = { name: "Journey", limits: { burst: 1_000_000, rate_per_second: 1_000_000, ...limits } };
  const made = await succeed(`${baseUrl}/admin/tenants`, { method: "POST", token, json: wish });
  const { id } = z.object({ id: z.string() }).parse(made);
  const json = { name: "Journey", scopes: SCOPES };
  const given = await succeed(`${baseUrl}/admin/tenants/${id}/keys`, { method: "POST", token, json });
  return tenantOf(baseUrl, z.object({ key: z.string() }).parse(given).key);
}

/** The tenant that has this key. */
export function tenantOf(baseUrl: string, key: string): Tenant {
  return {
    call: async (method, path, { json, file, headers } = {}) => {
      const body = file ?? (json === undefined ? undefined : JSON.stringify(json));
      const request = new Request(`${baseUrl}${path}`, { method, ...(body !== undefined && { body }) });
      request.headers.set("Content-Type", file ? "application/octet-stream" : "application/json");
      request.headers.set("Authorization", `Bearer ${key}`);
      for (const [name, value] of Object.entries(headers ?? {})) request.headers.set(name, value);
      return await fetch(request, { signal: AbortSignal.timeout(HANGS_AFTER_MS) });
    },
  };
}

/** Upload a file as a model's next version, the model's name with it where it is new; gives the version as the API shows it. */
export async function deploy(
  tenant: Tenant,
  model: string,
  file: Uint8Array<ArrayBuffer>,
  runtime: "auto" | "isolate" | "container" = "auto",
): Promise<unknown> {
  await tenant.call("POST", "/v1/models", { json: { name: model } });
  const response = await tenant.call("POST", `/v1/models/${model}/versions?runtime=${runtime}`, { file });
  return await response.json();
}
