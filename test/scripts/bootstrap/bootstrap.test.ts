import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { execute } from "../../../scripts/bootstrap/database.ts";
import { applyMigrations } from "../../../scripts/start/worker.ts";
import { ROOT, outputOf, startScript } from "../../journeys/npm-start.ts";

const WITHIN_MS = 60_000;

let state = "";
beforeAll(async () => {
  state = await mkdtemp(join(tmpdir(), "tensorgate-bootstrap-"));
  await applyMigrations(state);
}, WITHIN_MS);
afterAll(async () => {
  await rm(state, { recursive: true, force: true });
});

async function bootstrap(...args: string[]): Promise<{ output: string; exitCode: number | null }> {
  return await outputOf(startScript(ROOT, ["scripts/bootstrap.ts", ...args], {}));
}

async function rows(sql: string): Promise<Record<string, unknown>[]> {
  return await execute({ kind: "local", state }, sql);
}

const tokenIn = (output: string): string => /reset-password\/(\w+)\?/.exec(output)?.[1] ?? "";

test(
  "an operator is made once, without a password, and another only by force; each link ends the one before",
  { timeout: 2 * WITHIN_MS },
  async () => {
    const email = "ada.o'hara@example.com";
    const first = await bootstrap("--state", state, "--email", email, "--name", "Ada O'Hara");
    expect(first, first.output).toMatchObject({ exitCode: 0 });
    const token = tokenIn(first.output);
    expect(token).toHaveLength(32);
    const [user] = await rows("SELECT * FROM users");
    expect(user).toMatchObject({ email, name: "Ada O'Hara", email_verified: 1, status: "active" });
    expect(await rows("SELECT * FROM accounts")).toEqual([]);
    expect(await rows("SELECT roles FROM members")).toEqual([{ roles: '["operator"]' }]);
    const audit = { act: "platform.bootstrapped", actor_kind: "system", target_id: user?.["id"] };
    expect(await rows("SELECT * FROM audit_events")).toMatchObject([audit]);
    const kept = await rows("SELECT * FROM verifications");
    expect(JSON.stringify(kept)).not.toContain(token);

    const again = await bootstrap("--state", state, "--email", email);
    expect(again).toMatchObject({ exitCode: 1, output: expect.stringContaining("There is an operator already.") });
    expect(await rows("SELECT * FROM verifications")).toEqual(kept);

    const forced = await bootstrap("--state", state, "--email", email, "--force");
    expect(forced).toMatchObject({ exitCode: 0, output: expect.stringContaining("the account that was there") });
    expect(tokenIn(forced.output)).not.toBe(token);
    expect(await rows("SELECT email FROM users")).toEqual([{ email }]);
    expect(await rows("SELECT roles FROM members")).toEqual([{ roles: '["operator"]' }]);
    expect(await rows("SELECT value FROM verifications")).toEqual([{ value: user?.["id"] }]);
  },
);

test(
  "who signed up with the address and never showed that it is theirs gets nothing: their password goes",
  { timeout: 2 * WITHIN_MS },
  async () => {
    const id = "usr_01jd8x3v5cq0q4m2n8h6y7z9ab";
    await rows(`INSERT INTO users (id, name, email, created_at, updated_at) VALUES ('${id}', 'Eve', 'boss@example.com', 0, 0);
      INSERT INTO accounts (id, account_id, provider_id, user_id, password, created_at, updated_at)
      VALUES ('a', '${id}', 'credential', '${id}', 'known to Eve', 0, 0);`);
    const made = await bootstrap("--state", state, "--email", "boss@example.com", "--force");
    expect(made, made.output).toMatchObject({ exitCode: 0 });
    expect(await rows(`SELECT * FROM accounts WHERE user_id = '${id}'`)).toEqual([]);
    expect(await rows(`SELECT email_verified FROM users WHERE id = '${id}'`)).toEqual([{ email_verified: 1 }]);
  },
);

test("who is suspended is made no operator", { timeout: WITHIN_MS }, async () => {
  await rows(`INSERT INTO users (id, name, email, created_at, updated_at, status)
    VALUES ('usr_01jd8x3v5cq0q4m2n8h6y7z9ac', 'Mal', 'mal@example.com', 0, 0, 'suspended');`);
  const refused = await bootstrap("--state", state, "--email", "mal@example.com", "--force");
  expect(refused).toMatchObject({ exitCode: 1, output: expect.stringContaining("suspended") });
});

test("the commands for the deployment are shown and not run", { timeout: WITHIN_MS }, async () => {
  const args = ["--email", "ada@example.com", "--remote", "--origin", "https://api.example.com", "--dry-run"];
  const { output, exitCode } = await bootstrap(...args);
  expect(exitCode).toBe(0);
  expect(output.match(/^npx wrangler d1 execute DB --remote --json --command '/gm)).toHaveLength(2);
  expect(output).toContain("Nothing was run.");
});

test("a database without tables is told what makes them", { timeout: WITHIN_MS }, async () => {
  const refused = await bootstrap("--state", join(state, "empty"), "--email", "ada@example.com");
  expect(refused).toMatchObject({ exitCode: 2, output: expect.stringContaining("the database has no tables yet") });
});
