import { runInDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import { cellOf, evictCell } from "../support/cell.ts";
import { withStoppedClock } from "../support/clock.ts";
import { makeKey, readKey, use } from "../support/keys.ts";
import { newTenant } from "../support/tenant.ts";

test("the cell knows each use of a key, and after an eviction the one that it wrote, an hour before at most", async () => {
  await withStoppedClock("2026-11-20T12:00:00.000Z", async ({ advanceMs }) => {
    const tenant = await newTenant();
    const { id, key } = await makeKey(tenant.key);
    const lastUsed = async () => (await readKey(tenant.key, id)).last_used_at;
    expect(await lastUsed()).toBeNull();
    await use(key);
    advanceMs(3_599_999);
    await use(key);
    expect(await lastUsed()).toBe("2026-11-20T12:59:59.999Z");
    await evictCell(tenant);
    expect(await lastUsed()).toBe("2026-11-20T12:00:00.000Z");
    advanceMs(1);
    await use(key);
    await evictCell(tenant);
    expect(await lastUsed()).toBe("2026-11-20T13:00:00.000Z");
  });
});

test("a refused call is no use of a key", async () => {
  const tenant = await newTenant();
  const { id, key } = await makeKey(tenant.key, { scopes: ["models:infer"] });
  expect((await use(key)).status).toBe(403);
  expect((await readKey(tenant.key, id)).last_used_at).toBeNull();
});

test("calls with a key within an hour write its use once", async () => {
  const tenant = await newTenant();
  const { id, key } = await makeKey(tenant.key);
  await use(key);
  await runInDurableObject(cellOf(tenant), (_cell, { storage }) => {
    storage.sql.exec(
      "CREATE TRIGGER written BEFORE INSERT ON key_uses BEGIN SELECT RAISE(ABORT, 'written again'); END",
    );
  });
  for (let calls = 0; calls < 10; calls++) expect((await use(key)).status).toBe(200);
  expect((await readKey(tenant.key, id)).last_used_at).not.toBeNull();
});
