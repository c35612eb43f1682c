import { env } from "cloudflare:workers";
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { newApiKey } from "../../src/identity/keys.rules.ts";
import { type DirectCallOptions, callToTheEnd } from "../support/direct.ts";
import { cellsWithout } from "../support/faulty.ts";
import { readOutbox } from "../support/mail.ts";
import { addMember, newPerson, tokenOf } from "../support/people.ts";
import { expectProblem } from "../support/problem.ts";
import { TestReporter } from "../support/reporter.ts";
import { type TestTenant, call, newKey, newTenant } from "../support/tenant.ts";

const PATH = "/secret-scanning/alerts";
const FOUND_AT = "https://github.com/octocat/hello/blob/1234/config.txt";

const bearer = (key: string) => ({ headers: { Authorization: `Bearer ${key}` } });
const leak = (token: string, url = FOUND_AT) => ({ token, type: "tensorgate_api_key", url, source: "content" });
const verdict = (token: string, label: string) => ({
  token_hash: createHash("sha256").update(token).digest("hex"),
  token_type: "tensorgate_api_key",
  label,
});

/** Send something to the endpoint of a deployment that believes this reporter. */
async function send(
  tenant: TestTenant,
  reporter: TestReporter,
  options: DirectCallOptions,
  bindings: Partial<Env> = {},
): Promise<Response> {
  const trusting = { SECRET_SCANNING_KEYS: JSON.stringify(reporter.published), ...bindings };
  return await callToTheEnd(tenant, "POST", PATH, { ...options, bindings: trusting as Partial<Env> });
}

async function report(tenant: TestTenant, leaks: object[], bindings?: Partial<Env>): Promise<Response> {
  const reporter = await TestReporter.make();
  return await send(tenant, reporter, await reporter.report(JSON.stringify(leaks)), bindings);
}

/** What the audit has of leaks in a tenant. */
async function leaksOf(tenant: TestTenant): Promise<Record<string, unknown>[]> {
  const { results } = await env.DB.prepare("SELECT * FROM audit_events WHERE tenant_id = ? AND act = 'key.leaked'")
    .bind(tenant.id)
    .all();
  return results;
}

describe("a leaked key of ours", () => {
  test("is revoked before the answer, recorded, and its owners and its person are told, without the key", async () => {
    const tenant = await newTenant();
    const [owner, maker, viewer] = [await newPerson(), await newPerson(), await newPerson()];
    await addMember(tenant.id, owner, "owner");
    await addMember(tenant.id, maker, "developer");
    await addMember(tenant.id, viewer, "viewer");
    const wish = { name: "checkout", scopes: ["models:read"] };
    const made = await call("POST", "/v1/keys", { ...bearer(await tokenOf(maker, tenant.id)), json: wish });
    const { id, key, last_four: lastFour }: { id: string; key: string; last_four: string } = await made.json();
    expect((await call("GET", "/v1/models", bearer(key))).status).toBe(200);

    const answer = await report(tenant, [leak(key, `${FOUND_AT}?key=${key}`)]);
    expect([answer.status, await answer.json()]).toEqual([200, [verdict(key, "true_positive")]]);
    await expectProblem(await call("GET", "/v1/models", bearer(key)), 401, "revoked-key");

    const [recorded] = await leaksOf(tenant);
    expect(recorded).toMatchObject({ actor_kind: "unknown", actor_id: null, target_id: id });
    expect(recorded?.["after"]).toBe(JSON.stringify({ type: "tensorgate_api_key", url: FOUND_AT }));
    const mails = await Promise.all([owner, maker].map(async ({ email }) => (await readOutbox(email))[0]));
    for (const mail of mails) {
      expect(mail).toMatchObject({ template: "key-leaked", subject: expect.stringContaining("checkout") });
      expect(mail?.text).toContain(`ending in ${lastFour}`);
      expect(mail?.text).toContain(FOUND_AT);
    }
    expect((await readOutbox(viewer.email)).map(({ template }) => template)).not.toContain("key-leaked");
    expect(JSON.stringify([recorded, mails])).not.toContain(key);
  });

  test("that is reported again, and twice in one report, is recorded and told of once", async () => {
    const [tenant, owner] = [await newTenant(), await newPerson()];
    await addMember(tenant.id, owner, "owner");
    const [key, reporter] = [await newKey(tenant.id, ["models:read"]), await TestReporter.make()];
    const signed = await reporter.report(JSON.stringify([leak(key), leak(key)]));
    const expected = [verdict(key, "true_positive"), verdict(key, "true_positive")];
    for (let times = 0; times < 2; times++) {
      expect(await (await send(tenant, reporter, signed)).json()).toEqual(expected);
    }
    expect(await leaksOf(tenant)).toHaveLength(1);
    const told = (await readOutbox(owner.email)).filter(({ template }) => template === "key-leaked");
    expect(told).toHaveLength(1);
  });

  test("is refused even when the report fails half-way, and the repeated report does the rest", async () => {
    const tenant = await newTenant();
    const key = await newKey(tenant.id, ["models:read"]);
    const failed = await report(tenant, [leak(key)], { TENANT_CELL: cellsWithout("refresh") });
    expect(failed.status).toBe(500);
    await expectProblem(await call("GET", "/v1/models", bearer(key)), 401, "credential-void");
    expect((await report(tenant, [leak(key)])).status).toBe(200);
    await expectProblem(await call("GET", "/v1/models", bearer(key)), 401, "revoked-key");
    expect(await leaksOf(tenant)).toHaveLength(1);
  });

  test("is reported anew where its cell could not be told", async () => {
    const tenant = await newTenant();
    const key = await newKey(tenant.id, ["models:read"]);
    expect((await report(tenant, [leak(key)], { TENANT_CELL: cellsWithout("refuseBefore") })).status).toBe(500);
    expect(await leaksOf(tenant)).toHaveLength(0);
    expect(await (await report(tenant, [leak(key)])).json()).toEqual([verdict(key, "true_positive")]);
    await expectProblem(await call("GET", "/v1/models", bearer(key)), 401, "revoked-key");
  });
});

