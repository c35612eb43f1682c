import type { Clock } from "../shared/clock.ts";
import type { Database } from "../shared/database.ts";
import { sweepIdentity } from "./sweeping.store.ts";

/** What the hour brings: identity forgets what is over. May be repeated. */
export async function sweep({ db, now }: { readonly db: Database; readonly now: Clock }): Promise<void> {
  await sweepIdentity(db, now());
}
