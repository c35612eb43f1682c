import { type Doer, auditRow } from "../events/audit.rules.ts";
import { tenantsOf } from "../members/members.service.ts";
import type { Services } from "../services.ts";
import { type UserId, isId } from "../shared/ids.ts";
import {
  type UserRow,
  deleteSessionsOfPerson,
  findPerson,
  findPersonByEmail,
  sessionsOfPerson,
  updatePersonStatus,
} from "./people.store.ts";
import { followKeys, voidPerson, voidSession } from "./revocation.service.ts";

/** A person as the platform's people see them. */
export type Person = Pick<UserRow, "email" | "name" | "emailVerified" | "status" | "createdAt" | "twoFactorEnabled"> & {
  readonly id: UserId;
};

/** The person of an address; undefined when there is none. */
export async function personOf(services: Pick<Services, "db">, email: string): Promise<Person | undefined> {
  return personFrom(await findPersonByEmail(services.db, email));
}

/**
 * Suspend a person: they log in nowhere, and when the call returns, what they hold is refused.
 *
 * May be repeated: should a cell not be told, the caller gets a fault and does it again.
 *
 * @returns undefined when there is no such person
 */
export async function suspendPerson(services: Services, userId: UserId, by: Doer): Promise<Person | undefined> {
  const person = await changeStatus(services, userId, { status: "suspended", act: "person.suspended", by });
  if (!person) return undefined;
  // tokens are made of what was read before: after the change, so that none that was made meanwhile outlives it
  await followKeys(services, userId, await voidPerson(services, userId, services.now()));
  for (const sessionId of await sessionsOfPerson(services.db, userId)) await voidSession(services, userId, sessionId);
  await deleteSessionsOfPerson(services.db, userId);
  return person;
}

/** Let a suspended person in again; they log in anew. Undefined when there is no such person. */
export async function reinstatePerson(services: Services, userId: UserId, by: Doer): Promise<Person | undefined> {
  const person = await changeStatus(services, userId, { status: "active", act: "person.reinstated", by });
  if (person) await followKeys(services, userId, await tenantsOf(services.db, userId));
  return person;
}

interface StatusChange {
  readonly status: Person["status"];
  readonly act: "person.suspended" | "person.reinstated";
  readonly by: Doer;
}

/** What is so already stays as it is, and is not recorded again. */
async function changeStatus(
  { db, now }: Services,
  userId: UserId,
  { status, act, by }: StatusChange,
): Promise<Person | undefined> {
  const person = personFrom(await findPerson(db, userId));
  if (!person || person.status === status) return person;
  const [before, after] = [{ status: person.status }, { status }];
  const audit = auditRow({ ...by, act, tenantId: null, targetId: userId, before, after }, now());
  await updatePersonStatus(db, userId, status, audit);
  return { ...person, status };
}

function personFrom(row: UserRow | undefined): Person | undefined {
  return row && isId("usr", row.id) ? { ...row, id: row.id } : undefined;
}
