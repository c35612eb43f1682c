import { createScheduledController } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import worker from "../../src/index.ts";
import { newPerson } from "../support/people.ts";

const DAY_MS = 86_400_000;

async function idsOf(table: string, ids: readonly string[]): Promise<string[]> {
  const { results } = await env.DB.prepare(
    `SELECT id FROM ${table} WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id`,
  )
    .bind(JSON.stringify(ids))
    .all<{ id: string }>();
  return results.map(({ id }) => id);
}

async function addUser(id: string, { isVerified, createdAtMs }: { isVerified: boolean; createdAtMs: number }) {
  await env.DB.prepare(
    "INSERT INTO users (id, name, email, email_verified, created_at, updated_at) VALUES (?, 'x', ?, ?, ?, ?)",
  )
    .bind(id, `${id}@example.com`, isVerified ? 1 : 0, createdAtMs, createdAtMs)
    .run();
}

test("each hour what is over for a day goes, and accounts that were not verified in a week; what holds stays", async () => {
  const nowMs = Date.now();
  const ada = await newPerson();
  const [tag = ""] = crypto.randomUUID().split("-");
  const links = [`${tag}-live`, `${tag}-lately`, `${tag}-old`];
  const expiries = [nowMs + 60_000, nowMs - DAY_MS / 2, nowMs - 2 * DAY_MS];
  for (const [index, id] of links.entries()) {
    await env.DB.prepare("INSERT INTO verifications VALUES (?, 'reset', 'x', ?, 0, 0)").bind(id, expiries[index]).run();
  }
  const people = [`${tag}-fresh`, `${tag}-stale`, `${tag}-true`];
  await addUser(`${tag}-fresh`, { isVerified: false, createdAtMs: nowMs - 6 * DAY_MS });
  await addUser(`${tag}-stale`, { isVerified: false, createdAtMs: nowMs - 8 * DAY_MS });
  await addUser(`${tag}-true`, { isVerified: true, createdAtMs: nowMs - 8 * DAY_MS });
  await worker.scheduled(createScheduledController(), env);
  expect(await idsOf("verifications", links)).toEqual([`${tag}-lately`, `${tag}-live`]);
  expect(await idsOf("users", people)).toEqual([`${tag}-fresh`, `${tag}-true`]);
  expect(await (await ada.call("GET", "/auth/get-session")).json()).toMatchObject({ user: { id: ada.id } });
});
