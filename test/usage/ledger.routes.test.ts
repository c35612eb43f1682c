import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { cellOf, inferRequest, requireAdmitted, settlementOf } from "../support/cell.ts";
import { withStoppedClock } from "../support/clock.ts";
import { callToTheEnd } from "../support/direct.ts";
import {
  type WireRow,
  addEntries,
  exportRows,
  keepRowsForADay,
  pageThrough,
  placesOf,
  runDueAlarms,
  verify,
} from "../support/ledger.ts";
import { addOneRequest, deploy } from "../support/models.ts";
import { expectProblem } from "../support/problem.ts";
import { type TestTenant, newTenant } from "../support/tenant.ts";

async function tenantWithModel(): Promise<TestTenant> {
  const tenant = await newTenant();
  await deploy(tenant, "m");
  return tenant;
}

async function readPage(tenant: TestTenant, query = ""): Promise<{ data: WireRow[]; next: string | null }> {
  const response = await tenant.call("GET", `/v1/usage/ledger${query}`);
  expect(response.status).toBe(200);
  return await response.json();
}

describe("the ledger's rows", () => {
  test("of an inference are its charge and its settlement, with all that was known of it", async () => {
    await withStoppedClock("2030-01-01T00:00:00Z", async (clock) => {
      const tenant = await tenantWithModel();
      const [answer] = await cellOf(tenant).admit([inferRequest(tenant, "m", "order-1")]);
      const { entryId, receipt, version } = requireAdmitted(answer);
      clock.advanceMs(1_500);
      await cellOf(tenant).settle([settlementOf(entryId, { computeMs: 5, bytesIn: 10, bytesOut: 20 })]);
      const { data, next } = await readPage(tenant);
      expect(next).toBeNull();
      const both = {
        entry_id: entryId,
        model: "m",
        version: 1,
        version_id: version.versionId,
        runtime: "isolate",
        idempotency_key: "order-1",
      };
      expect(data).toMatchObject([
        {
          ...both,
          seq: 1,
          kind: "charge",
          at: "2030-01-01T00:00:00.000Z",
          units: 1,
          outcome: "pending",
          hash: receipt,
        },
        { ...both, seq: 2, kind: "settlement", at: "2030-01-01T00:00:01.500Z", units: 0, outcome: "ok" },
      ]);
      expect(data[0]).toMatchObject({ rate_micro_usd: 100, cost_micro_usd: 100, compute_ms: 0, bytes_in: 0 });
      expect(data[1]).toMatchObject({
        rate_micro_usd: 0,
        cost_micro_usd: 0,
        compute_ms: 5,
        bytes_in: 10,
        bytes_out: 20,
      });
      expect(data[1]?.previous_hash).toBe(data[0]?.hash);
    });
  });

  test("come a page at a time, oldest first, each once", async () => {
    const tenant = await tenantWithModel();
    await addEntries(tenant, "m", 5); // 10 rows
    const first = await readPage(tenant, "?limit=4");
    expect([first.data.map(({ seq }) => seq), first.next]).toEqual([[1, 2, 3, 4], "4"]);
    for (const limit of [1, 3, 10, 1_000]) {
      expect((await pageThrough(tenant, limit)).map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    }
  });

  test("are none of a tenant that has used nothing, and none behind the last", async () => {
    const tenant = await tenantWithModel();
    expect(await readPage(tenant)).toEqual({ data: [], next: null });
    expect(await exportRows(tenant)).toEqual([]);
    await addEntries(tenant, "m", 1);
    expect(await readPage(tenant, "?after=2")).toEqual({ data: [], next: null });
    expect(await readPage(tenant, "?after=9007199254740991")).toEqual({ data: [], next: null });
  });

  test("are those of a span of time: from its start, included, to its end, excluded", async () => {
    await withStoppedClock("2030-01-01T00:00:00Z", async (clock) => {
      const tenant = await tenantWithModel();
      await keepRowsForADay(tenant);
      for (let day = 1; day <= 4; day++) {
        await addEntries(tenant, "m", 2); // rows 1 to 4 on the first day, 5 to 8 on the second …
        clock.advanceMs(86_400_000);
      }
      const rowsIn = async (from: string, to: string, rest = "") =>
        (await readPage(tenant, `?from=${from}&to=${to}${rest}`)).data.map(({ seq }) => seq);
      for (const archived of [0, 1]) {
        const days = (await placesOf(tenant)).archives;
        expect(days).toBe(archived);
        expect(await rowsIn("2030-01-02T00:00:00Z", "2030-01-03T00:00:00Z")).toEqual([5, 6, 7, 8]);
        expect(await rowsIn("2030-01-01T12:00:00Z", "2030-01-03T00:00:00.001Z")).toEqual([5, 6, 7, 8, 9, 10, 11, 12]);
        expect(await rowsIn("2030-01-02T00:00:00Z", "2030-01-09T00:00:00Z", "&after=13&limit=2")).toEqual([14, 15]);
        expect(await rowsIn("2029-01-01T00:00:00Z", "2030-01-01T00:00:00Z")).toEqual([]);
        expect(await rowsIn("2031-01-01T00:00:00Z", "2032-01-01T00:00:00Z")).toEqual([]);
        const lines = await exportRows(tenant, "?from=2030-01-02T00:00:00Z&to=2030-01-04T00:00:00Z");
        expect(lines.map(({ seq }) => seq)).toEqual([5, 6, 7, 8, 9, 10, 11, 12]);
        await runDueAlarms(tenant);
      }
      const page = await readPage(tenant, "?from=2030-01-02T00:00:00Z&to=2030-01-03T00:00:00Z&limit=4");
      expect(page.next).toBeNull(); // row 9 is of the next day
    });
  });

  test.each([
    ["limit=0", "limit"],
    ["limit=1001", "limit"],
    ["limit=ten", "limit"],
    ["after=-1", "after"],
    ["after=1.5", "after"],
    ["format=csv", "format"],
    ["from=yesterday", "from"],
    ["from=2030-01-02T00:00:00Z&to=2030-01-02T00:00:00Z", "from"],
  ])("are refused to ?%s, which names %s", async (query, field) => {
    const tenant = await newTenant();
    const problem = await expectProblem(await tenant.call("GET", `/v1/usage/ledger?${query}`), 400, "invalid-request");
    expect(problem.detail).toContain(`${field}: `);
  });
});

describe("an export", () => {
  /** Written after docs/ledger.md alone. */
  function canonicalText(row: Record<string, unknown>): string {
    const { hash: _hash, ...hashed } = row;
    return JSON.stringify(Object.values(hashed));
  }

  test("has the ledger's whole chain, from which anybody computes every hash", async () => {
    const tenant = await tenantWithModel();
    await cellOf(tenant).grantCredit("grant-1", 5_000_000);
    await addEntries(tenant, "m", 600); // 1,201 rows: more than one part
    const rows = await exportRows(tenant);
    expect(rows).toHaveLength(1_201);
    let previousHash = createHash("sha256").update(`tensorgate-ledger ${tenant.id}`).digest("base64url");
    for (const row of rows) {
      expect(row.previous_hash).toBe(previousHash);
      expect(createHash("sha256").update(canonicalText(row)).digest("base64url")).toBe(row.hash);
      previousHash = row.hash;
    }
    expect(previousHash).toBe((await verify(tenant)).head_hash);
  });

  test("is what a client gets that accepts JSON Lines, and begins and ends where it says", async () => {
    const tenant = await tenantWithModel();
    await addEntries(tenant, "m", 3);
    expect((await exportRows(tenant, "?after=1&limit=2")).map(({ seq }) => seq)).toEqual([2, 3]);
    expect(await exportRows(tenant, "?format=ndjson", "*/*")).toHaveLength(6);
  });

  test("is not what a client gets that accepts anything, or asks for JSON by name", async () => {
    const tenant = await newTenant();
    for (const [query, accept] of [
      ["", "*/*"],
      ["?format=json", "application/x-ndjson"],
    ] as const) {
      const response = await tenant.call("GET", `/v1/usage/ledger${query}`, { headers: { Accept: accept } });
      expect(response.headers.get("Content-Type")).toBe("application/json");
    }
  });
});

describe("an entry", () => {
  test("is found by what its caller was told, and its charge has the caller's receipt for a hash", async () => {
    const tenant = await tenantWithModel();
    await addEntries(tenant, "m", 2);
    const inferred = await callToTheEnd(tenant, "POST", "/v2/models/m/infer", { json: addOneRequest });
    const entryId = inferred.headers.get("Tensorgate-Entry") ?? "";
    const { data }: { data: WireRow[] } = await (await tenant.call("GET", `/v1/usage/ledger/${entryId}`)).json();
    expect(data.map(({ kind, outcome }) => [kind, outcome])).toEqual([
      ["charge", "pending"],
      ["settlement", "ok"],
    ]);
    expect(data[0]?.hash).toBe(inferred.headers.get("Tensorgate-Receipt"));
  });

  test.each(["ent_1", "ent_01jd8x3v5cq0q4m2n8h6y7z9ab", "%00", "x".repeat(4_000), "'%20OR%201=1"])(
    "that never was is not found: %s",
    async (entryId) => {
      const tenant = await newTenant();
      await expectProblem(await tenant.call("GET", `/v1/usage/ledger/${entryId}`), 404, "entry-not-found");
    },
  );

  test("of another tenant is not found", async () => {
    const [owner, stranger] = [await tenantWithModel(), await newTenant()];
    const [entryId = ""] = await addEntries(owner, "m", 1);
    expect((await owner.call("GET", `/v1/usage/ledger/${entryId}`)).status).toBe(200);
    await expectProblem(await stranger.call("GET", `/v1/usage/ledger/${entryId}`), 404, "entry-not-found");
  });
});
