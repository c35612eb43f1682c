/** The tenants of a run: most without limits that matter, one with a small rate, one with a small quota. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { z } from "zod";

import { deployIris } from "../hostile/tenants.ts";
import { succeed } from "../start/api.ts";
import type { Server } from "./server.ts";

/** What a tenant may use at most; undefined where no run reaches it. */
export interface Limits {
  /** Calls at once, and calls a second for ever. */
  readonly rate: { readonly burst: number; readonly perSecond: number } | undefined;
  /** Calls a day, in UTC. */
  readonly perDay: number | undefined;
}

export interface Tenant {
  readonly id: string;
  readonly name: string;
  readonly apiKey: string;
  readonly limits: Limits;
}

/** How a tenant takes part in a run. */
export interface Role {
  readonly name: string;
  /** How often it is called, in relation to the others. */
  readonly weight: number;
  readonly limits: Limits;
}

const MODEL = "iris";
/** Where inferences go. */
export const INFER_PATH = `/v2/models/${MODEL}/infer`;

/** An inference that nobody settles counts as running for this and 50 s more. */
const RUN_MS = 5_000;
const ENDLESS = 1_000_000;
const SCOPES = ["models:write", "models:read", "models:infer", "usage:read"];

/** The roles of so many tenants, at least three, in a run of so many calls: the limited ones are called less, and refused often. */
export function castRoles(tenants: number, calls: number): Role[] {
  const unlimited = Array.from({ length: tenants - 2 }, (_, index): Role => {
    return { name: `unlimited ${index + 1}`, weight: 4, limits: { rate: undefined, perDay: undefined } };
  });
  const weights = unlimited.length * 4 + 2;
  return [
    ...unlimited,
    { name: "small rate", weight: 1, limits: { rate: { burst: 20, perSecond: 2 }, perDay: undefined } },
    { name: "small quota", weight: 1, limits: { rate: undefined, perDay: Math.ceil(calls / weights / 3) } },
  ];
}

/** Register a tenant with its limits and its key, and upload the iris model for it. */
export async function makeTenant({ baseUrl, adminToken: token }: Server, { name, limits }: Role): Promise<Tenant> {
  const tenants = `${baseUrl}/admin/tenants`;
  const { burst, perSecond } = limits.rate ?? { burst: ENDLESS, perSecond: ENDLESS };
  const wish = { name, limits: { burst, rate_per_second: perSecond, run_ms: RUN_MS } };
  const made = await succeed(tenants, { method: "POST", token, json: wish });
  const { id } = z.object({ id: z.string() }).parse(made);
  if (limits.perDay !== undefined) await setQuota(`${tenants}/${id}`, token, limits.perDay);
  const given = await succeed(`${tenants}/${id}/keys`, { method: "POST", token, json: { name, scopes: SCOPES } });
  const { key: apiKey } = z.object({ key: z.string() }).parse(given);
  await deployIris({ baseUrl, apiKey }, MODEL);
  return { id, name, apiKey, limits };
}

async function setQuota(url: string, token: string, limit: number): Promise<void> {
  const quota = { name: "inferences-day", per: "tenant", unit: "inferences", window: "day", limit };
  const response = await fetch(url, {
    method: "PATCH",
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
    body: JSON.stringify({ overrides: { quotas: [quota] } }),
  });
  if (!response.ok) throw new Error(`The quota was refused with ${response.status}: ${await response.text()}`);
}

/** One request's body for each flower of the iris data set. */
export async function readQuestions(): Promise<string[]> {
  const text = await readFile(join(import.meta.dirname, "../../examples/iris/iris.csv"), "utf8");
  const rows = text.trim().split("\n").slice(1);
  return rows.map((row) => ask(row.split(",").slice(0, 4).map(Number)));
}

function ask(data: readonly number[]): string {
  return JSON.stringify({ inputs: [{ name: "measurements", shape: [1, data.length], datatype: "FP32", data }] });
}

/** A body that only the model's isolate finds wrong: a flower with one measurement too few. */
export const NONSENSE = ask([5.1, 3.5, 1.4]);
