import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "../..");

/** Stores, and functions of them, that don't take the tenant first, and why. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  "src/admission/operator-claims.store.ts": "holds the operator's requests, which are no tenant's",
  "src/email/outbox.store.ts": "holds mails to people, for developers alone",
  "src/events/audit.store.ts insertAuditEvent": "writes a row, which names its tenant, if it concerns one",
  "src/events/audit.store.ts listAllAuditEvents": "lists what concerns all tenants, for the platform's people",
  "src/identity/acts.store.ts": "holds what people do about their own accounts",
  "src/identity/clients.store.ts tenantsThatAllowed": "asks which tenants a client may hold tokens of",
  "src/identity/people.store.ts": "people are no tenant's",
  "src/identity/sweeping.store.ts": "removes what is over, whoever's it was",
  "src/members/owners.store.ts": "asks which tenants a person owns alone",
  "src/members/standing.store.ts": "asks what a person's tenants ask of them, all together",
  "src/identity/server/auth-database.store.ts": "is better-auth's, whose people and log-ins are no tenant's",
  "src/identity/signing-keys.store.ts": "holds the keys that sign all tenants' tokens",
  "src/usage/reconciliation.store.ts": "goes through all tenants, for the operator",
  "src/usage/fleet.store.ts upsertHours": "writes what cells told, each of its own tenant",
  "src/usage/fleet.store.ts sumFleet": "sums over all tenants, for the operator, or over the one of the query",
  "src/usage/fleet.store.ts totalFleet": "as sumFleet",
  "src/usage/fleet.store.ts tenantsWithUsage": "lists tenants, for the operator",
  "src/tenants/tenants.store.ts listTenants": "lists tenants, for the operator",
  "src/members/audited.store.ts recordIfChanged": "writes an audit row, which names its tenant",
  "src/members/invitations.store.ts findByToken": "who has the secret of an invitation doesn't know its tenant",
  "src/members/invitations.store.ts nameOfUser": "people are no tenant's",
  "src/members/members.store.ts tenantsOfUser": "asks which tenants a person belongs to",
  "src/members/organizations.store.ts organizationsOf": "asks which tenants a person belongs to",
};

/** Every exported function of a store that is given D1, with its parameters as they are written. */
const functions = globSync("src/**/*.store.ts", { cwd: ROOT }).flatMap((file) => {
  const source = readFileSync(join(ROOT, file), "utf8");
  return [...source.matchAll(/^export (?:async )?function (\w+)(?:<[^(]*>)?\(([^)]*)/gm)]
    .map(([, name = "", parameters = ""]) => ({ name: `${file} ${name}`, parameters: parameters.trim() }))
    .filter(({ parameters }) => /\bdb: Database\b/.test(parameters));
});

test("there are stores to read", () => {
  expect(functions.length).toBeGreaterThan(50);
});

const without = functions.filter(({ parameters }) => !parameters.startsWith("tenantId: TenantId,"));
const exceptionOf = (name: string): string => (name in EXCEPTIONS ? name : (name.split(" ")[0] ?? ""));

test("every function of a store takes the tenant first, or is a known exception; and no exception is none", () => {
  const found = new Set(without.map(({ name }) => exceptionOf(name)));
  expect([...found].toSorted()).toEqual(Object.keys(EXCEPTIONS).toSorted());
});
