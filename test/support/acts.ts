import { env } from "cloudflare:workers";
import type { Act } from "../../src/events/audit.rules.ts";

/** What the audit has of a person, or what was done to them, in order. */
export async function actsOf(personId: string): Promise<Act[]> {
  const { results } = await env.DB.prepare(
    "SELECT act FROM audit_events WHERE actor_id = ?1 OR target_id = ?1 ORDER BY id",
  )
    .bind(personId)
    .all<{ act: Act }>();
  return results.map(({ act }) => act);
}
