import { env, exports } from "cloudflare:workers";
import { z } from "zod";
import { type Grant, TENANT_PERMISSIONS } from "../../src/identity/permissions.rules.ts";
import { type TenantId, isId } from "../../src/shared/ids.ts";

const ALL_SCOPES = [...TENANT_PERMISSIONS];

/** What a request of a test may say besides its method and path. */
export interface CallOptions {
  readonly json?: unknown;
  readonly body?: BodyInit;
  readonly headers?: Record<string, string>;
  /** Where the Worker is reached; `http://tensorgate.test` unless given. */
  readonly origin?: string;
}

/** Call the Worker as the outside world does. */
export async function call(method: string, path: string, options: CallOptions = {}): Promise<Response> {
  return await exports.default.fetch(requestOf(method, path, options));
}

/** A request to the Worker. */
export function requestOf(method: string, path: string, options: CallOptions = {}): Request {
  const headers = new Headers(options.headers);
  if (options.json !== undefined && !headers.has("Content-Type")) headers.set("Content-Type", "application/json");
  const body = options.json === undefined ? options.body : JSON.stringify(options.json);
  return new Request(`${options.origin ?? "http://tensorgate.test"}${path}`, {
    method,
    headers,
    redirect: "manual",
    ...(body !== undefined && { body }),
  });
}

/** Call the Worker as its operator. */
export async function callAsOperator(method: string, path: string, options: CallOptions = {}): Promise<Response> {
  return await call(method, path, {
    ...options,
    headers: { ...options.headers, Authorization: `Bearer ${env.ADMIN_TOKEN}` },
  });
}

/** A tenant of one test, with a key. */
export interface TestTenant {
  readonly id: TenantId;
  readonly key: string;
  call(method: string, path: string, options?: CallOptions): Promise<Response>;
}

/** Register a tenant and give it a key of all scopes, or of these. It may call without a limit, unless one is given. */
export async function newTenant(wish: { limits?: Record<string, number>; scopes?: Grant[] } = {}): Promise<TestTenant> {
  const limits = { burst: 100_000, rate_per_second: 100_000, ...wish.limits };
  const created = await callAsOperator("POST", "/admin/tenants", { json: { name: "Test tenant", limits } });
  const { id } = z.object({ id: z.string() }).parse(await created.json());
  if (!isId("ten", id)) throw new Error(`The Worker made a tenant with the id ${id}.`);
  const key = await newKey(id, wish.scopes ?? ALL_SCOPES);
  return {
    id,
    key,
    call: async (method, path, options = {}) =>
      await call(method, path, { ...options, headers: { Authorization: `Bearer ${key}`, ...options.headers } }),
  };
}

/** Give a tenant one more key. */
export async function newKey(tenantId: TenantId, scopes: Grant[]): Promise<string> {
  const created = await callAsOperator("POST", `/admin/tenants/${tenantId}/keys`, {
    json: { name: "Test key", scopes },
  });
  return z.object({ key: z.string() }).parse(await created.json()).key;
}
