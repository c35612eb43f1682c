import { type Doer, auditRow } from "../events/audit.rules.ts";
import { type TeamId, type TenantId, type UserId, newId } from "../shared/ids.ts";
import type { CellServices } from "./members.service.ts";
import { findMember } from "./members.store.ts";
import {
  deleteTeam,
  deleteTeamMember,
  findTeam,
  findTeamNamed,
  insertTeam,
  insertTeamMember,
  renameTeam,
} from "./teams.store.ts";
import type { TeamRow } from "./teams.tables.ts";

type TeamServices = Pick<CellServices, "db" | "now">;

/** What became of a wish to make a team or to name one otherwise. */
export type TeamNaming =
  | { readonly kind: "named"; readonly team: TeamRow }
  | { readonly kind: "team-exists" }
  | { readonly kind: "too-many" }
  | { readonly kind: "team-not-found" };

/** Make a team. */
export async function makeTeam(
  tenantId: TenantId,
  { db, now }: TeamServices,
  name: string,
  by: Doer,
): Promise<TeamNaming> {
  const createdAtMs = now();
  const team = { id: newId("tea", createdAtMs), name, createdAtMs };
  const audit = auditRow({ ...by, act: "team.created", tenantId, targetId: team.id, after: { name } }, createdAtMs);
  if (await insertTeam(tenantId, db, team, audit)) return { kind: "named", team: { ...team, tenantId } };
  return { kind: (await findTeamNamed(tenantId, db, name)) ? "team-exists" : "too-many" };
}

/** Name a team otherwise. May be repeated. */
export async function nameTeam(
  tenantId: TenantId,
  { db, now }: TeamServices,
  { id, name }: Pick<TeamRow, "id" | "name">,
  by: Doer,
): Promise<TeamNaming> {
  const team = await findTeam(tenantId, db, id);
  if (!team) return { kind: "team-not-found" };
  if (team.name === name) return { kind: "named", team };
  const change = { before: { name: team.name }, after: { name } };
  const audit = auditRow({ ...by, act: "team.changed", tenantId, targetId: id, ...change }, now());
  if (await renameTeam(tenantId, db, { id, name }, audit)) return { kind: "named", team: { ...team, name } };
  return { kind: (await findTeam(tenantId, db, id)) ? "team-exists" : "team-not-found" };
}

/** Delete a team; its members stay members. @returns whether there was one */
export async function removeTeam(
  tenantId: TenantId,
  { db, now }: TeamServices,
  teamId: TeamId,
  by: Doer,
): Promise<boolean> {
  const audit = auditRow({ ...by, act: "team.deleted", tenantId, targetId: teamId }, now());
  return await deleteTeam(tenantId, db, teamId, audit);
}

/** Who is to be in which team. */
interface Seat {
  readonly teamId: TeamId;
  readonly userId: UserId;
}

/** Put a member into a team. May be repeated. */
export async function addToTeam(
  tenantId: TenantId,
  { db, now }: TeamServices,
  seat: Seat,
  by: Doer,
): Promise<"added" | "team-not-found" | "member-not-found"> {
  const [team, member] = await Promise.all([
    findTeam(tenantId, db, seat.teamId),
    findMember(tenantId, db, seat.userId),
  ]);
  if (!team) return "team-not-found";
  if (!member) return "member-not-found";
  const after = { added: seat.userId };
  const audit = auditRow({ ...by, act: "team.changed", tenantId, targetId: seat.teamId, after }, now());
  await insertTeamMember(tenantId, db, seat, audit);
  return "added";
}

/** Take a member out of a team. */
export async function takeFromTeam(
  tenantId: TenantId,
  { db, now }: TeamServices,
  seat: Seat,
  by: Doer,
): Promise<"taken" | "team-not-found" | "member-not-found"> {
  const after = { removed: seat.userId };
  const audit = auditRow({ ...by, act: "team.changed", tenantId, targetId: seat.teamId, after }, now());
  if (await deleteTeamMember(tenantId, db, seat, audit)) return "taken";
  return (await findTeam(tenantId, db, seat.teamId)) ? "member-not-found" : "team-not-found";
}
