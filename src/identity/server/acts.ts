import { type Act, type Actor, auditRow } from "../../events/audit.rules.ts";
import type { TenantId } from "../../shared/ids.ts";
import { recordAct as keepAct } from "../../events/audit.service.ts";
import type { AuthWorld } from "./auth-world.ts";
import { doerFromHeaders } from "./request.ts";

/** One act of a person or a client at the authorization server. */
interface OAuthAct {
  readonly act: Act;
  readonly actor: Actor;
  readonly tenantId: TenantId;
  readonly targetId: string;
  readonly after?: unknown;
}

/** Keep an act for the audit, with where the request came from. */
export async function recordAct({ db, now }: AuthWorld, request: Request | undefined, event: OAuthAct): Promise<void> {
  const nowMs = now();
  const { origin } = doerFromHeaders(request?.headers, undefined);
  await keepAct(db, auditRow({ ...event, origin }, nowMs));
}
