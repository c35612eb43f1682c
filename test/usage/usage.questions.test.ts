import { runInDurableObject } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import { cellOf, inferRequest, requireAdmitted, settlementOf } from "../support/cell.ts";
import { withStoppedClock } from "../support/clock.ts";
import { expectProblem } from "../support/problem.ts";
import { type TestTenant, newTenant } from "../support/tenant.ts";
import { readUsage, tenantWith } from "./reading.ts";

describe("usage as CSV", () => {
  const csvOf = async (tenant: TestTenant, query: Record<string, string>, headers: Record<string, string> = {}) => {
    const path = `/v1/usage?${new URLSearchParams(query).toString()}`;
    const response = await tenant.call("GET", path, { headers });
    expect(response.headers.get("Content-Type")).toBe("text/csv; charset=utf-8; header=present");
    expect(response.headers.get("Content-Disposition")).toBe('attachment; filename="usage.csv"');
    return await response.text();
  };

  test("has a header, a row per interval and group, and refusals by reason", async () => {
    await withStoppedClock("2026-11-20T12:00:00Z", async () => {
      const tenant = await tenantWith("m");
      const [answer] = await cellOf(tenant).admit([inferRequest(tenant, "m"), inferRequest(tenant, "none")]);
      await cellOf(tenant).settle([settlementOf(requireAdmitted(answer).entryId)]);
      expect(await csvOf(tenant, { group_by: "version", format: "csv" })).toBe(
        "start,model,version,inferences,pending,ok,rejected,failed,unsettled,cost_micro_usd,compute_ms,bytes_in,bytes_out,refused,refusals\r\n" +
          "2026-11-20T12:00:00.000Z,,,0,0,0,0,0,0,0,0,0,0,1,model-not-found=1\r\n" +
          "2026-11-20T12:00:00.000Z,m,1,1,0,1,0,0,0,100,5,10,20,0,\r\n",
      );
    });
  });

  test("is what the header Accept prefers, unless `format` says otherwise", async () => {
    const tenant = await newTenant();
    const typeOf = async (query: string, accept: string) => {
      const response = await tenant.call("GET", `/v1/usage${query}`, { headers: { Accept: accept } });
      return response.headers.get("Content-Type")?.split(";")[0];
    };
    expect(await typeOf("", "text/csv")).toBe("text/csv");
    expect(await typeOf("", "application/json;q=0.5, text/csv")).toBe("text/csv");
    expect(await typeOf("", "text/csv;q=0.5, application/json")).toBe("application/json");
    expect(await typeOf("", "*/*")).toBe("application/json");
    expect(await typeOf("?format=json", "text/csv")).toBe("application/json");
    expect(await typeOf("?format=csv", "application/json")).toBe("text/csv");
  });
});

describe("a question that can't be answered is refused:", () => {
  test.each([
    [{ granularity: "week" }, "granularity"],
    [{ group_by: "model,colour" }, "group_by"],
    [{ group_by: "" }, "group_by"],
    [{ outcome: "lost" }, "outcome"],
    [{ model: "m", version: "production" }, "version"],
    [{ format: "xml" }, "format"],
    [{ from: "yesterday" }, "from"],
    [{ from: "2026-11-20" }, "from"],
    [{ to: "2026-11-20T25:00:00Z" }, "to"],
  ])("%j names %s", async (query, field) => {
    const response = await (await newTenant()).call("GET", `/v1/usage?${new URLSearchParams(query).toString()}`);
    const problem = await expectProblem(response, 400, "invalid-request");
    expect(problem["errors"]).toEqual([{ field, message: expect.any(String) }]);
  });

  test.each([
    [{ from: "2026-11-20T12:00:00Z", to: "2026-11-20T12:00:00Z" }, "from: must be before to"],
    [{ from: "2026-11-20T12:00:01Z", to: "2026-11-20T12:00:00Z" }, "from: must be before to"],
    // 10,000 minutes are 6 d 22 h 40 min; one minute more is too many.
    [{ from: "2026-11-01T00:00:00Z", to: "2026-11-07T22:41:00Z", granularity: "minute" }, "more than 10000 intervals"],
    [{ version: "1" }, "version: needs model too"],
  ])("%j, because %s", async (query, sentence) => {
    const response = await (await newTenant()).call("GET", `/v1/usage?${new URLSearchParams(query).toString()}`);
    expect((await expectProblem(response, 400, "invalid-request")).detail).toContain(sentence);
  });

  test("more than 10,000 rows, with what would make them fewer", async () => {
    const tenant = await tenantWith("m");
    const query = { from: "2026-11-20T00:00:00Z", to: "2026-11-21T00:00:00Z", group_by: "key" };
    const refuseCallers = async (from: number, to: number) =>
      await runInDurableObject(cellOf(tenant), (_cell, state) => {
        state.storage.sql.exec(
          `WITH RECURSIVE caller(n) AS (SELECT ${from} UNION ALL SELECT n + 1 FROM caller WHERE n < ${to})
           INSERT INTO refused (span, start_ms, key_id, model, reason, count)
           SELECT 'minute', ${Date.parse(query.from)}, 'key_' || n, 'm', 'quota-exceeded', 1 FROM caller`,
        );
      });
    await refuseCallers(1, 10_000);
    expect((await readUsage(tenant, query)).data).toHaveLength(10_000);
    await refuseCallers(10_001, 10_001);
    const response = await tenant.call("GET", `/v1/usage?${new URLSearchParams(query).toString()}`);
    expect((await expectProblem(response, 400, "invalid-request")).detail).toContain("more than 10000 rows");
    expect((await readUsage(tenant, { ...query, key: "key_7" })).data).toHaveLength(1);
  });

  test("and 10,000 intervals are answered", async () => {
    const query = { from: "2026-11-01T00:00:00Z", to: "2026-11-07T22:40:00Z", granularity: "minute" };
    expect((await readUsage(await newTenant(), query)).data).toEqual([]);
  });
});
