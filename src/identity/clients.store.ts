import { and, count, eq, gt, isNotNull } from "drizzle-orm";
import type { AuditRow } from "../events/audit.rules.ts";
import { auditEvents } from "../events/audit.tables.ts";
import type { Database } from "../shared/database.ts";
import { type CallerId, type ClientId, type TenantId, isId } from "../shared/ids.ts";
import { oauthClients, oauthConsents, oauthRefreshTokens } from "./auth.tables.ts";
import {
  CLIENT_AUTH_METHODS,
  CLIENT_GRANT_TYPES,
  type ClientScope,
  type ClientWish,
  OPENID_SCOPES,
  grantsOfScopes,
} from "./clients.rules.ts";
import { grantFrom } from "./permissions.rules.ts";

/** A client of a tenant's own. Its secret's SHA-256 stays here. */
export interface Client extends ClientWish {
  readonly id: ClientId;
  readonly createdBy: CallerId | null;
  readonly createdAtMs: number;
}

type Row = typeof oauthClients.$inferSelect;

/** A client's columns as the authorization server reads them: lists are JSON in text. */
function columnsOf({ name, redirectUris, grantTypes, scopes, authMethod, disabled }: ClientWish) {
  const permissions = grantTypes.includes("client_credentials") ? grantsOfScopes(scopes) : [];
  return {
    name,
    disabled,
    redirectUris: JSON.stringify(redirectUris),
    grantTypes: JSON.stringify(grantTypes),
    responseTypes: JSON.stringify(grantTypes.includes("authorization_code") ? ["code"] : []),
    scopes: JSON.stringify(scopes),
    clientCredentialsScopes: JSON.stringify(permissions),
    tokenEndpointAuthMethod: authMethod,
    requirePKCE: true,
  };
}

function clientOf(row: Row): Client {
  const { clientId: id, name, createdBy, createdAt, disabled, tokenEndpointAuthMethod } = row;
  if (!isId("cli", id)) throw new Error(`The id of the client ${id} has another form than ours.`);
  const types = listOf(row.grantTypes);
  return {
    id,
    name: name ?? "",
    createdBy,
    createdAtMs: createdAt?.getTime() ?? 0,
    disabled: disabled === true,
    redirectUris: listOf(row.redirectUris),
    grantTypes: CLIENT_GRANT_TYPES.filter((type) => types.includes(type)),
    scopes: listOf(row.scopes)
      .map(scopeFrom)
      .filter((scope) => scope !== undefined),
    authMethod: CLIENT_AUTH_METHODS.find((method) => method === tokenEndpointAuthMethod) ?? "client_secret_basic",
  };
}

function listOf(text: string | null): string[] {
  const list: unknown = JSON.parse(text ?? "[]");
  return Array.isArray(list) ? list.filter((item) => typeof item === "string") : [];
}

function scopeFrom(text: string): ClientScope | undefined {
  return OPENID_SCOPES.find((scope) => scope === text) ?? grantFrom(text);
}

const isOwnedBy = (tenantId: TenantId, clientId: ClientId) =>
  and(eq(oauthClients.referenceId, tenantId), eq(oauthClients.clientId, clientId));

/** How many clients the tenant has. */
export async function countClients(tenantId: TenantId, db: Database): Promise<number> {
  const [row] = await db.select({ held: count() }).from(oauthClients).where(eq(oauthClients.referenceId, tenantId));
  return row?.held ?? 0;
}

/** Register a client, with the SHA-256 of its secret if it has one. */
export async function insertClient(
  tenantId: TenantId,
  db: Database,
  client: Client & { readonly secretHash: string | null },
  audit: AuditRow,
): Promise<void> {
  const { id, createdBy, createdAtMs, secretHash } = client;
  const createdAt = new Date(createdAtMs);
  const row = { ...columnsOf(client), id, clientId: id, referenceId: tenantId, clientSecret: secretHash };
  await db.batch([
    db.insert(oauthClients).values({ ...row, createdBy, createdAt, updatedAt: createdAt }),
    db.insert(auditEvents).values(audit),
  ]);
}

/** One page of the tenant's clients, oldest first, and one beyond: all of them, or those that somebody made. */
export async function listClients(
  tenantId: TenantId,
  db: Database,
  page: { readonly limit: number; readonly after: string | undefined; readonly createdBy: CallerId | undefined },
): Promise<Client[]> {
  const { clientId, referenceId, createdBy } = oauthClients;
  const beyond = page.after === undefined ? undefined : gt(clientId, page.after);
  const own = page.createdBy === undefined ? undefined : eq(createdBy, page.createdBy);
  const rows = await db
    .select()
    .from(oauthClients)
    .where(and(eq(referenceId, tenantId), beyond, own))
    .orderBy(clientId)
    .limit(page.limit + 1);
  return rows.map(clientOf);
}

/** One client of the tenant, or undefined. */
export async function findClient(tenantId: TenantId, db: Database, clientId: ClientId): Promise<Client | undefined> {
  const [row] = await db.select().from(oauthClients).where(isOwnedBy(tenantId, clientId));
  return row && clientOf(row);
}

/** Write what a client is from now on. */
export async function updateClient(tenantId: TenantId, db: Database, client: Client, audit: AuditRow): Promise<void> {
  const updatedAt = new Date(audit.atMs);
  await db.batch([
    db
      .update(oauthClients)
      .set({ ...columnsOf(client), updatedAt })
      .where(isOwnedBy(tenantId, client.id)),
    db.insert(auditEvents).values(audit),
  ]);
}

/** Give a client another secret; the one before is forgotten. */
export async function updateSecret(
  tenantId: TenantId,
  db: Database,
  { clientId, secretHash }: { readonly clientId: ClientId; readonly secretHash: string },
  audit: AuditRow,
): Promise<void> {
  const change = { clientSecret: secretHash, updatedAt: new Date(audit.atMs) };
  await db.batch([
    db.update(oauthClients).set(change).where(isOwnedBy(tenantId, clientId)),
    db.insert(auditEvents).values(audit),
  ]);
}

/** Remove a client with its refresh tokens and all that people allowed it. */
export async function deleteClient(
  tenantId: TenantId,
  db: Database,
  clientId: ClientId,
  audit: AuditRow,
): Promise<void> {
  await db.batch([db.delete(oauthClients).where(isOwnedBy(tenantId, clientId)), db.insert(auditEvents).values(audit)]);
}

/** The tenants in which people let a client in. */
export async function tenantsThatAllowed(db: Database, clientId: ClientId): Promise<TenantId[]> {
  const consented = db
    .selectDistinct({ tenantId: oauthConsents.referenceId })
    .from(oauthConsents)
    .where(and(eq(oauthConsents.clientId, clientId), isNotNull(oauthConsents.referenceId)));
  const refreshing = db
    .selectDistinct({ tenantId: oauthRefreshTokens.referenceId })
    .from(oauthRefreshTokens)
    .where(and(eq(oauthRefreshTokens.clientId, clientId), isNotNull(oauthRefreshTokens.referenceId)));
  const rows = (await db.batch([consented, refreshing])).flat();
  const ids = rows.map(({ tenantId }) => tenantId).filter((id) => id !== null && isId("ten", id));
  return [...new Set(ids)];
}
