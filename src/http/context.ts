import type { KeyMode, Scope } from "../identity/keys.rules.ts";
import type { KeyId, TenantId } from "../shared/ids.ts";
import type { Services } from "../services.ts";

/** An API key as it was presented: well formed, but not yet known to be alive. */
export interface Credential {
  readonly tenantId: TenantId;
  readonly mode: KeyMode;
  /** SHA-256 of the key, base64url. */
  readonly hash: string;
}

/** Who is calling, as the tenant's cell has confirmed it. */
export interface Caller {
  readonly tenantId: TenantId;
  readonly keyId: KeyId;
  readonly scopes: readonly Scope[];
}

/** What a handler finds in its context. `credential` and `caller` are there behind their guards only. */
export interface AppEnv {
  Bindings: Env;
  Variables: {
    requestId: string;
    services: Services;
    credential: Credential;
    caller: Caller;
    /** A key that came otherwise than in the header Authorization, on a route that takes it so. */
    offeredKey?: string;
    /** The origin of the page that calls, once the tenant's cell has allowed it. */
    allowedOrigin?: string;
  };
}
