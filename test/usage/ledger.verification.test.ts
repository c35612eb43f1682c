import { createHash } from "node:crypto";
import { evictDurableObject, runDurableObjectAlarm } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import { cellOf } from "../support/cell.ts";
import { withStoppedClock } from "../support/clock.ts";
import { addEntries, exportRows, keepRowsForADay, runDueAlarms, tamper, verify } from "../support/ledger.ts";
import { deploy } from "../support/models.ts";
import { expectProblem } from "../support/problem.ts";
import { type TestTenant, newTenant } from "../support/tenant.ts";

async function tenantWithModel(): Promise<TestTenant> {
  const tenant = await newTenant();
  await deploy(tenant, "m");
  return tenant;
}

describe("the verification", () => {
  test("of a ledger as it was written finds no fault, and says what it followed", async () => {
    const tenant = await tenantWithModel();
    const empty = await verify(tenant);
    expect(empty).toMatchObject({ valid: true, rows: 0, first_seq: null, last_seq: null, fault: null, next: null });
    expect(empty.head_hash).toBe(empty.genesis_hash);
    await addEntries(tenant, "m", 3);
    const rows = await exportRows(tenant);
    expect(await verify(tenant)).toEqual({
      valid: true,
      rows: 6,
      first_seq: 1,
      last_seq: 6,
      head_hash: rows.at(-1)?.hash,
      genesis_hash: rows[0]?.previous_hash,
      fault: null,
      next: null,
    });
  });

  test("goes on where it was cut, with the hash that it had reached", async () => {
    const tenant = await tenantWithModel();
    await addEntries(tenant, "m", 3);
    const first = await verify(tenant, { limit: "4" });
    expect(first).toMatchObject({ valid: true, rows: 4, first_seq: 1, last_seq: 4, next: `4.${first.head_hash}` });
    const second = await verify(tenant, { limit: "4", after: first.next ?? "" });
    expect(second).toMatchObject({ valid: true, rows: 2, first_seq: 5, last_seq: 6, next: null });
    expect(await verify(tenant, { limit: "6" })).toMatchObject({ rows: 6, next: null });
    const wrong = await verify(tenant, { after: `4.${first.genesis_hash}` });
    expect(wrong).toMatchObject({ valid: false, fault: { seq: 5, reason: "wrong-previous-hash" } });
    const beyond = await verify(tenant, { after: `9.${first.head_hash}` });
    expect(beyond).toMatchObject({ valid: false, fault: { seq: 7, reason: "wrong-head" } });
  });

  test.each(["4", "4.", "0.x", `x.${"a".repeat(43)}`, `4.${"a".repeat(44)}`])("is refused ?after=%s", async (after) => {
    const response = await (await newTenant()).call("GET", `/v1/usage/ledger/verify?after=${after}`);
    const problem = await expectProblem(response, 400, "invalid-request");
    expect(problem.detail).toContain("after: ");
  });

  test.each([
    ["a row's cost", "UPDATE ledger_rows SET cost_micro_usd = 0 WHERE seq = 3", 3, "changed-row"],
    ["a row's hash", "UPDATE ledger_rows SET hash = 'x' WHERE seq = 3", 3, "changed-row"],
    [
      "the name of the row before",
      "UPDATE ledger_rows SET previous_hash = hash WHERE seq = 3",
      3,
      "wrong-previous-hash",
    ],
    ["the number of a row that is gone", "DELETE FROM ledger_rows WHERE seq = 3", 3, "missing-row"],
    ["the first row's number", "DELETE FROM ledger_rows WHERE seq = 1", 1, "missing-row"],
    ["the first of the last rows that are gone", "DELETE FROM ledger_rows WHERE seq > 4", 5, "missing-row"],
    ["that all are gone", "DELETE FROM ledger_rows", 1, "missing-row"],
  ])("finds %s", async (_what, statement, seq, reason) => {
    const tenant = await tenantWithModel();
    await addEntries(tenant, "m", 3); // 6 rows
    await runDurableObjectAlarm(cellOf(tenant)); // keeps the head
    await tamper(tenant, statement);
    for (const _ of ["in memory", "read anew"]) {
      expect(await verify(tenant)).toMatchObject({ valid: false, rows: seq - 1, fault: { seq, reason } });
      await evictDurableObject(cellOf(tenant));
    }
  });

  test("finds two rows that were swapped, the first of them", async () => {
    const tenant = await tenantWithModel();
    await addEntries(tenant, "m", 3);
    await tamper(
      tenant,
      "UPDATE ledger_rows SET seq = -2 WHERE seq = 2",
      "UPDATE ledger_rows SET seq = 2 WHERE seq = 4",
      "UPDATE ledger_rows SET seq = 4 WHERE seq = -2",
    );
    expect(await verify(tenant)).toMatchObject({ valid: false, fault: { seq: 2, reason: "wrong-previous-hash" } });
  });

  test("finds a last row that was written anew with a hash of its own", async () => {
    const tenant = await tenantWithModel();
    await addEntries(tenant, "m", 1);
    await runDurableObjectAlarm(cellOf(tenant));
    const [, last] = await exportRows(tenant);
    const { hash: _hash, ...forged } = { ...last, bytes_out: 0 };
    const hash = createHash("sha256")
      .update(JSON.stringify(Object.values(forged)))
      .digest("base64url");
    await tamper(tenant, `UPDATE ledger_rows SET bytes_out = 0, hash = '${hash}' WHERE seq = 2`);
    await evictDurableObject(cellOf(tenant));
    expect(await verify(tenant)).toMatchObject({ valid: false, fault: { seq: 2, reason: "wrong-head" } });
  });

  test("finds last rows that are gone before the head was kept, as long as the cell has not slept", async () => {
    const tenant = await tenantWithModel();
    await addEntries(tenant, "m", 3);
    await tamper(tenant, "DELETE FROM ledger_rows WHERE seq > 4");
    expect(await verify(tenant)).toMatchObject({ valid: false, fault: { seq: 5, reason: "missing-row" } });
  });

  test("still finds last rows that are gone once others were written after them", async () => {
    const tenant = await tenantWithModel();
    await addEntries(tenant, "m", 3);
    await runDurableObjectAlarm(cellOf(tenant));
    await tamper(tenant, "DELETE FROM ledger_rows WHERE seq > 4");
    await evictDurableObject(cellOf(tenant));
    await addEntries(tenant, "m", 3);
    expect(await verify(tenant)).toMatchObject({ valid: false, fault: { seq: 5, reason: "missing-row" } });
  });

  test("of another tenant's rows finds that they are not this tenant's", async () => {
    const [owner, other] = [await tenantWithModel(), await tenantWithModel()];
    await addEntries(owner, "m", 1);
    await addEntries(other, "m", 1);
    const rows = await exportRows(other);
    for (const row of rows) {
      const columns = Object.entries(row).map(([name, value]) => `${name} = ${value === null ? "NULL" : `'${value}'`}`);
      await tamper(owner, `UPDATE ledger_rows SET ${columns.join(", ")} WHERE seq = ${row.seq}`);
    }
    expect(await verify(owner)).toMatchObject({ valid: false, fault: { seq: 1, reason: "wrong-previous-hash" } });
  });

  test("finds a row that went missing from the cell while its neighbours were archived", async () => {
    await withStoppedClock("2030-01-01T00:00:00Z", async (clock) => {
      const tenant = await tenantWithModel();
      await keepRowsForADay(tenant);
      await addEntries(tenant, "m", 3);
      await tamper(tenant, "DELETE FROM ledger_rows WHERE seq = 3");
      clock.advanceMs(2 * 86_400_000);
      await runDueAlarms(tenant);
      expect(await verify(tenant)).toMatchObject({ valid: false, fault: { seq: 3, reason: "missing-row" } });
    });
  });
});
