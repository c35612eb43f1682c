import { z } from "zod";
import type { BenchModel } from "./models/model.ts";
import type { BenchServer } from "./servers/server.ts";
import { ADMIN_TOKEN } from "./servers/workerd.ts";

/** A tenant whose limit no benchmark reaches, and its key. */
export interface Deployment {
  readonly tenantId: string;
  readonly key: string;
}

/** What became of an upload. Sizes are in bytes. */
export type Upload =
  | { readonly kind: "created"; readonly heapBytes: number; readonly peakBytes?: number }
  | { readonly kind: "refused"; readonly reason: string };

/** Where a version is to run. */
export type WishedRuntime = "auto" | "isolate" | "container";

const LIMITS = { burst: 1_000_000, rate_per_second: 1_000_000 };
/** One limit of each kind, so that all of them are weighed, and none is reached. */
const OVERRIDES = {
  rates: [{ name: "key-inference", per: "key", endpoint: "infer", burst: 1_000_000, rate_per_second: 1_000_000 }],
  quotas: [
    { name: "inferences-day", per: "tenant", unit: "inferences", window: "day", limit: 1_000_000_000 },
    { name: "requests-month", per: "tenant", unit: "requests", window: "month", limit: 1_000_000_000 },
    { name: "compute-period", per: "tenant", unit: "compute_ms", window: "period", limit: 1_000_000_000_000 },
    { name: "model-bytes-hour", per: "model", unit: "bytes_in", window: "hour", limit: 1_000_000_000_000 },
  ],
  concurrency: [{ name: "concurrency", per: "tenant", limit: 1_000_000 }],
  spend_cap: { micro_usd: 1_000_000_000_000, mode: "hard" },
};
const SCOPES = ["models:write", "models:read", "models:infer", "usage:read"];

const versionSchema = z.object({ heap_bytes: z.number(), peak_bytes: z.number().optional() });
const problemSchema = z.object({ detail: z.string() });

/** Register a tenant, make its key and upload its model: all over the HTTP API, as people do. */
export async function deploy(
  server: BenchServer,
  model: BenchModel,
  runtime: WishedRuntime = "auto",
): Promise<Deployment> {
  const deployment = await register(server);
  await createModel(server, deployment, model);
  const upload = await uploadVersion(server, deployment, model, runtime);
  if (upload.kind === "refused") throw new Error(`${server.name} refuses the model ${model.name}: ${upload.reason}`);
  return deployment;
}

/** Register a tenant and make its key. */
export async function register(server: BenchServer): Promise<Deployment> {
  const asOperator = { "Content-Type": "application/json", Authorization: `Bearer ${ADMIN_TOKEN}` };
  const tenant = await post(server, "/admin/tenants", asOperator, {
    name: "Benchmark",
    limits: LIMITS,
    overrides: OVERRIDES,
  });
  const { id: tenantId } = z.object({ id: z.string() }).parse(tenant);
  const wish = { name: "Benchmark", scopes: SCOPES };
  const made = await post(server, `/admin/tenants/${tenantId}/keys`, asOperator, wish);
  const { key } = z.object({ key: z.string() }).parse(made);
  return { tenantId, key };
}

/** Register the model's name. */
export async function createModel(server: BenchServer, { key }: Deployment, model: BenchModel): Promise<void> {
  const headers = { "Content-Type": "application/json", Authorization: `Bearer ${key}` };
  await post(server, "/v1/models", headers, { name: model.name });
}

/** Upload the model's file as its next version. */
export async function uploadVersion(
  server: BenchServer,
  { key }: Deployment,
  model: BenchModel,
  runtime: WishedRuntime = "auto",
): Promise<Upload> {
  const headers = { "Content-Type": "application/octet-stream", Authorization: `Bearer ${key}` };
  const response = await send(server, `/v1/models/${model.name}/versions?runtime=${runtime}`, headers, model.bytes);
  const answer: unknown = await response.json();
  if (!response.ok) return { kind: "refused", reason: problemSchema.parse(answer).detail };
  const { heap_bytes: heapBytes, peak_bytes: peakBytes } = versionSchema.parse(answer);
  return { kind: "created", heapBytes, ...(peakBytes !== undefined && { peakBytes }) };
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
  const response = await send(server, path, headers, body);
  const text = await response.text();
  if (!response.ok) throw new Error(`${server.name}: POST ${path} answered ${response.status}: ${text}`);
  return JSON.parse(text);
}

async function send(
  server: BenchServer,
  path: string,
  headers: Readonly<Record<string, string>>,
  body: Uint8Array<ArrayBuffer> | object,
): Promise<Response> {
  return await fetch(`http://127.0.0.1:${server.port}${path}`, {
    method: "POST",
    headers,
    body: body instanceof Uint8Array ? body : JSON.stringify(body),
  });
}
