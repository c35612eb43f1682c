import type { Mailer, MailerParts } from "../../email/mailer.ts";
import type { Credential, EpochKind } from "../../admission/credentials.rules.ts";
import type { OrganizationServices } from "../../members/organizations.service.ts";
import type { Clock } from "../../shared/clock.ts";
import type { Database } from "../../shared/database.ts";
import type { SessionId, TenantId, UserId } from "../../shared/ids.ts";
import type { AccessTokens } from "../access-tokens.ts";
import type { Background } from "../signing-keys.ts";
import type { Attempts } from "../attempts.service.ts";
import type { LogInProviders } from "../log-in-providers.schemas.ts";

/** What the authorization server needs of the world outside. */
export interface AuthWorld extends OrganizationServices {
  readonly db: Database;
  readonly now: Clock;
  /** How it writes to people. */
  readonly mail: Omit<MailerParts, "waitUntil">;
  /** The origin that it is reached at, which is its name in the tokens that it issues. */
  readonly issuer: string;
  /** What sessions, private keys and secrets are signed and encrypted with. */
  readonly secret: string;
  /** Limits of what may be tried, and the lock of accounts whose secret is guessed. */
  readonly attempts: Attempts;
  /** Read an access token of this server, without asking whether it is alive. */
  readonly readToken: (token: string, background: Background) => ReturnType<AccessTokens["read"]>;
  /** Whether the tenant's cell has voided a credential. */
  readonly isVoid: (tenantId: TenantId, credential: Credential) => Promise<boolean>;
  /** Have the tenant's cell void what was issued of a subject before a moment. When it returns, that is refused. */
  readonly refuseBefore: (tenantId: TenantId, kind: EpochKind, id: string, notBeforeMs: number) => Promise<void>;
  /** Tell every cell that knows of the log-in that its tokens are void. When it returns, they are refused. */
  readonly voidSession: (userId: UserId, sessionId: SessionId) => Promise<void>;
  /** Tell every cell that knows of the person that no token of theirs holds any more, now or later. @returns whose cells */
  readonly voidPerson: (userId: UserId) => Promise<TenantId[]>;
  /** Have these cells read anew what the keys that the person made may do. */
  readonly followKeys: (userId: UserId, tenantIds: readonly TenantId[]) => Promise<void>;
  /** Where else people may log in. */
  readonly logInProviders: LogInProviders;
}

/** The world with the mailer that outlives a request. */
export interface AuthContext extends AuthWorld {
  readonly mailer: Mailer;
}
