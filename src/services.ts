import { drizzle } from "drizzle-orm/d1";
import type { Change } from "../durable-objects/cell-loading.ts";
import { type WaitUntil, requestAdmission, settleLater, settleNow } from "./admission/admission.service.ts";
import { answersOfTenant } from "./admission/answers.service.ts";
import { cellOf, offersJurisdiction } from "./admission/cells.ts";
import type { Ended, KeptAnswers } from "./admission/claims.rules.ts";
import { type OperatorClaims, operatorClaims } from "./admission/operator-claims.service.ts";
import type { Admission, AdmissionRequest } from "./admission/admission.rules.ts";
import { cloudflareDelivery } from "./email/cloudflare-delivery.ts";
import { type Delivery, type Mailer, createMailer } from "./email/mailer.ts";
import { outboxDelivery } from "./email/outbox-delivery.ts";
import { type Config, parseEnv } from "./env.ts";
import { recordAct } from "./events/audit.service.ts";
import { AccessTokens } from "./identity/access-tokens.ts";
import { authServer, newSigningKey } from "./identity/auth.ts";
import { ReporterKeys, loadReporterKeys } from "./identity/reporter-keys.ts";
import { followKeys, voidPerson, voidSession } from "./identity/revocation.service.ts";
import type { AuthServer } from "./identity/server/auth-server.ts";
import type { AuthWorld } from "./identity/server/auth-world.ts";
import { RefusedTokens } from "./identity/refused-tokens.ts";
import { SigningKeys } from "./identity/signing-keys.ts";
import { type SigningKeyRow, loadPublicKeys } from "./identity/signing-keys.store.ts";
import { type Attempts, attemptsOf } from "./identity/attempts.service.ts";
import { type ContainerBackend, containerBackend } from "./inference/container-backends.ts";
import { type Isolates, hostedIsolates, platformIsolates } from "./inference/isolates.ts";
import { type Clock, systemClock } from "./shared/clock.ts";
import type { Database } from "./shared/database.ts";
import { derivedKey } from "./shared/derived-keys.ts";
import type { TenantId } from "./shared/ids.ts";
import { originOf } from "./shared/origin.ts";
import type { Jurisdiction, LocationHint } from "./shared/regions.ts";

/** What handlers need of the world outside, built once per request. */
export interface Services {
  readonly config: Config;
  readonly now: Clock;
  readonly db: Database;
  readonly files: R2Bucket;
  readonly isolates: Isolates;
  /** Where models run that do not fit into an isolate; undefined in a deployment without it. */
  readonly container: ContainerBackend | undefined;
  /** How the Worker writes to people. */
  readonly mailer: Mailer;
  /** People and the authorization server. */
  readonly authServer: () => Promise<AuthServer>;
  /** Make a key pair that begins to sign at this time. */
  readonly newSigningKey: (signsFromMs: number) => Promise<SigningKeyRow>;
  /** What reads the access tokens of {@link Services.issuer}. */
  readonly accessTokens: AccessTokens;
  /** Has refusals of tokens recorded. */
  readonly refusedTokens: RefusedTokens;
  /** What tells whether a report of leaked keys is genuine. */
  readonly reporterKeys: ReporterKeys;
  /** Who issues them: the origin that this deployment is reached at. */
  readonly issuer: string;
  /** The origin of the request, such as `https://api.example.com`. */
  readonly origin: string;
  /** The tenant's cell. */
  readonly cell: (tenantId: TenantId) => ReturnType<typeof cellOf>;
  /** One trip to the tenant's cell, joined with its neighbours. */
  readonly admit: (tenantId: TenantId, request: AdmissionRequest) => Promise<Admission>;
  /** Settle after the response. */
  readonly settle: (tenantId: TenantId, ended: Ended) => void;
  /** Settle before the response: when it returns, the answer is kept to be given again. */
  readonly settleNow: (tenantId: TenantId, ended: Ended) => Promise<void>;
  /** What a tenant's requests with an idempotency key were answered. Inference keeps its own, with the settlement. */
  readonly answersOf: (tenantId: TenantId) => KeptAnswers;
  /** The operator's requests with an idempotency key, and what they were answered. */
  readonly operatorClaims: OperatorClaims;
  /** Limits of what strangers may try, and the lock of accounts whose secret is guessed. */
  readonly attempts: Attempts;
  /** Tell the tenant's cell what changed in D1; when it returns, the change holds. */
  readonly refresh: (tenantId: TenantId, change: Change) => Promise<void>;
  /** Make a new tenant's cell, near this place if one is given. */
  readonly makeCell: (tenantId: TenantId, locationHint: LocationHint | null) => Promise<void>;
  /** Whether cells can be held to this jurisdiction. */
  readonly offersJurisdiction: (jurisdiction: Jurisdiction) => boolean;
}

/** What work that no request asks for needs of the world outside. */
export type BackgroundServices = Pick<Services, "now" | "db" | "cell" | "newSigningKey">;

/** What does not change from request to request, made once per isolate. */
type Standing = Pick<Services, "config" | "isolates" | "container" | "accessTokens" | "refusedTokens" | "reporterKeys">;

const standings = new WeakMap<Env, Standing>();
const databases = new WeakMap<D1Database, Database>();

