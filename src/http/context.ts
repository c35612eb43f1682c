import type { Credential } from "../admission/credentials.rules.ts";
import type { Grant } from "../identity/permissions.rules.ts";
import type { CallerId, TenantId, UserId } from "../shared/ids.ts";
import type { Services } from "../services.ts";

/** A credential as it was presented: well formed and, if it is a token, signed by us, but not yet known to be alive. */
export interface Presented {
  readonly tenantId: TenantId;
  readonly credential: Credential;
}

/** Who is calling, as the tenant's cell has confirmed it. */
export interface Caller {
  readonly tenantId: TenantId;
  readonly callerId: CallerId;
  /** The person who calls, or for whom a key speaks; null where nobody stands behind it. */
  readonly userId: UserId | null;
  readonly scopes: readonly Grant[];
  /** Names of the models that there are for the caller; null: all. */
  readonly models: readonly string[] | null;
}

/** What a handler finds in its context. `presented` and `caller` are there behind their guards only. */
export interface AppEnv {
  Bindings: Env;
  Variables: {
    requestId: string;
    services: Services;
    presented: Presented;
    caller: Caller;
    /** A key that came otherwise than in the header Authorization, on a route that takes it so. */
    offeredKey?: string;
    /** The origin of the page that calls, once the tenant's cell has allowed it. */
    allowedOrigin?: string;
  };
}
