import { type RotationServices, rotateWhenDue } from "./signing-keys.service.ts";
import { sweepIdentity } from "./sweeping.store.ts";

/** What the authorization server needs done without anybody asking: the next signing key in its time, and what is over removed. */
export async function keepHouse(services: RotationServices): Promise<void> {
  await rotateWhenDue(services);
  await sweepIdentity(services.db, services.now());
}
