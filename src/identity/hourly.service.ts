import { deleteExpiredGrants } from "./expired-grants.store.ts";
import { type RotationServices, rotateWhenDue } from "./signing-keys.service.ts";

/** What the authorization server needs done without anybody asking: the next signing key in its time, and what is over removed. */
export async function keepHouse(services: RotationServices): Promise<void> {
  await rotateWhenDue(services);
  await deleteExpiredGrants(services.db, services.now());
}
