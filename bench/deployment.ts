import { z } from "zod";
import type { BenchModel } from "./models/model.ts";
import type { BenchServer } from "./servers/server.ts";
import { ADMIN_TOKEN } from "./servers/workerd.ts";

/** A tenant with a model that serves, and a limit that no benchmark reaches. */
export interface Deployment {
  readonly tenantId: string;
  readonly key: string;
}

const LIMITS = { burst: 1_000_000, rate_per_second: 1_000_000 };
const SCOPES = ["models:write", "models:read", "infer", "usage:read"];

/** Register a tenant, make its key and upload its model: all over the HTTP API, as people do. */
export async function deploy(server: BenchServer, model: BenchModel): Promise<Deployment> {
  const asJson = { "Content-Type": "application/json" };
  const asOperator = { ...asJson, Authorization: `Bearer ${ADMIN_TOKEN}` };
  const tenant = await post(server, "/admin/tenants", asOperator, { name: "Benchmark", limits: LIMITS });
  const { id: tenantId } = z.object({ id: z.string() }).parse(tenant);
  const wish = { name: "Benchmark", scopes: SCOPES };
  const made = await post(server, `/admin/tenants/${tenantId}/keys`, asOperator, wish);
  const { key } = z.object({ key: z.string() }).parse(made);
  const Authorization = `Bearer ${key}`;
  await post(server, "/v1/models", { ...asJson, Authorization }, { name: model.name });
  const asFile = { "Content-Type": "application/octet-stream", Authorization };
  await post(server, `/v1/models/${model.name}/versions`, asFile, model.bytes);
  return { tenantId, key };
}

/**
 * Send one request and read its JSON answer.
 *
 * @throws Error with the whole answer when its status is not a success
 */
export async function post(
  server: BenchServer,
  path: string,
  headers: Readonly<Record<string, string>>,
  body: Uint8Array<ArrayBuffer> | object,
): Promise<unknown> {
  const response = await fetch(`http://127.0.0.1:${server.port}${path}`, {
    method: "POST",
    headers,
    body: body instanceof Uint8Array ? body : JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${server.name}: POST ${path} answered ${response.status}: ${text}`);
  return JSON.parse(text);
}
