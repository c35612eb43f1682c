import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import type { TenantId } from "../../src/shared/ids.ts";
import { callToTheEnd } from "../support/direct.ts";
import { replaced } from "../support/faulty.ts";
import { type Person, addMember, newOrganization, newPerson, tokenOf } from "../support/people.ts";
import { expectProblem } from "../support/problem.ts";
import { call, newTenant } from "../support/tenant.ts";

/** An owner who calls with a token, and a member whom the owner changes. */
async function newPair() {
  const [owner, member] = [await newPerson("Owner"), await newPerson("Member")];
  const tenantId = await newOrganization(owner);
  await addMember(tenantId, member, "developer");
  const asOwner = { ...(await newTenant()), key: await tokenOf(owner, tenantId) };
  return { tenantId, member, asOwner };
}

async function readWith(token: string): Promise<Response> {
  return await call("GET", "/v1/models", { headers: { Authorization: `Bearer ${token}` } });
}

/** D1, with a token that the person gets just before each batch is written. */
function gettingTokens(person: Person, tenantId: TenantId): { DB: D1Database; between: string[] } {
  const between: string[] = [];
  const DB = replaced(env.DB, "batch", async (statements: D1PreparedStatement[]) => {
    between.push(await tokenOf(person, tenantId));
    return await env.DB.batch(statements);
  });
  return { DB, between };
}

const CHANGES = [
  ["given other roles", "PATCH", { json: { roles: ["viewer"] } }],
  ["removed", "DELETE", {}],
] as const;

describe.each(CHANGES)("a member who is %s", (_how, method, options) => {
  test("keeps no token that was got after the cell was told and before D1 was written", async () => {
    const { tenantId, member, asOwner } = await newPair();
    const { DB, between } = gettingTokens(member, tenantId);
    const path = `/v1/members/${member.id}`;
    const changed = await callToTheEnd(asOwner, method, path, { ...options, bindings: { DB } });
    expect(changed.status).toBeLessThan(300);
    expect(between).toHaveLength(1);
    for (const token of between) await expectProblem(await readWith(token), 401, "credential-void");
  });

  test("is refused after the call was repeated that had failed between D1 and the cell", async () => {
    const { tenantId, member, asOwner } = await newPair();
    const { DB, between } = gettingTokens(member, tenantId);
    let told = 0;
    const TENANT_CELL = replaced(env.TENANT_CELL, "getByName", (name: string) => {
      const cell = env.TENANT_CELL.getByName(name);
      return replaced(cell, "refuseBefore", async (...args: Parameters<typeof cell.refuseBefore>) => {
        told += 1;
        if (told > 1) throw new Error("The cell can't be reached.");
        await cell.refuseBefore(...args);
      });
    });
    const path = `/v1/members/${member.id}`;
    const failed = await callToTheEnd(asOwner, method, path, { ...options, bindings: { DB, TENANT_CELL } });
    expect([failed.status, told]).toEqual([500, 2]);
    const [token = ""] = between;
    expect((await readWith(token)).status).toBe(200);
    const again = await callToTheEnd(asOwner, method, path, options);
    expect(again.status).toBe(method === "DELETE" ? 404 : 200);
    await expectProblem(await readWith(token), 401, "credential-void");
    const rows = await env.DB.prepare("SELECT act FROM audit_events WHERE tenant_id = ? AND target_id = ?")
      .bind(tenantId, member.id)
      .all();
    expect(rows.results).toHaveLength(1);
  });
});
