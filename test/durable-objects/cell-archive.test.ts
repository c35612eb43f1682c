import { evictDurableObject, runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test, vi } from "vitest";
import { cellOf, inferRequest, requireAdmitted, settlementOf } from "../support/cell.ts";
import { type StoppedClock, withStoppedClock } from "../support/clock.ts";
import {
  addEntries,
  alarmOf,
  exportRows,
  keepRowsForADay,
  pageThrough,
  parseLines,
  placesOf,
  runDueAlarms,
  tamper,
  verify,
} from "../support/ledger.ts";
import { deploy } from "../support/models.ts";
import { expectProblem } from "../support/problem.ts";
import { type TestTenant, newTenant } from "../support/tenant.ts";

const DAY_MS = 86_400_000;
const START = "2030-01-01T00:00:00.000Z";
/** When the minutes of that day are merged: 32 days after its end. */
const LESS_DETAIL = Date.parse(START) + 33 * DAY_MS;

/** A tenant whose rows leave the cell after a day, at a time that stands still. */
async function withTenant(run: (tenant: TestTenant, clock: StoppedClock) => Promise<void>): Promise<void> {
  await withStoppedClock(START, async (clock) => {
    const tenant = await newTenant();
    await deploy(tenant, "m");
    await keepRowsForADay(tenant);
    await run(tenant, clock);
  });
}

async function objectsOf(tenant: TestTenant): Promise<R2Object[]> {
  return (await env.MODELS.list({ prefix: `tenants/${tenant.id}/ledger/` })).objects;
}

async function readEntry(tenant: TestTenant, entryId: string): Promise<[string, number][]> {
  const response = await tenant.call("GET", `/v1/usage/ledger/${entryId}`);
  expect(response.status).toBe(200);
  const { data }: { data: { kind: string; seq: number }[] } = await response.json();
  return data.map(({ kind, seq }) => [kind, seq]);
}

describe("rows that are older than the retention", () => {
  test("leave the cell but for the last one, and every query answers as before", async () => {
    await withTenant(async (tenant, clock) => {
      const [first = ""] = await addEntries(tenant, "m", 20); // 40 rows
      const everything = async () => [
        await pageThrough(tenant, 7),
        await exportRows(tenant),
        await readEntry(tenant, first),
        await verify(tenant),
      ];
      const before = await everything();
      clock.advanceMs(2 * DAY_MS);
      await runDueAlarms(tenant);
      expect(await placesOf(tenant)).toEqual({ rows: 1, archives: 1 });
      expect(await everything()).toEqual(before);
      await evictDurableObject(cellOf(tenant));
      await runDurableObjectAlarm(cellOf(tenant));
      expect(await everything()).toEqual(before);
      expect(await placesOf(tenant)).toEqual({ rows: 1, archives: 1 });
      expect(await verify(tenant)).toMatchObject({ valid: true, rows: 40, last_seq: 40 });
    });
  });

  test("are followed by those that come later: the chain goes on from the row that stayed", async () => {
    await withTenant(async (tenant, clock) => {
      await addEntries(tenant, "m", 3); // rows 1 to 6
      for (const archives of [1, 2]) {
        clock.advanceMs(2 * DAY_MS);
        await runDueAlarms(tenant);
        await evictDurableObject(cellOf(tenant));
        await addEntries(tenant, "m", 3);
        expect(await placesOf(tenant)).toEqual({ rows: 7, archives });
      }
      expect((await pageThrough(tenant, 4)).map(({ seq }) => seq)).toEqual(Array.from({ length: 18 }, (_, i) => i + 1));
      expect(await verify(tenant)).toMatchObject({ valid: true, rows: 18, first_seq: 1, last_seq: 18, fault: null });
    });
  });

  test("leave as one object a day at most, while they are few", async () => {
    await withTenant(async (tenant, clock) => {
      await addEntries(tenant, "m", 1);
      clock.advanceMs(DAY_MS / 2);
      await addEntries(tenant, "m", 1);
      clock.advanceMs(DAY_MS - 60_000); // the first are older than a day, by half a day
      await runDueAlarms(tenant);
      expect(await placesOf(tenant)).toEqual({ rows: 4, archives: 0 });
      clock.advanceMs(DAY_MS / 2 + 60_000); // now by a whole one
      await runDueAlarms(tenant);
      expect(await placesOf(tenant)).toEqual({ rows: 1, archives: 1 });
    });
  });

  test("leave as soon as they fill an archive, 5,000 at a time", async () => {
    await withTenant(async (tenant, clock) => {
      await addEntries(tenant, "m", 2_600); // 5,200 rows
      const before = await pageThrough(tenant, 1_000);
      clock.advanceMs(DAY_MS + 1);
      await runDueAlarms(tenant);
      expect(await placesOf(tenant)).toEqual({ rows: 200, archives: 1 });
      const [object] = await objectsOf(tenant);
      expect(object?.key).toBe(
        `tenants/${tenant.id}/ledger/${"1".padStart(16, "0")}-${"5000".padStart(16, "0")}.jsonl.gz`,
      );
      expect(await pageThrough(tenant, 1_000)).toEqual(before);
      expect(await verify(tenant)).toMatchObject({ valid: true, rows: 5_200 });
    });
  });

  test("stay while they are younger", async () => {
    await withTenant(async (tenant, clock) => {
      await addEntries(tenant, "m", 2);
      clock.advanceMs(1.5 * DAY_MS);
      await addEntries(tenant, "m", 2);
      clock.advanceMs(DAY_MS / 2); // rows 1 to 4 are two days old, 5 to 8 half a day
      await runDueAlarms(tenant);
      expect(await placesOf(tenant)).toEqual({ rows: 4, archives: 1 });
    });
  });

  test("stay while their hours were not told to the registry", async () => {
    await withTenant(async (tenant, clock) => {
      await addEntries(tenant, "m", 3); // 6 rows
      const tellMs = Date.parse(START) + 3 * DAY_MS;
      await tamper(tenant, `UPDATE publication SET ledger_seq = 4, not_before_ms = ${tellMs}`);
      clock.advanceMs(2 * DAY_MS);
      await runDueAlarms(tenant);
      expect(await placesOf(tenant)).toEqual({ rows: 6, archives: 0 });
      clock.advanceMs(DAY_MS);
      await runDueAlarms(tenant);
      expect(await placesOf(tenant)).toEqual({ rows: 1, archives: 1 });
    });
  });

  test("leave earlier when the retention is made shorter, though nobody calls", async () => {
    await withStoppedClock(START, async (clock) => {
      const tenant = await newTenant();
      await deploy(tenant, "m");
      await addEntries(tenant, "m", 2);
      clock.advanceMs(60_000);
      await runDueAlarms(tenant); // the registry is told of them first
      expect(await alarmOf(tenant)).toBe(LESS_DETAIL); // rows are kept for 90 days, which end later
      await keepRowsForADay(tenant);
      expect(await alarmOf(tenant)).toBe(Date.parse(START) + 2 * DAY_MS);
    });
  });

  test("leave an idle cell with no alarm but the one that merges its minutes a month later", async () => {
    await withTenant(async (tenant, clock) => {
      await addEntries(tenant, "m", 2);
      expect(await alarmOf(tenant)).not.toBeNull();
      clock.advanceMs(2 * DAY_MS);
      await runDueAlarms(tenant);
      expect(await alarmOf(tenant)).toBe(LESS_DETAIL);
    });
  });
});

