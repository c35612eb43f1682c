import { and, eq, sql } from "drizzle-orm";
import type { AuditRow } from "../events/audit.rules.ts";
import { users } from "../identity/auth.tables.ts";
import type { Database } from "../shared/database.ts";
import type { TeamId, TenantId, UserId } from "../shared/ids.ts";
import { recordIfChanged } from "./audited.store.ts";
import { MOST_TEAMS } from "./members.rules.ts";
import { members } from "./members.tables.ts";
import type { NamedMember } from "./members.store.ts";
import { type TeamRow, teamMembers, teams } from "./teams.tables.ts";

interface Page {
  readonly limit: number;
  readonly after: string | undefined;
}

/** The tenant's teams in the order of their making: one page and one row beyond. */
export async function listTeams(tenantId: TenantId, db: Database, { limit, after }: Page): Promise<TeamRow[]> {
  const beyond = after === undefined ? undefined : sql`${teams.id} > ${after}`;
  return await db
    .select()
    .from(teams)
    .where(and(eq(teams.tenantId, tenantId), beyond))
    .orderBy(teams.id)
    .limit(limit + 1);
}

/** One team of the tenant, or undefined. */
export async function findTeam(tenantId: TenantId, db: Database, teamId: TeamId): Promise<TeamRow | undefined> {
  const [row] = await db.select().from(teams).where(isTeam(tenantId, teamId));
  return row;
}

/** The team of this name, or undefined. */
export async function findTeamNamed(tenantId: TenantId, db: Database, name: string): Promise<TeamRow | undefined> {
  const [row] = await db
    .select()
    .from(teams)
    .where(and(eq(teams.tenantId, tenantId), eq(teams.name, name)));
  return row;
}

/** Keep a new team, unless there is one of its name, or as many as there may be. @returns whether it was kept */
export async function insertTeam(
  tenantId: TenantId,
  db: Database,
  { id, name, createdAtMs }: Omit<TeamRow, "tenantId">,
  audit: AuditRow,
): Promise<boolean> {
  const [inserted] = await db.batch([
    db
      .insert(teams)
      .select(
        sql`SELECT ${id}, ${tenantId}, ${name}, ${createdAtMs}
            WHERE (SELECT count(*) FROM ${teams} WHERE ${eq(teams.tenantId, tenantId)}) < ${MOST_TEAMS}`,
      )
      .onConflictDoNothing()
      .returning({ id: teams.id }),
    recordIfChanged(db, audit),
  ]);
  return inserted.length > 0;
}

/** Name a team otherwise, unless another one has the name. @returns whether it was done */
export async function renameTeam(
  tenantId: TenantId,
  db: Database,
  { id, name }: Pick<TeamRow, "id" | "name">,
  audit: AuditRow,
): Promise<boolean> {
  const isFree = sql`NOT EXISTS (SELECT 1 FROM teams AS other WHERE other.tenant_id = ${tenantId} AND other.name = ${name} AND other.id <> ${id})`;
  const [updated] = await db.batch([
    db
      .update(teams)
      .set({ name })
      .where(and(isTeam(tenantId, id), isFree))
      .returning({ id: teams.id }),
    recordIfChanged(db, audit),
  ]);
  return updated.length > 0;
}

/** Delete a team; its members stay members. @returns whether there was one */
export async function deleteTeam(tenantId: TenantId, db: Database, teamId: TeamId, audit: AuditRow): Promise<boolean> {
  const [deleted] = await db.batch([
    db.delete(teams).where(isTeam(tenantId, teamId)).returning({ id: teams.id }),
    recordIfChanged(db, audit),
  ]);
  return deleted.length > 0;
}

/** The members of a team in the order of their ids: one page and one row beyond. */
export async function listTeamMembers(
  tenantId: TenantId,
  db: Database,
  teamId: TeamId,
  { limit, after }: Page,
): Promise<NamedMember[]> {
  const beyond = after === undefined ? undefined : sql`${teamMembers.userId} > ${after}`;
  const { userId, roles, createdAtMs } = members;
  return await db
    .select({ tenantId: members.tenantId, userId, roles, createdAtMs, name: users.name, email: users.email })
    .from(teamMembers)
    .innerJoin(members, and(eq(members.tenantId, teamMembers.tenantId), eq(members.userId, teamMembers.userId)))
    .innerJoin(users, eq(users.id, teamMembers.userId))
    .where(and(eq(teamMembers.tenantId, tenantId), eq(teamMembers.teamId, teamId), beyond))
    .orderBy(teamMembers.userId)
    .limit(limit + 1);
}

/** Put a member into a team; who is in it stays. Nothing happens where there is no such team or member. */
export async function insertTeamMember(
  tenantId: TenantId,
  db: Database,
  { teamId, userId }: { readonly teamId: TeamId; readonly userId: UserId },
  audit: AuditRow,
): Promise<void> {
  await db.batch([
    db
      .insert(teamMembers)
      .select(
        sql`SELECT ${teams.tenantId}, ${teams.id}, ${members.userId} FROM ${teams} JOIN ${members} ON ${eq(members.tenantId, teams.tenantId)}
            WHERE ${and(isTeam(tenantId, teamId), eq(members.userId, userId))}`,
      )
      .onConflictDoNothing(),
    recordIfChanged(db, audit),
  ]);
}

/** Take a member out of a team. @returns whether they were in it */
export async function deleteTeamMember(
  tenantId: TenantId,
  db: Database,
  { teamId, userId }: { readonly teamId: TeamId; readonly userId: UserId },
  audit: AuditRow,
): Promise<boolean> {
  const isThis = and(
    eq(teamMembers.tenantId, tenantId),
    eq(teamMembers.teamId, teamId),
    eq(teamMembers.userId, userId),
  );
  const [deleted] = await db.batch([
    db.delete(teamMembers).where(isThis).returning({ userId: teamMembers.userId }),
    recordIfChanged(db, audit),
  ]);
  return deleted.length > 0;
}

function isTeam(tenantId: TenantId, teamId: TeamId) {
  return and(eq(teams.tenantId, tenantId), eq(teams.id, teamId));
}
