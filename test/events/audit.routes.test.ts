import { describe, expect, test } from "vitest";
import { type CallOptions, type TestTenant, callAsOperator, newKey, newTenant } from "../support/tenant.ts";
import { expectProblem } from "../support/problem.ts";

interface Event {
  readonly id: string;
  readonly at: string;
  readonly act: string;
  readonly actor: { readonly kind: string; readonly id: string | null };
  readonly tenant_id: string;
  readonly target_id: string;
  readonly before: unknown;
  readonly after: unknown;
}
interface Page {
  readonly data: Event[];
  readonly next: string | null;
}

async function audit(tenant: TestTenant, query = ""): Promise<Page> {
  const answer = await tenant.call("GET", `/v1/audit${query}`);
  expect(answer.status, await answer.clone().text()).toBe(200);
  return await answer.json();
}

async function platformAudit(query: string): Promise<Page> {
  return await (await callAsOperator("GET", `/admin/audit${query}`)).json();
}

/** Make a key and take it back. */
async function makeAndRevoke(tenant: TestTenant, name: string): Promise<string> {
  const made = await tenant.call("POST", "/v1/keys", { json: { name, scopes: ["models:infer"] } });
  const { id }: { id: string } = await made.json();
  await tenant.call("DELETE", `/v1/keys/${id}`);
  return id;
}

/** Text of a media type that the runtime takes for none. */
async function textOf(response: Response): Promise<string> {
  return Buffer.from(await response.arrayBuffer()).toString();
}

const operate = async (tenant: TestTenant, method: string, path: string, options: CallOptions = {}) => {
  const answer = await callAsOperator(method, `/admin/tenants/${tenant.id}${path}`, options);
  expect(answer.status).toBeLessThan(300);
};

describe("what is recorded of a tenant", () => {
  test("is its making, by the operator", async () => {
    const tenant = await newTenant();
    const { data } = await audit(tenant, "?act=organization.created");
    expect(data).toMatchObject([
      { actor: { kind: "operator", id: null }, target_id: tenant.id, before: null, after: { name: "Test tenant" } },
    ]);
  });

  test("is each change of it, with what changed and nothing else", async () => {
    const tenant = await newTenant();
    await operate(tenant, "PATCH", "", { json: { name: "Renamed", limits: { burst: 7 } } });
    await operate(tenant, "PATCH", "", { json: { status: "suspended" } });
    await operate(tenant, "PATCH", "", { json: { status: "active", name: "Again" } });
    const { data } = await audit(tenant, `?target_id=${tenant.id}&limit=3`);
    expect(data.map(({ act, before, after }) => ({ act, before, after }))).toMatchObject([
      {
        act: "organization.reinstated",
        before: { status: "suspended", name: "Renamed" },
        after: { status: "active", name: "Again" },
      },
      { act: "organization.suspended", before: { status: "active" }, after: { status: "suspended" } },
      {
        act: "organization.changed",
        before: { name: "Test tenant", limits: { burst: 100_000 } },
        after: { name: "Renamed", limits: { burst: 7, rate_per_second: 100_000 } },
      },
    ]);
    expect(data[1]?.after).toEqual({ status: "suspended" });
  });

  test("is which pages may call it, by the key that said so", async () => {
    const tenant = await newTenant();
    await tenant.call("PUT", "/v1/cors", { json: { allowed_origins: ["https://app.example.com"] } });
    const { data } = await audit(tenant, "?act=organization.changed");
    expect(data).toMatchObject([
      {
        actor: { kind: "key", id: expect.stringMatching(/^key_/) },
        before: { allowed_origins: [] },
        after: { allowed_origins: ["https://app.example.com"] },
      },
    ]);
  });

  test("is that its credentials were voided, and since when they hold", async () => {
    const tenant = await newTenant();
    await operate(tenant, "POST", "/credentials/revoke");
    const { data } = await platformAudit(`?tenant_id=${tenant.id}&act=organization.credentials_voided`);
    expect(data).toMatchObject([
      { before: { not_before: "1970-01-01T00:00:00.000Z" }, after: { not_before: data[0]?.at } },
    ]);
  });

  test("is credit, once for each grant, however often the call is repeated or refused", async () => {
    const tenant = await newTenant();
    const grant = async (amount: number) =>
      await callAsOperator("POST", `/admin/tenants/${tenant.id}/credits`, {
        json: { amount_micro_usd: amount, reason: "Invoice" },
        headers: { "Idempotency-Key": "invoice-1" },
      });
    expect([await grant(5), await grant(5), await grant(6)].map(({ status }) => status)).toEqual([200, 200, 422]);
    const { data } = await audit(tenant, "?act=credit.granted");
    expect(data.map(({ after }) => after)).toEqual([{ grant_id: "invoice-1", amount_micro_usd: 5, reason: "Invoice" }]);
  });

  test("is nothing where nothing was changed, because there is no such tenant", async () => {
    const id = "ten_01jd8x3v5cq0q4m2n8h6y7z9ab";
    const patch = await callAsOperator("PATCH", `/admin/tenants/${id}`, { json: { name: "x" } });
    await expectProblem(patch, 404, "tenant-not-found");
    await expectProblem(
      await callAsOperator("POST", `/admin/tenants/${id}/credentials/revoke`),
      404,
      "tenant-not-found",
    );
    expect((await platformAudit(`?tenant_id=${id}`)).data).toEqual([]);
  });
});

