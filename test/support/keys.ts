import { expect } from "vitest";
import type { z } from "zod";
import { createdKeySchema } from "../../src/identity/keys.schemas.ts";
import { isId } from "../../src/shared/ids.ts";
import { type Person, tokenOf } from "./people.ts";
import { type CallOptions, type TestTenant, call } from "./tenant.ts";

/** A key as the API shows it when it is made. */
export type MadeKey = z.infer<typeof createdKeySchema>;

/** The header of who presents this. */
export function bearer(credential: string): { headers: Record<string, string> } {
  return { headers: { Authorization: `Bearer ${credential}` } };
}

/** Make a key with this credential. */
export async function makeKey(credential: string, wish: object = {}): Promise<MadeKey> {
  const json = { name: "a key", scopes: ["models:read"], ...wish };
  return await madeBy(await call("POST", "/v1/keys", { ...bearer(credential), json }));
}

/** Rotate a key with this credential. */
export async function rotate(credential: string, keyId: string, json: object = {}): Promise<MadeKey> {
  return await madeBy(await call("POST", `/v1/keys/${keyId}/rotate`, { ...bearer(credential), json }));
}

async function madeBy(response: Response): Promise<MadeKey> {
  const text = await response.text();
  expect(`${response.status} ${text}`).toMatch(/^201 /);
  return createdKeySchema.parse(JSON.parse(text));
}

/** One key as the API shows it to this credential. */
export async function readKey(credential: string, keyId: string): Promise<Omit<MadeKey, "key">> {
  const response = await call("GET", `/v1/keys/${keyId}`, bearer(credential));
  expect(response.status).toBe(200);
  return createdKeySchema.omit({ key: true }).parse(await response.json());
}

/** A key that a member makes for themselves. */
export async function keyOf(person: Person, tenant: TestTenant, wish: object = {}): Promise<MadeKey> {
  return await makeKey(await tokenOf(person, tenant.id), wish);
}

/** A person's id as the database has it. */
export function userIdOf({ id }: Person) {
  if (!isId("usr", id)) throw new Error(`A person has the id ${id}.`);
  return id;
}

/** Use a key for what needs no more than `models:read`. */
export async function use(key: string, options: CallOptions = {}): Promise<Response> {
  return await call("GET", "/v1/models", { ...options, ...bearer(key) });
}