describe("an entry is found", () => {
  test("whole, when its charge and its settlement have left the cell in two archives", async () => {
    await withTenant(async (tenant, clock) => {
      const cell = cellOf(tenant);
      const [answer] = await cell.admit([inferRequest(tenant, "m")]);
      const { entryId } = requireAdmitted(answer);
      await addEntries(tenant, "m", 2_499); // row 1 + 4,998: one more and the archive is full
      await cell.admit([inferRequest(tenant, "m")]);
      clock.advanceMs(1);
      await cell.settle([settlementOf(entryId)]); // row 5,001
      await addEntries(tenant, "m", 1);
      clock.advanceMs(DAY_MS);
      await runDueAlarms(tenant);
      expect(await readEntry(tenant, entryId)).toEqual([
        ["charge", 1],
        ["settlement", 5_001],
      ]);
      clock.advanceMs(2 * DAY_MS);
      await runDueAlarms(tenant);
      expect((await placesOf(tenant)).archives).toBe(2);
      expect(await readEntry(tenant, entryId)).toEqual([
        ["charge", 1],
        ["settlement", 5_001],
      ]);
    });
  });

  test("when it is an archive's first, and its id was made before it was charged", async () => {
    await withTenant(async (tenant, clock) => {
      const request = inferRequest(tenant, "m");
      clock.advanceMs(40);
      const [answer] = await cellOf(tenant).admit([request]);
      await cellOf(tenant).settle([settlementOf(requireAdmitted(answer).entryId)]);
      await addEntries(tenant, "m", 1);
      clock.advanceMs(2 * DAY_MS);
      await runDueAlarms(tenant);
      expect(await placesOf(tenant)).toEqual({ rows: 1, archives: 1 });
      expect(await readEntry(tenant, request.entryId)).toEqual([
        ["charge", 1],
        ["settlement", 2],
      ]);
    });
  });

  test("when it is a grant of credit, whose id tells no time", async () => {
    await withTenant(async (tenant, clock) => {
      await cellOf(tenant).grantCredit("grant-of-january", 5_000_000);
      await addEntries(tenant, "m", 1);
      clock.advanceMs(2 * DAY_MS);
      await runDueAlarms(tenant);
      expect(await placesOf(tenant)).toEqual({ rows: 1, archives: 1 });
      expect(await readEntry(tenant, "grant-of-january")).toEqual([["credit", 1]]);
    });
  });

  test("nowhere, when it never was, though its time lies in an archive's", async () => {
    await withTenant(async (tenant, clock) => {
      const [known = ""] = await addEntries(tenant, "m", 1);
      clock.advanceMs(2 * DAY_MS);
      await runDueAlarms(tenant);
      const unknown = known.slice(0, -1) + (known.endsWith("0") ? "1" : "0");
      await expectProblem(await tenant.call("GET", `/v1/usage/ledger/${unknown}`), 404, "entry-not-found");
    });
  });
});