describe("the list", () => {
  test("comes newest first, in pages that follow each other without a gap", async () => {
    const tenant = await newTenant();
    for (const name of ["a", "b"]) await makeAndRevoke(tenant, name);
    const { data: all } = await audit(tenant);
    expect(all.map(({ id }) => id)).toEqual(
      all
        .map(({ id }) => id)
        .toSorted()
        .toReversed(),
    );
    const paged: Event[] = [];
    let after: string | null = "";
    while (after !== null) {
      const page: Page = await audit(tenant, `?limit=2${after && `&after=${after}`}`);
      expect(page.data.length).toBeLessThanOrEqual(2);
      paged.push(...page.data);
      after = page.next;
    }
    expect(paged).toEqual(all);
  });

  test("is cut down by act, target, actor and time", async () => {
    const tenant = await newTenant();
    const [first, second] = [await makeAndRevoke(tenant, "a"), await makeAndRevoke(tenant, "b")];
    const { data: all } = await audit(tenant);
    const revoked = await audit(tenant, "?act=key.revoked");
    expect(revoked.data.map((event) => event.target_id)).toEqual([second, first]);
    expect((await audit(tenant, `?target_id=${first}`)).data.map(({ act }) => act)).toEqual([
      "key.revoked",
      "key.created",
    ]);
    const [latest] = all;
    const actor = latest?.actor.id ?? "";
    expect((await audit(tenant, `?actor_id=${actor}`)).data).toEqual(all.filter((event) => event.actor.id === actor));
    const at = latest?.at ?? "";
    const since = await audit(tenant, `?from=${at}`);
    expect(since.data).toEqual(all.filter((event) => event.at >= at));
    expect((await audit(tenant, `?to=${at}`)).data).toEqual(all.filter((event) => event.at < at));
    expect((await audit(tenant, "?actor_id=nobody")).data).toEqual([]);
  });

  test("comes as JSON Lines whole, or as many lines as are asked for", async () => {
    const tenant = await newTenant();
    await makeAndRevoke(tenant, "a");
    const { data: all } = await audit(tenant);
    const whole = await tenant.call("GET", "/v1/audit", { headers: { Accept: "application/x-ndjson" } });
    expect(whole.headers.get("Content-Type")).toBe("application/x-ndjson");
    const lines = (await textOf(whole)).trimEnd().split("\n");
    expect(lines.map((line): unknown => JSON.parse(line))).toEqual(all);
    const two = await tenant.call("GET", "/v1/audit?format=ndjson&limit=2");
    expect((await textOf(two)).trimEnd().split("\n")).toEqual(lines.slice(0, 2));
  });

  test.each([
    "act=nothing",
    "from=yesterday",
    "limit=0",
    "limit=1001",
    "format=csv",
    "actor_id=",
    `target_id=${"x".repeat(101)}`,
  ])("refuses the query %s", async (query) => {
    const tenant = await newTenant();
    await expectProblem(await tenant.call("GET", `/v1/audit?${query}`), 400, "invalid-request");
  });

  test("holds nothing of another tenant, whatever is asked for", async () => {
    const [tenant, other] = [await newTenant(), await newTenant()];
    const theirs = await makeAndRevoke(other, "theirs");
    expect((await audit(tenant, `?target_id=${theirs}`)).data).toEqual([]);
    expect((await audit(tenant, `?tenant_id=${other.id}`)).data.every((event) => event.tenant_id === tenant.id)).toBe(
      true,
    );
  });

  test("needs audit:read, which no other permission stands for", async () => {
    const tenant = await newTenant();
    const key = await newKey(tenant.id, ["keys:read", "usage:read", "organization:read"]);
    const answer = await tenant.call("GET", "/v1/audit", { headers: { Authorization: `Bearer ${key}` } });
    await expectProblem(answer, 403, "insufficient-scope");
  });
});

describe("the platform's list", () => {
  test("holds what concerns all tenants, or the one that is named", async () => {
    const [one, other] = [await newTenant(), await newTenant()];
    // other tests make tenants too
    const { data } = await platformAudit("?act=organization.created&limit=100");
    expect(data.map((event) => event.tenant_id)).toEqual(expect.arrayContaining([other.id, one.id]));
    const { data: ofOne } = await platformAudit(`?tenant_id=${one.id}`);
    expect(new Set(ofOne.map((event) => event.tenant_id))).toEqual(new Set([one.id]));
  });

  test("knows no tenant by what is no id", async () => {
    await expectProblem(await callAsOperator("GET", "/admin/audit?tenant_id=x"), 404, "tenant-not-found");
  });
});
