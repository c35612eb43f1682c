/** What the bootstrap reads and writes, as SQL of D1. */
import { auditRow } from "../../src/events/audit.rules.ts";
import { PLATFORM_TENANT_ID, type UserId, newId, randomBase32 } from "../../src/shared/ids.ts";
import { sha256 } from "../../src/shared/sha256.ts";

/** The link holds for so long: as long as one that a person asks for. */
export const LINK_MS = 3_600_000;

const ROLE = "operator";

/** An account as D1 has it. */
export interface Account {
  readonly id: UserId;
  readonly isVerified: boolean;
}

/** Whose account is to be an operator's. */
export interface Wish {
  readonly email: string;
  readonly name: string;
  /** The account of that address, where there is one. */
  readonly account: Account | undefined;
}

/** One row: the account of the address, if there is one, and how many operators there are. */
export function inspection(email: string): string {
  return `SELECT
    (SELECT count(*) FROM members, json_each(members.roles) AS role
      WHERE members.tenant_id = ${text(PLATFORM_TENANT_ID)} AND role.value = ${text(ROLE)}) AS operators,
    (SELECT json_object('id', id, 'verified', email_verified, 'status', status)
      FROM users WHERE email = ${text(email)}) AS account;`;
}

/** 160 random bits. */
export function newToken(): string {
  return randomBase32(32);
}

/**
 * Make the account an operator's, and have this token set its password once.
 *
 * Whoever signed up with the address and never showed that it is theirs chose a password all the same: it is taken from them before
 * the account becomes an operator's.
 */
export function appointment({ email, name, account }: Wish, token: string, nowMs: number): string {
  const id = account?.id ?? newId("usr", nowMs);
  return [
    ...(account ? [] : [newAccount(id, email, name, nowMs)]),
    ...(account && !account.isVerified ? claimAccount(id, nowMs) : []),
    `INSERT INTO members (tenant_id, user_id, roles, created_at_ms)
      VALUES (${text(PLATFORM_TENANT_ID)}, ${text(id)}, ${text(JSON.stringify([ROLE]))}, ${nowMs})
      ON CONFLICT (tenant_id, user_id) DO UPDATE SET roles = excluded.roles;`,
    // an earlier link that was not followed ends with this one
    `DELETE FROM verifications WHERE value = ${text(id)};`,
    insert("verifications", {
      id: newId("evt", nowMs).slice("evt_".length),
      identifier: sha256(`reset-password:${token}`), // as the authorization server keeps it
      value: id,
      expires_at: nowMs + LINK_MS,
      created_at: nowMs,
      updated_at: nowMs,
    }),
    record(id, nowMs),
  ].join("\n");
}

function newAccount(id: UserId, email: string, name: string, nowMs: number): string {
  return insert("users", {
    id,
    name,
    email,
    email_verified: 1,
    created_at: nowMs,
    updated_at: nowMs,
    status: "active",
  });
}

function claimAccount(id: UserId, nowMs: number): string[] {
  return [
    `DELETE FROM accounts WHERE user_id = ${text(id)};`,
    `DELETE FROM sessions WHERE user_id = ${text(id)};`,
    `UPDATE users SET email_verified = 1, updated_at = ${nowMs} WHERE id = ${text(id)};`,
  ];
}

function record(userId: UserId, nowMs: number): string {
  const row = auditRow(
    {
      act: "platform.bootstrapped",
      actor: { kind: "system" },
      tenantId: PLATFORM_TENANT_ID,
      targetId: userId,
      after: { roles: [ROLE] },
      origin: { ipAddress: "", userAgent: "npm run bootstrap", requestId: "" },
    },
    nowMs,
  );
  return insert("audit_events", {
    id: row.id,
    at_ms: row.atMs,
    tenant_id: row.tenantId,
    act: row.act,
    actor_kind: row.actorKind,
    target_id: row.targetId,
    ip_address: row.ipAddress,
    user_agent: row.userAgent,
    request_id: row.requestId,
    after: JSON.stringify(row.after),
  });
}

function insert(table: string, row: Readonly<Record<string, string | number | null>>): string {
  const names = Object.keys(row).map((name) => `"${name}"`);
  const values = Object.values(row).map((value) => (typeof value === "string" ? text(value) : String(value ?? "NULL")));
  return `INSERT INTO ${table} (${names.join(", ")}) VALUES (${values.join(", ")});`;
}

/** A literal of SQL. */
function text(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}
