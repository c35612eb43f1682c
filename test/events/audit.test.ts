import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import pages from "../../docs/audit.md";
import { ACTS } from "../../src/events/audit.rules.ts";
import { newTenant } from "../support/tenant.ts";

test("a key that is made and revoked is recorded with who did it, from where, and what changed; twice revoked, once recorded", async () => {
  const tenant = await newTenant();
  const headers = { "User-Agent": "curl/8\u0007\u001b[31m", "CF-Connecting-IP": "203.0.113.7" };
  const json = { name: "k", scopes: ["models:infer"] };
  const made: { id: string; key: string } = await (await tenant.call("POST", "/v1/keys", { json, headers })).json();
  await tenant.call("DELETE", `/v1/keys/${made.id}`, { headers });
  await tenant.call("DELETE", `/v1/keys/${made.id}`, { headers });
  const { results } = await env.DB.prepare("SELECT * FROM audit_events WHERE target_id = ? ORDER BY id")
    .bind(made.id)
    .all();
  expect(results).toMatchObject([
    { tenant_id: tenant.id, act: "key.created", actor_kind: "key", ip_address: "203.0.113.7", before: null },
    { act: "key.revoked", actor_kind: "key", user_agent: "curl/8  [31m" },
  ]);
  expect(results[0]?.["actor_id"]).toMatch(/^key_/);
  expect(JSON.parse(String(results[0]?.["after"]))).toEqual({ ...json, mode: "live", models: null });
  expect(JSON.stringify(results)).not.toContain(made.key.slice(-32));
});

test.each(ACTS)("docs/audit.md says what is recorded of %s", (act) => {
  expect(pages).toContain(`\`${act}\``);
});
