import { env } from "cloudflare:workers";
import { type TenantId, newId } from "../../src/shared/ids.ts";

/** Values for the parameters of paths that name members and what belongs to them. */
export interface MemberValues {
  readonly user_id: string;
  readonly role: string;
  readonly team_id: string;
  readonly invitation_id: string;
}

/** Give a tenant a member who never logs in, a team without members, a role that nobody has, and an open invitation. */
export async function furnishMembers(tenantId: TenantId): Promise<MemberValues> {
  const nowMs = Date.now();
  const values = {
    user_id: newId("usr", nowMs),
    role: `role-${newId("evt", nowMs).slice(-8)}`,
    team_id: newId("tea", nowMs),
    invitation_id: newId("inv", nowMs),
  };
  const insert = (table: string, row: Record<string, string | number>): D1PreparedStatement =>
    env.DB.prepare(
      `INSERT INTO ${table} (${Object.keys(row).join(", ")}) VALUES (${Object.keys(row)
        .map(() => "?")
        .join(", ")})`,
    ).bind(...Object.values(row));
  const email = `${values.user_id}@example.com`;
  const own = { tenant_id: tenantId, created_at_ms: nowMs };
  const invitation = { email: `invited-${email}`, roles: '["viewer"]', token_hash: values.invitation_id };
  await env.DB.batch([
    insert("users", { id: values.user_id, name: "Grace", email, created_at: nowMs, updated_at: nowMs }),
    insert("members", { ...own, user_id: values.user_id, roles: '["developer"]' }),
    insert("roles", { ...own, id: newId("rol", nowMs), name: values.role, description: "", grants: '["models:read"]' }),
    insert("teams", { ...own, id: values.team_id, name: "Team" }),
    insert("invitations", {
      ...own,
      ...invitation,
      id: values.invitation_id,
      invited_by: values.user_id,
      expires_at_ms: nowMs + 86_400_000,
    }),
  ]);
  return values;
}

/** Put every member of a tenant into all of its teams. */
export async function seatAll(tenantId: TenantId): Promise<void> {
  await env.DB.prepare(
    `INSERT INTO team_members (tenant_id, team_id, user_id)
     SELECT m.tenant_id, t.id, m.user_id FROM members m JOIN teams t ON t.tenant_id = m.tenant_id WHERE m.tenant_id = ?`,
  )
    .bind(tenantId)
    .run();
}

/** Put a tenant below another, as the operator does. */
export async function placeBelow(tenantId: TenantId, parentId: TenantId): Promise<void> {
  await env.DB.prepare("UPDATE tenants SET parent_id = ? WHERE id = ?").bind(parentId, tenantId).run();
}

/** Every row that D1 has of a tenant, whichever table it is in, as JSON. Hours of usage are told at times of their own. */
export async function rowsOf(tenantId: TenantId): Promise<string> {
  const { results } = await env.DB.prepare(
    "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%`tenant_id`%' AND name NOT LIKE 'usage_%' ORDER BY name",
  ).all<{ name: string }>();
  const own = results.map(({ name }) =>
    env.DB.prepare(`SELECT * FROM ${name} WHERE tenant_id = ? ORDER BY 1, 2, 3`).bind(tenantId),
  );
  const tenant = env.DB.prepare("SELECT * FROM tenants WHERE id = ? OR parent_id = ? ORDER BY id").bind(
    tenantId,
    tenantId,
  );
  return JSON.stringify((await env.DB.batch([...own, tenant])).map((result) => result.results));
}
