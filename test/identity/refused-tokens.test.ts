import { env } from "cloudflare:workers";
import { decodeJwt } from "jose";
import { expect, test } from "vitest";
import type { AuditRow } from "../../src/events/audit.rules.ts";
import { RefusedTokens } from "../../src/identity/refused-tokens.ts";
import { newId } from "../../src/shared/ids.ts";
import { callToTheEnd } from "../support/direct.ts";
import { addOneRequest } from "../support/models.ts";
import { addMember, newPerson, tokenOf } from "../support/people.ts";
import { claimsOf, newSigner, publish, sign } from "../support/signing.ts";
import { type TestTenant, newTenant } from "../support/tenant.ts";

const origin = { ipAddress: "203.0.113.7", userAgent: "curl", requestId: "req_1" };

function newNotes() {
  const world = { nowMs: 0, rows: [] as AuditRow[] };
  const write = async (row: AuditRow) => {
    world.rows.push(row);
    await Promise.resolve();
  };
  const notes = new RefusedTokens(write, () => world.nowMs);
  const note = (token: string, tenantId = ids[0]) => {
    const credential = {
      kind: "token",
      issuedAtMs: 0,
      expiresAtMs: Infinity,
      callerId: newId("usr", 0),
      scopes: [],
      subjects: { token },
    } as const;
    notes.note({ tenantId, credential }, "expired", origin, { waitUntil: () => undefined });
  };
  return { world, note };
}

const ids = [newId("ten", 1), newId("ten", 2)] as const;

test("a token that comes again and again is recorded once a minute", () => {
  const { world, note } = newNotes();
  for (let ms = 0; ms < 180_000; ms += 100) {
    world.nowMs = ms;
    note("one");
  }
  expect(world.rows).toHaveLength(3);
});

test("however many tokens come, few of each tenant are recorded in a minute, and no more than a hundred of all", () => {
  const { world, note } = newNotes();
  for (let i = 0; i < 1_000; i++) note(`token-${i}`);
  expect(world.rows).toHaveLength(10);
  note("another tenant's", ids[1]);
  expect(world.rows).toHaveLength(11);
  for (let i = 0; i < 1_000; i++) note(`token-${i}`, newId("ten", i));
  expect(world.rows).toHaveLength(100);
});

/** What was recorded of a token. */
async function recordsOf(tokenId: unknown): Promise<unknown[]> {
  const { results } = await env.DB.prepare("SELECT * FROM audit_events WHERE target_id = ?").bind(tokenId).all();
  return results;
}

async function present(tenant: TestTenant, token: string, path = "/v1/models", method = "GET"): Promise<number> {
  const headers = { Authorization: `Bearer ${token}`, "CF-Connecting-IP": "203.0.113.7", "User-Agent": "curl" };
  const json = method === "POST" ? { json: addOneRequest } : {};
  return (await callToTheEnd(tenant, method, path, { headers, ...json })).status;
}

test.each([
  ["GET", "/v1/models"],
  ["POST", "/v2/models/m/infer"],
])("%s %s with a token of a log-in that has ended is recorded: who, from where and why", async (method, path) => {
  const [tenant, ada] = [await newTenant(), await newPerson()];
  await addMember(tenant.id, ada, "admin");
  const token = await tokenOf(ada, tenant.id);
  await ada.call("POST", "/auth/sign-out", {});
  expect(await present(tenant, token, path, method)).toBe(401);
  const { jti } = decodeJwt(token);
  expect(await recordsOf(jti)).toMatchObject([
    {
      act: "token.refused",
      tenant_id: tenant.id,
      actor_kind: "user",
      actor_id: ada.id,
      ip_address: "203.0.113.7",
      user_agent: "curl",
      after: '{"reason":"void"}',
    },
  ]);
});

test("a token of ours that has expired is recorded; one that anybody can make up, and one that holds, is not", async () => {
  const [tenant, ours, foreign] = [await newTenant(), await newSigner(), await newSigner()];
  await publish(ours);
  const [expired, forged, good] = [claimsOf(tenant.id, { exp: 1 }), claimsOf(tenant.id), claimsOf(tenant.id)];
  expect(await present(tenant, await sign(ours, expired))).toBe(401);
  expect(await present(tenant, await sign({ ...foreign, kid: ours.kid }, forged))).toBe(401);
  expect(await present(tenant, await sign(ours, good))).toBe(200);
  expect(await recordsOf(expired["jti"])).toMatchObject([{ act: "token.refused", after: '{"reason":"expired"}' }]);
  expect(await recordsOf(forged["jti"])).toEqual([]);
  expect(await recordsOf(good["jti"])).toEqual([]);
});