test("what is no key of ours is a false positive, and nothing more is said of it", async () => {
  const tenant = await newTenant();
  const never = newApiKey(tenant.id, "live");
  const mistyped = tenant.key.slice(0, -1) + (tenant.key.endsWith("0") ? "1" : "0");
  const tokens = ["", "eyJhbGciOiJFZERTQSJ9.e30.c2ln", never, mistyped, "x".repeat(4096), "' OR 1=1 --"];
  const answer = await report(
    tenant,
    tokens.map((token) => leak(token, "nonsense")),
  );
  expect([answer.status, await answer.json()]).toEqual([200, tokens.map((token) => verdict(token, "false_positive"))]);
  expect((await tenant.call("GET", "/v1/models")).status).toBe(200);
});

describe("a report is refused, and revokes nothing", () => {
  test.each([
    ["without a signature", { "Github-Public-Key-Identifier": "k" }],
    ["without a key's id", { "Github-Public-Key-Signature": "AAAA" }],
    [
      "with a key that nobody has published",
      { "Github-Public-Key-Identifier": "k", "Github-Public-Key-Signature": "AA" },
    ],
  ])("%s", async (_what, headers) => {
    const [tenant, reporter] = [await newTenant(), await TestReporter.make()];
    const answer = await send(tenant, reporter, { json: [leak(tenant.key)], headers });
    await expectProblem(answer, 403, "signature-invalid");
    expect((await tenant.call("GET", "/v1/models")).status).toBe(200);
  });

  test("that somebody else signed in the name of the reporter, or whose body is another", async () => {
    const [tenant, reporter, forger] = [await newTenant(), await TestReporter.make(), await TestReporter.make()];
    const body = JSON.stringify([leak(tenant.key)]);
    const { headers } = await reporter.report("[]");
    const forged = { ...headers, "Github-Public-Key-Signature": await forger.sign(body) };
    for (const options of [
      { body, headers: forged },
      await reporter.report(body, `${body} `),
      await reporter.report(` ${body}`, body),
    ]) {
      await expectProblem(await send(tenant, reporter, options), 403, "signature-invalid");
    }
    expect((await tenant.call("GET", "/v1/models")).status).toBe(200);
  });

  test("in a deployment that believes nobody", async () => {
    const [tenant, reporter] = [await newTenant(), await TestReporter.make()];
    const nobody = { SECRET_SCANNING_KEYS: "", SECRET_SCANNING_KEYS_URL: "" } as unknown as Partial<Env>;
    const answer = await send(tenant, reporter, await reporter.report(JSON.stringify([leak(tenant.key)])), nobody);
    await expectProblem(answer, 403, "signature-invalid");
  });

  test.each([
    ["empty", "", "malformed-json", 400],
    ["no JSON", "[{", "malformed-json", 400],
    ["no list", "{}", "invalid-request", 400],
    ["a list of other things", "[1]", "invalid-request", 400],
    ["a token that is no text", `[{"token":1,"type":"t"}]`, "invalid-request", 400],
    ["more than 100 tokens", JSON.stringify(Array.from({ length: 101 }, () => leak("x"))), "invalid-request", 400],
    ["larger than 1 MiB", `["${"x".repeat(1024 ** 2)}"]`, "body-too-large", 413],
  ] as const)("whose body is %s, signed though it is", async (_what, body, code, status) => {
    const [tenant, reporter] = [await newTenant(), await TestReporter.make()];
    await expectProblem(await send(tenant, reporter, await reporter.report(body)), status, code);
  });
});

test("a report of 100 keys revokes all of them, and an empty one none", async () => {
  const tenant = await newTenant();
  const key = await newKey(tenant.id, ["models:read"]);
  const strangers = Array.from({ length: 99 }, () => leak(newApiKey(tenant.id, "test")));
  const answer: { label: string }[] = await (await report(tenant, [...strangers, leak(key)])).json();
  expect(answer.map(({ label }) => label).filter((label) => label === "true_positive")).toHaveLength(1);
  expect(answer.at(-1)).toEqual(verdict(key, "true_positive"));
  expect(await (await report(tenant, [])).json()).toEqual([]);
});
