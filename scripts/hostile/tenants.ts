/** The two tenants of a run, made by the server's operator. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { z } from "zod";

import { type Target, refusalReason, send } from "../conformance/client.ts";
import { succeed } from "../start/api.ts";
import { type Quickstart, quickstartSchema } from "../start/quickstart.ts";

/** A tenant with a key of all scopes. */
export interface Tenant {
  readonly id: string;
  readonly target: Target;
}

/** Far more than a run asks for: what is tested are models, not limits. */
const limits = { burst: 100_000, rate_per_second: 100_000 };
const scopes = ["models:write", "models:read", "models:infer", "usage:read"];

/** Read the server's address and its operator's token, as `npm start` wrote them down. */
export async function readQuickstart(directory: string): Promise<Quickstart> {
  return quickstartSchema.parse(JSON.parse(await readFile(join(directory, "quickstart.json"), "utf8")));
}

/** Make a tenant and give it a key. */
export async function makeTenant({ baseUrl, adminToken: token }: Quickstart, name: string): Promise<Tenant> {
  const tenants = `${baseUrl}/admin/tenants`;
  const made = await succeed(tenants, { method: "POST", token, json: { name, limits } });
  const { id } = z.object({ id: z.string() }).parse(made);
  const given = await succeed(`${tenants}/${id}/keys`, { method: "POST", token, json: { name, scopes } });
  const { key } = z.object({ key: z.string() }).parse(given);
  return { id, target: { baseUrl, apiKey: key } };
}

/** Upload the iris model for a tenant. */
export async function deployIris(target: Target, modelName: string): Promise<void> {
  const file = join(import.meta.dirname, "../../examples/iris/iris.onnx");
  const body = JSON.stringify({ name: modelName });
  const created = await send(target, { method: "POST", path: "/v1/models", body, contentType: "application/json" });
  const uploaded = await send(target, {
    method: "POST",
    path: `/v1/models/${modelName}/versions`,
    body: new Uint8Array(await readFile(file)),
    contentType: "application/octet-stream",
  });
  const refusal = refusalReason(created, 201) ?? refusalReason(uploaded, 201);
  if (refusal !== undefined) throw new Error(`The other tenant's iris model: ${refusal}`);
}
