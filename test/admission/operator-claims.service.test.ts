import { env } from "cloudflare:workers";
import { drizzle } from "drizzle-orm/d1";
import { describe, expect, test, vi } from "vitest";
import { operatorClaims } from "../../src/admission/operator-claims.service.ts";
import type { Idempotency } from "../../src/admission/claims.rules.ts";

const DAY_MS = 24 * 3_600_000;
const LEASE_MS = 2 * 60_000;

/** The operator's keys, by a clock that the test moves. */
function claimsAt(nowMs: number) {
  const clock = { nowMs };
  const claims = operatorClaims(() => drizzle(env.DB), { now: () => clock.nowMs, masterKey: "a master key" });
  return { claims, clock };
}

let keys = 0;
function newRequest(fingerprint = "payload"): Idempotency {
  keys += 1;
  return { key: `key ${keys}`, route: "POST /admin/tests", fingerprint };
}

function answerOf(text: string, status = 201) {
  return { status, headers: { "Content-Type": "text/plain" }, body: new Uint8Array(Buffer.from(text)) };
}

async function taken(claims: ReturnType<typeof operatorClaims>, request: Idempotency) {
  const claim = await claims.begin(request);
  if (claim.kind !== "taken") throw new Error(`The key is not free: ${claim.kind}.`);
  return claim.held;
}

async function rows(): Promise<number> {
  return (await env.DB.prepare("SELECT count(*) AS n FROM operator_claims").first<number>("n")) ?? -1;
}

describe("an operator's key", () => {
  test("is taken by one of many at a time; the others are told to wait", async () => {
    const { claims } = claimsAt(Date.now());
    const request = newRequest();
    const begun = await Promise.all(Array.from({ length: 8 }, async () => await claims.begin(request)));
    expect(begun.filter(({ kind }) => kind === "taken")).toHaveLength(1);
    expect(begun.filter(({ kind }) => kind === "idempotency-in-flight")).toHaveLength(7);
  });

  test("gives the answer again, to the same request only", async () => {
    const { claims } = claimsAt(Date.now());
    const request = newRequest();
    await claims.conclude(await taken(claims, request), answerOf("made"));
    const again = await claims.begin(request);
    if (again.kind !== "repeated") throw new Error(`It is not repeated: ${again.kind}.`);
    expect(await claims.recall(again)).toEqual(answerOf("made"));
    expect(await claims.begin({ ...request, fingerprint: "another" })).toMatchObject({ kind: "idempotency-mismatch" });
  });

  test("gives an empty answer again", async () => {
    const { claims } = claimsAt(Date.now());
    const request = newRequest();
    await claims.conclude(await taken(claims, request), answerOf("", 204));
    const again = await claims.begin(request);
    if (again.kind !== "repeated") throw new Error(`It is not repeated: ${again.kind}.`);
    expect(await claims.recall(again)).toEqual(answerOf("", 204));
  });

  test("is free again after a request without an answer", async () => {
    const { claims } = claimsAt(Date.now());
    const request = newRequest();
    await claims.conclude(await taken(claims, request), undefined);
    expect((await claims.begin(request)).kind).toBe("taken");
  });

  test("is free for the same request when its holder's lease is over, and that holder can end it no more", async () => {
    const { claims, clock } = claimsAt(Date.now());
    const request = newRequest();
    const first = await taken(claims, request);
    clock.nowMs += LEASE_MS - 1;
    expect((await claims.begin(request)).kind).toBe("idempotency-in-flight");
    clock.nowMs += 1;
    expect((await claims.begin({ ...request, fingerprint: "another" })).kind).toBe("idempotency-mismatch");
    const second = await taken(claims, request);
    await claims.conclude(first, undefined);
    await claims.conclude(first, answerOf("too late"));
    expect((await claims.begin(request)).kind).toBe("idempotency-in-flight");
    await claims.conclude(second, answerOf("in time"));
    const again = await claims.begin(request);
    if (again.kind !== "repeated") throw new Error(`It is not repeated: ${again.kind}.`);
    expect(await claims.recall(again)).toEqual(answerOf("in time"));
  });

  test("stands for 24 hours, and then for a new request", async () => {
    const { claims, clock } = claimsAt(Date.now());
    const request = newRequest();
    await claims.conclude(await taken(claims, request), answerOf("made"));
    clock.nowMs += DAY_MS - 1;
    expect((await claims.begin(request)).kind).toBe("repeated");
    clock.nowMs += 1;
    expect((await claims.begin({ ...request, fingerprint: "another" })).kind).toBe("taken");
  });

  test("is removed after that with the next ones that are taken, twenty at a time", async () => {
    const { claims, clock } = claimsAt(Date.now());
    for (let n = 0; n < 25; n++) await taken(claims, newRequest());
    clock.nowMs += 2 * DAY_MS;
    const before = await rows();
    await taken(claims, newRequest());
    expect(await rows()).toBe(before - 20 + 1);
  });

  test("keeps no answer that D1 can't hold: the key is free, and the fault is logged", async () => {
    const log = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const { claims } = claimsAt(Date.now());
    const request = newRequest();
    const large = { ...answerOf(""), body: new Uint8Array(1024 ** 2) };
    await claims.conclude(await taken(claims, request), large);
    expect(JSON.stringify(log.mock.calls)).toContain("too large");
    log.mockRestore();
    expect((await claims.begin(request)).kind).toBe("taken");
  });
});