describe("archiving that is broken off", () => {
  test.each([
    ["before the archive is recorded", "BEFORE INSERT ON ledger_archives"],
    ["before the rows are deleted", "BEFORE DELETE ON ledger_rows"],
  ])("%s changes nothing, and is done again", async (_when, moment) => {
    await withTenant(async (tenant, clock) => {
      await addEntries(tenant, "m", 3);
      const before = await pageThrough(tenant, 100);
      clock.advanceMs(2 * DAY_MS);
      await tamper(tenant, `CREATE TRIGGER crash ${moment} BEGIN SELECT RAISE(ABORT, 'power cut'); END`);
      const logged = vi.spyOn(console, "error").mockReturnValue();
      await runDueAlarms(tenant);
      expect(JSON.stringify(logged.mock.calls)).toContain("power cut");
      logged.mockRestore();
      expect(await alarmOf(tenant)).toBe(Date.now() + 60_000); // not at once, though it is overdue
      expect(await objectsOf(tenant)).toHaveLength(1);
      expect(await placesOf(tenant)).toEqual({ rows: 6, archives: 0 });
      expect(await pageThrough(tenant, 100)).toEqual(before);
      await tamper(tenant, "DROP TRIGGER crash");
      await evictDurableObject(cellOf(tenant));
      clock.advanceMs(60_000);
      await runDueAlarms(tenant);
      expect(await placesOf(tenant)).toEqual({ rows: 1, archives: 1 });
      expect(await objectsOf(tenant)).toHaveLength(1);
      expect(await pageThrough(tenant, 100)).toEqual(before);
      expect(await verify(tenant)).toMatchObject({ valid: true, rows: 6 });
    });
  });
});

describe("an archive", () => {
  async function archived(run: (tenant: TestTenant, objectKey: string) => Promise<void>): Promise<void> {
    await withTenant(async (tenant, clock) => {
      await addEntries(tenant, "m", 3);
      clock.advanceMs(2 * DAY_MS);
      await runDueAlarms(tenant);
      const [object] = await objectsOf(tenant);
      await run(tenant, object?.key ?? "");
    });
  }

  test("whose object was changed is named by the verification, and not read from", async () => {
    await archived(async (tenant, objectKey) => {
      const bytes = (await (await env.MODELS.get(objectKey))?.bytes()) ?? new Uint8Array();
      bytes[20] = (bytes[20] ?? 0) ^ 1;
      await env.MODELS.put(objectKey, bytes);
      expect(await verify(tenant)).toMatchObject({ valid: false, fault: { seq: 1, reason: "changed-archive" } });
      await expectProblem(await tenant.call("GET", "/v1/usage/ledger"), 500, "internal-error");
    });
  });

  test("whose object is gone is named by the verification", async () => {
    await archived(async (tenant, objectKey) => {
      await env.MODELS.delete(objectKey);
      expect(await verify(tenant)).toMatchObject({ valid: false, fault: { seq: 1, reason: "missing-archive" } });
    });
  });

  test("that the cell states otherwise than it is, or no longer, is named by the verification", async () => {
    await archived(async (tenant) => {
      await tamper(tenant, "UPDATE ledger_archives SET last_hash = 'x'");
      expect(await verify(tenant)).toMatchObject({ valid: false, fault: { seq: 1, reason: "changed-archive" } });
      await tamper(tenant, "DELETE FROM ledger_archives");
      expect(await verify(tenant)).toMatchObject({ valid: false, fault: { seq: 1, reason: "missing-row" } });
    });
  });

  test("holds the lines that an export has", async () => {
    await archived(async (tenant, objectKey) => {
      const packed = await env.MODELS.get(objectKey);
      const unpacked = packed?.body.pipeThrough(new DecompressionStream("gzip"));
      const rows = parseLines(await new Response(unpacked ?? null).bytes());
      expect(rows).toEqual((await exportRows(tenant)).slice(0, 5));
    });
  });
});
