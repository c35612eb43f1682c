import type { BetterAuthPlugin, GenericEndpointContext } from "better-auth";
import { createAuthMiddleware } from "better-auth/api";
import { networkOf } from "../../admission/addresses.rules.ts";
import { type Act, type AuditRow, auditRow } from "../../events/audit.rules.ts";
import { recordAct as keepAct } from "../../events/audit.service.ts";
import { latestLogIns } from "../acts.store.ts";
import { deleteRefreshTokens } from "../people.store.ts";
import type { Failures, GuessKind } from "../attempts.rules.ts";
import type { Account } from "../attempts.service.ts";
import { deviceOf } from "../devices.rules.ts";
import type { AuthContext } from "./auth-world.ts";
import { doerFromHeaders, outcomeOf } from "./request.ts";

/** What is recorded of a person, who did it themselves unless nobody is known. */
interface PersonalAct {
  readonly act: Act;
  /** Who did it; undefined where nobody is known. */
  readonly userId?: string | undefined;
  readonly targetId?: string | undefined;
  readonly after?: unknown;
}

/** Record what a person did to their account, or what somebody tried on it. */
export async function recordAct(
  { db, now }: Pick<AuthContext, "db" | "now">,
  headers: Headers | undefined,
  { act, userId, targetId = userId, after }: PersonalAct,
): Promise<AuditRow> {
  const row = auditRow({ ...doerFromHeaders(headers, userId), act, tenantId: null, targetId, after }, now());
  await keepAct(db, row);
  return row;
}

/** What a log-in is called by its endpoint. */
const METHODS: Readonly<Record<string, string>> = {
  "/sign-in/email": "password",
  "/two-factor/verify-totp": "password and code",
  "/two-factor/verify-backup-code": "password and backup code",
  "/passkey/verify-authentication": "passkey",
  "/callback/:id": "provider",
};

/** Records log-ins, and what becomes of passwords and passkeys. Those that fail are recorded where they are counted. */
export function records(world: AuthContext) {
  return {
    id: "records",
    hooks: {
      after: [{ matcher: () => true, handler: createAuthMiddleware(async (ctx) => await record(world, ctx)) }],
    },
  } satisfies BetterAuthPlugin;
}

async function record(world: AuthContext, ctx: GenericEndpointContext): Promise<void> {
  const { headers, path } = ctx;
  const { newSession, session } = ctx.context;
  const method = METHODS[path];
  // a provider's log-in ends in a redirect, which is an error to better-auth; who turns a second factor on has a session before
  if (method !== undefined && newSession && !session) return await recordLogIn(world, ctx, method);
  if (outcomeOf(ctx).isRefused) return undefined;
  const person = newSession?.user ?? session?.user;
  const act = ACTS_BY_PATH[path];
  if (!person || !act) return undefined;
  await recordAct(world, headers, { act, userId: person.id });
  if (path === "/change-password") {
    await deleteRefreshTokens(world.db, person.id);
    await mailNewPassword(world, person.email);
  }
  return undefined;
}

const ACTS_BY_PATH: Readonly<Record<string, Act>> = {
  "/change-password": "person.changed_password",
  "/passkey/verify-registration": "passkey.added",
  "/passkey/delete-passkey": "passkey.removed",
};

/** Record a log-in, and write to the person if they were never seen in this browser and network. */
async function recordLogIn(world: AuthContext, ctx: GenericEndpointContext, method: string): Promise<void> {
  const entered = ctx.context.newSession;
  if (!entered) return;
  const { user, session } = entered;
  const before = await latestLogIns(world.db, user.id);
  const row = await recordAct(world, ctx.headers, {
    act: "person.logged_in",
    userId: user.id,
    targetId: session.id,
    after: { method },
  });
  if (before.length === 0 || before.some((known) => isSamePlace(known, row))) return;
  const data = {
    device: deviceOf(row.userAgent),
    ipAddress: row.ipAddress,
    atMs: row.atMs,
    url: `${world.issuer}/security`,
  };
  world.mailer.sendLater({ to: user.email, template: "new-log-in", data });
}

type Place = Pick<AuditRow, "ipAddress" | "userAgent">;

function isSamePlace(one: Place, other: Place): boolean {
  return one.userAgent === other.userAgent && networkOf(one.ipAddress) === networkOf(other.ipAddress);
}

async function mailNewPassword({ mailer, now, issuer }: AuthContext, to: string): Promise<void> {
  await mailer.send({ to, template: "password-changed", data: { atMs: now(), url: `${issuer}/reset-password` } });
}

/** Record that an account was locked, and write to its owner, if there is one. */
export async function tellOfLock(
  world: AuthContext,
  { headers, context }: GenericEndpointContext,
  { kind, account, lock }: { kind: GuessKind; account: Account; lock: Failures },
): Promise<void> {
  const { internalAdapter } = context;
  const user =
    account.kind === "email"
      ? (await internalAdapter.findUserByEmail(account.id.toLowerCase()))?.user
      : await internalAdapter.findUserById(account.id);
  await recordAct(world, headers, {
    act: "person.locked_out",
    targetId: user?.id,
    after: { kind, failures: lock.count },
  });
  if (!user) return;
  const data = {
    attempts: lock.count,
    lockedUntilMs: lock.lockedUntilMs,
    atMs: world.now(),
    url: `${world.issuer}/reset-password`,
  };
  world.mailer.sendLater({ to: user.email, template: "locked-out", data });
}
