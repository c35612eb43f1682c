import { type Act, type Doer, auditRow } from "../events/audit.rules.ts";
import type { Services } from "../services.ts";
import { type CallerId, type ClientId, type TenantId, newId } from "../shared/ids.ts";
import { sha256 } from "../shared/sha256.ts";
import {
  type ClientFault,
  type ClientWish,
  MOST_CLIENTS,
  faultsOf,
  fieldsOf,
  grantsOfScopes,
  newClientSecret,
} from "./clients.rules.ts";
import {
  type Client,
  countClients,
  deleteClient,
  findClient,
  insertClient,
  listClients,
  tenantsThatAllowed,
  updateClient,
  updateSecret,
} from "./clients.store.ts";
import { type Grant, excessGrants, holds } from "./permissions.rules.ts";

type ClientServices = Pick<Services, "db" | "now" | "cell">;

/** Who manages clients, and how far they reach. */
export interface Registrar {
  readonly tenantId: TenantId;
  readonly callerId: CallerId;
  readonly scopes: readonly Grant[];
  readonly doer: Doer;
}

/** What became of a wish. */
export type ClientOutcome =
  | { readonly kind: "done"; readonly client: Client; readonly secret?: string }
  | { readonly kind: "not-found" }
  /** The client could do what the caller can't. */
  | { readonly kind: "excess"; readonly excess: readonly Grant[] }
  | { readonly kind: "faulty"; readonly faults: readonly ClientFault[] }
  | { readonly kind: "quota-reached"; readonly max: number }
  | { readonly kind: "public" };

/** Later than any token: a client that is gone never comes back. */
const FOREVER_MS = Number.MAX_SAFE_INTEGER;

/** Register a client. Its secret exists in the answer and nowhere else. */
export async function createClient(services: ClientServices, by: Registrar, wish: ClientWish): Promise<ClientOutcome> {
  const { tenantId, callerId: createdBy } = by;
  const refusal = refusalOf(by, wish, wish);
  if (refusal) return refusal;
  if ((await countClients(tenantId, services.db)) >= MOST_CLIENTS) return { kind: "quota-reached", max: MOST_CLIENTS };
  const nowMs = services.now();
  const client = { ...wish, id: newId("cli", nowMs), createdBy, createdAtMs: nowMs };
  const secret = wish.authMethod === "none" ? undefined : newClientSecret();
  const secretHash = secret === undefined ? null : sha256(secret);
  const audit = auditOf(by, "client.created", { clientId: client.id, after: fieldsOf(wish) }, nowMs);
  await insertClient(tenantId, services.db, { ...client, secretHash }, audit);
  return { kind: "done", client, ...(secret !== undefined && { secret }) };
}

/** The tenant's clients, or those that the caller made. */
export async function readClients(
  { db }: Pick<Services, "db">,
  { tenantId, callerId, scopes }: Omit<Registrar, "doer">,
  page: { readonly limit: number; readonly after: string | undefined },
): Promise<Client[]> {
  const createdBy = holds(scopes, "clients:read") ? undefined : callerId;
  return await listClients(tenantId, db, { ...page, createdBy });
}

/** One client that the caller may see; undefined where there is none. */
export async function readClient(
  { db }: Pick<Services, "db">,
  by: Omit<Registrar, "doer">,
  clientId: ClientId,
  needed: "clients:read" | "clients:write" = "clients:read",
): Promise<Client | undefined> {
  const client = await findClient(by.tenantId, db, clientId);
  return client && (holds(by.scopes, needed) || client.createdBy === by.callerId) ? client : undefined;
}

/**
 * Change a client. When the call returns, tokens that it was given before are void if it was disabled or may do less.
 *
 * May be repeated: should telling a cell fail, the caller gets a fault and changes it again.
 */
export async function changeClient(
  services: ClientServices,
  by: Registrar,
  clientId: ClientId,
  change: Partial<ClientWish>,
): Promise<ClientOutcome> {
  const before = await readClient(services, by, clientId, "clients:write");
  if (!before) return { kind: "not-found" };
  const client = { ...before, ...change };
  // Whoever can only switch it off needs to hold nothing of what it may do.
  const isRestriction = Object.keys(change).every((field) => field === "disabled") && client.disabled;
  const refusal = isRestriction ? undefined : refusalOf(by, client, before);
  if (refusal) return refusal;
  const audit = auditOf(
    by,
    "client.changed",
    { clientId, before: fieldsOf(before), after: fieldsOf(client) },
    services.now(),
  );
  await updateClient(by.tenantId, services.db, client, audit);
  await voidTokens(services, by.tenantId, clientId, services.now() + 1);
  return { kind: "done", client };
}

/** Give a client a new secret. When the call returns, the old one is good for nothing, nor is what was got with it. */
export async function rotateSecret(
  services: ClientServices,
  by: Registrar,
  clientId: ClientId,
): Promise<ClientOutcome> {
  const client = await readClient(services, by, clientId, "clients:write");
  if (!client) return { kind: "not-found" };
  if (client.authMethod === "none") return { kind: "public" };
  const refusal = refusalOf(by, client, client);
  if (refusal) return refusal;
  const secret = newClientSecret();
  const audit = auditOf(by, "client.secret_rotated", { clientId }, services.now());
  await updateSecret(by.tenantId, services.db, { clientId, secretHash: sha256(secret) }, audit);
  await voidTokens(services, by.tenantId, clientId, services.now() + 1);
  return { kind: "done", client, secret };
}

/** Remove a client. When the call returns, no token of it holds anywhere. @returns whether there was one */
export async function removeClient(services: ClientServices, by: Registrar, clientId: ClientId): Promise<boolean> {
  const client = await readClient(services, by, clientId, "clients:write");
  if (!client) return false;
  await voidTokens(services, by.tenantId, clientId, FOREVER_MS);
  const before = { name: client.name, scopes: client.scopes };
  const audit = auditOf(by, "client.deleted", { clientId, before }, services.now());
  await deleteClient(by.tenantId, services.db, clientId, audit);
  return true;
}

/** Nobody makes, changes or gets the secret of a client that may do what they may not, before or after. */
function refusalOf({ scopes }: Registrar, wish: ClientWish, before: ClientWish): ClientOutcome | undefined {
  const excess = excessGrants(grantsOfScopes([...new Set([...before.scopes, ...wish.scopes])]), scopes);
  if (excess.length > 0) return { kind: "excess", excess };
  const faults = faultsOf(wish);
  return faults.length > 0 ? { kind: "faulty", faults } : undefined;
}

/** In every cell that may see tokens of the client: its own tenant's, and those where people let it in. */
async function voidTokens(
  { db, cell }: ClientServices,
  tenantId: TenantId,
  clientId: ClientId,
  notBeforeMs: number,
): Promise<void> {
  const tenantIds = new Set([tenantId, ...(await tenantsThatAllowed(db, clientId))]);
  await Promise.all([...tenantIds].map(async (id) => await cell(id).refuseBefore("client", clientId, notBeforeMs)));
}

function auditOf(
  { tenantId, doer }: Registrar,
  act: Act,
  { clientId, before, after }: { readonly clientId: ClientId; readonly before?: unknown; readonly after?: unknown },
  nowMs: number,
) {
  return auditRow({ ...doer, act, tenantId, targetId: clientId, before, after }, nowMs);
}