function standingOf(env: Env): Standing {
  const known = standings.get(env);
  if (known) return known;
  const config = parseEnv(env);
  const isolates =
    config.maxLiveIsolates === 0
      ? platformIsolates(env.LOADER, env.MODELS)
      : hostedIsolates(env.ISOLATE_HOST, config.maxLiveIsolates);
  const keys = new SigningKeys(async () => await loadPublicKeys(databaseOf(env), systemClock()), systemClock);
  const standing = {
    config,
    isolates,
    container: containerBackend(env.LARGE_MODEL_BACKEND, config),
    accessTokens: new AccessTokens(keys, systemClock),
    refusedTokens: new RefusedTokens(async (row) => await recordAct(databaseOf(env), row), systemClock),
    reporterKeys: new ReporterKeys(async () => await loadReporterKeys(config.reporters), systemClock),
  };
  standings.set(env, standing);
  return standing;
}

function databaseOf(env: Env): Database {
  const database = databases.get(env.DB) ?? drizzle(env.DB);
  databases.set(env.DB, database);
  return database;
}

function deliveryOf(env: Env, { email }: Config): Delivery {
  if (email.delivery === "outbox") return outboxDelivery(() => databaseOf(env), systemClock);
  return cloudflareDelivery(env.EMAIL, email.from, email.brand);
}

async function makeCell(env: Env, tenantId: TenantId, locationHint: LocationHint | null): Promise<void> {
  await cellOf(env.TENANT_CELL, tenantId, locationHint).refresh({ kind: "tenant" });
}

/** What sessions, private keys and secrets are signed and encrypted with. */
function identitySecret({ masterKey }: Config): string {
  return Buffer.from(derivedKey(masterKey, "identity")).toString("base64url");
}

function authWorld(env: Env, issuer: string): AuthWorld {
  const background = createBackgroundServices(env);
  const config = parseEnv(env);
  return {
    ...background,
    makeCell: async (tenantId, hint) => await makeCell(env, tenantId, hint),
    offersJurisdiction: (jurisdiction) => offersJurisdiction(env.TENANT_CELL, jurisdiction),
    mail: { brand: config.email.brand, deliver: deliveryOf(env, config) },
    issuer,
    secret: identitySecret(config),
    attempts: attemptsOf(env.ATTEMPT_LIMITER, config.masterKey),
    logInProviders: config.logInProviders,
    readToken: (token, alongside) => standingOf(env).accessTokens.read(token, { issuer, background: alongside }),
    isVoid: async (tenantId, credential) => await background.cell(tenantId).isVoid(credential),
    refuseBefore: async (tenantId, ...subject) => {
      await background.cell(tenantId).refuseBefore(...subject);
    },
    voidSession: async (userId, sessionId) => await voidSession(background, userId, sessionId),
    voidPerson: async (userId) => await voidPerson(background, userId, "ever"),
    followKeys: async (userId, tenantIds) => await followKeys(background, userId, tenantIds),
  };
}

export function createBackgroundServices(env: Env): BackgroundServices {
  return {
    now: systemClock,
    db: databaseOf(env),
    cell: (tenantId) => cellOf(env.TENANT_CELL, tenantId),
    newSigningKey: async (signsFromMs) => await newSigningKey(identitySecret(parseEnv(env)), signsFromMs),
  };
}

export function createServices(env: Env, request: Request, waitUntil: WaitUntil): Services {
  const cells = env.TENANT_CELL;
  const { config, isolates, container, accessTokens, refusedTokens, reporterKeys } = standingOf(env);
  return {
    config,
    isolates,
    container,
    accessTokens,
    refusedTokens,
    reporterKeys,
    now: systemClock,
    get db() {
      return databaseOf(env);
    },
    files: env.MODELS,
    get origin() {
      return originOf(request.url);
    },
    get mailer() {
      return createMailer({ brand: config.email.brand, deliver: deliveryOf(env, config), waitUntil });
    },
    authServer: async () => await authServer(authWorld(env, config.publicOrigin ?? originOf(request.url))),
    newSigningKey: async (signsFromMs) => await newSigningKey(identitySecret(config), signsFromMs),
    get issuer() {
      return config.publicOrigin ?? originOf(request.url);
    },
    cell: (tenantId) => cellOf(cells, tenantId),
    admit: (tenantId, asked) => requestAdmission(tenantId, cells, waitUntil, asked),
    settle: (tenantId, ended) => settleLater(tenantId, cells, waitUntil, ended),
    settleNow: async (tenantId, ended) => await settleNow(tenantId, cells, [ended]),
    answersOf: (tenantId) => answersOfTenant(tenantId, { cells, files: env.MODELS, masterKey: config.masterKey }),
    get operatorClaims() {
      return operatorClaims(() => databaseOf(env), { now: systemClock, masterKey: config.masterKey });
    },
    get attempts() {
      return attemptsOf(env.ATTEMPT_LIMITER, config.masterKey);
    },
    refresh: async (tenantId, change) => {
      await cellOf(cells, tenantId).refresh(change);
    },
    makeCell: async (tenantId, locationHint) => await makeCell(env, tenantId, locationHint),
    offersJurisdiction: (jurisdiction) => offersJurisdiction(cells, jurisdiction),
  };
}
