import { evictDurableObject, listDurableObjectIds, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { ATTEMPT_RULES, type AttemptKind, type AttemptVerdict } from "../../src/identity/attempts.rules.ts";
import { type Account, attemptsOf } from "../../src/identity/attempts.service.ts";
import { newId } from "../../src/shared/ids.ts";
import { withStoppedClock } from "../support/clock.ts";

/** Far ahead, so that no alarm rings by itself. */
const START = "2036-11-20T09:30:00.000Z";
/** A year later, when nothing that another test left behind is remembered. */
const WHEN_ALL_ELSE_IS_OVER = "2037-11-20T09:30:00.000Z";
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const attempts = attemptsOf(env.ATTEMPT_LIMITER, env.MASTER_KEY);

let strangers = 0;
/** An address that no other test has used. */
function newAddress(): string {
  strangers += 1;
  return `2001:db8:${strangers.toString(16)}::1`;
}

function newAccount(): Account {
  return { kind: "email", id: `${newId("req", Date.now())}@example.com` };
}

/** Try so many times, and tell how each ended. */
async function tryOften(times: number, kind: AttemptKind, account: Account | undefined, address = newAddress()) {
  const verdicts: AttemptVerdict[] = [];
  for (let time = 0; time < times; time++) verdicts.push(await attempts.attempt(kind, { address, account }));
  return verdicts;
}

async function fail(times: number, account: Account, address: string): Promise<void> {
  for (let time = 0; time < times; time++) await attempts.failed("log_in", { address, account });
}

/** Fail from so many networks, once each. */
async function failFromEverywhere(networks: number, account: Account): Promise<void> {
  for (let network = 0; network < networks; network++) await fail(1, account, newAddress());
}

async function verdictOn(account: Account, address = newAddress()): Promise<AttemptVerdict> {
  return await attempts.attempt("log_in", { address, account });
}

/** Evict every limiter that there is. */
async function evictAll(): Promise<void> {
  for (const stub of await limiters()) {
    await runInDurableObject(stub, () => undefined);
    await evictDurableObject(stub);
  }
}

async function limiters() {
  const ids = await listDurableObjectIds(env.ATTEMPT_LIMITER);
  return ids.map((id) => env.ATTEMPT_LIMITER.get(id));
}

/** Everything that all limiters hold: the name of each, and its rows; one that was forgotten has not even a table. */
async function everythingStored(): Promise<string[]> {
  const stored: string[] = [];
  for (const stub of await limiters()) {
    const rows = await runInDurableObject(stub, (_limiter, { id, storage: { sql } }) => {
      const tables = sql.exec("SELECT name FROM sqlite_master WHERE name = 'memories'").toArray();
      return tables.length === 0 ? [] : [id.name, ...sql.exec("SELECT * FROM memories").toArray()];
    });
    if (rows.length > 0) stored.push(JSON.stringify(rows));
  }
  return stored;
}

/** Let every limiter's alarm ring, as it does when its time has come. */
async function ringAlarms(): Promise<void> {
  for (const stub of await limiters()) await runDurableObjectAlarm(stub);
}

describe("attempts on one account", () => {
  test("an owner makes three tenants in an hour, from wherever and whatever is evicted, and the next an hour after the first", async () => {
    await withStoppedClock(START, async (clock) => {
      const owner: Account = { kind: "user", id: newId("req", Date.now()) };
      const create = async (): Promise<AttemptVerdict> => {
        await evictAll();
        return await attempts.attempt("tenant_creation", { address: newAddress(), account: owner });
      };
      expect(await create()).toEqual({ kind: "allowed" });
      clock.advanceMs(20 * MINUTE_MS);
      for (let time = 0; time < 2; time++) expect(await create()).toEqual({ kind: "allowed" });
      clock.advanceMs(20 * MINUTE_MS);
      expect(await create()).toEqual({ kind: "too_many", by: "account", retryAfterMs: 20 * MINUTE_MS });
      clock.advanceMs(20 * MINUTE_MS - 1);
      expect(await create()).toEqual({ kind: "too_many", by: "account", retryAfterMs: 1 });
      clock.advanceMs(1);
      expect(await create()).toEqual({ kind: "allowed" });
      expect(await create()).toEqual({ kind: "too_many", by: "account", retryAfterMs: 20 * MINUTE_MS });
    });
  });

  test.each(Object.keys(ATTEMPT_RULES) as AttemptKind[])("%s is limited, per account and per address", async (kind) => {
    await withStoppedClock(START, async () => {
      const { account, address } = ATTEMPT_RULES[kind];
      const onOne = await tryOften(account.most + 1, kind, newAccount());
      expect(onOne.at(-2)).toEqual({ kind: "allowed" });
      expect(onOne.at(-1)).toEqual({ kind: "too_many", by: "account", retryAfterMs: account.windowMs });
      const fromOne = await tryOften(address.most + 1, kind, undefined);
      expect(fromOne.at(-2)).toEqual({ kind: "allowed" });
      expect(fromOne.at(-1)).toEqual({ kind: "too_many", by: "address", retryAfterMs: address.windowMs });
    });
  });

  test("are those of one account, however its e-mail is written, and never those of another kind of account", async () => {
    await withStoppedClock(START, async () => {
      const { id } = newAccount();
      await tryOften(5, "sign_up", { kind: "email", id });
      const [again] = await tryOften(1, "sign_up", { kind: "email", id: ` ${id.toUpperCase()} ` });
      expect(again?.kind).toBe("too_many");
      const [other] = await tryOften(1, "sign_up", { kind: "user", id });
      expect(other?.kind).toBe("allowed");
    });
  });

  test("are not used up by who is refused for the address", async () => {
    await withStoppedClock(START, async () => {
      const [account, address] = [newAccount(), newAddress()];
      await tryOften(ATTEMPT_RULES.log_in.address.most, "log_in", undefined, address);
      const refused = await tryOften(30, "log_in", account, address);
      expect(new Set(refused.map((verdict) => verdict.kind === "too_many" && verdict.by))).toEqual(
        new Set(["address"]),
      );
      expect(await verdictOn(account)).toEqual({ kind: "allowed" });
    });
  });

  test("at the same time are counted as those one after the other", async () => {
    await withStoppedClock(START, async () => {
      const account = newAccount();
      const all = await Promise.all(
        Array.from({ length: 20 }, async () => await tryOften(1, "tenant_creation", account)),
      );
      expect(all.flat().filter(({ kind }) => kind === "allowed")).toHaveLength(3);
    });
  });
});

describe("attempts from one address", () => {
  test("are counted for a network of 64 bits, which is what one customer is given", async () => {
    await withStoppedClock(START, async () => {
      const { most } = ATTEMPT_RULES.sign_up.address;
      await tryOften(most, "sign_up", undefined, "2001:db8:ffff:1::1");
      const [neighbour] = await tryOften(1, "sign_up", undefined, "2001:db8:ffff:1:ffff::2");
      const [other] = await tryOften(1, "sign_up", undefined, "2001:db8:ffff:2::1");
      expect([neighbour?.kind, other?.kind]).toEqual(["too_many", "allowed"]);
    });
  });
});

describe("an account whose password is guessed", () => {
  test("is locked for a minute after five failures in a row, twice as long with each more, whatever is evicted", async () => {
    await withStoppedClock(START, async (clock) => {
      const [account, address] = [newAccount(), newAddress()];
      await fail(4, account, address);
      expect(await verdictOn(account, address)).toEqual({ kind: "allowed" });
      await fail(1, account, address);
      await evictAll();
      expect(await verdictOn(account, address)).toEqual({ kind: "locked", retryAfterMs: MINUTE_MS });
      clock.advanceMs(MINUTE_MS);
      expect(await verdictOn(account, address)).toEqual({ kind: "allowed" });
      await fail(1, account, address);
      expect(await verdictOn(account, address)).toEqual({ kind: "locked", retryAfterMs: 2 * MINUTE_MS });
    });
  });

  test("is open again to who gets it right, and the count begins anew", async () => {
    await withStoppedClock(START, async (clock) => {
      const [account, address] = [newAccount(), newAddress()];
      await fail(5, account, address);
      clock.advanceMs(MINUTE_MS);
      await attempts.succeeded("log_in", { address, account });
      await fail(4, account, address);
      expect(await verdictOn(account, address)).toEqual({ kind: "allowed" });
    });
  });

  test("stays open to other networks while fewer than fifty failures came in a row, and is then locked to all", async () => {
    await withStoppedClock(START, async () => {
      const account = newAccount();
      await failFromEverywhere(49, account);
      expect(await verdictOn(account)).toEqual({ kind: "allowed" });
      await failFromEverywhere(1, account);
      expect(await verdictOn(account)).toEqual({ kind: "locked", retryAfterMs: MINUTE_MS });
    });
  });

  test("stays open to a network that it was used from lately, whatever strangers do", async () => {
    await withStoppedClock(START, async (clock) => {
      const [account, home] = [newAccount(), newAddress()];
      await attempts.succeeded("log_in", { address: home, account });
      await failFromEverywhere(60, account);
      for (let time = 0; time < 30; time++) await verdictOn(account); // strangers use up all attempts, too
      await evictAll();
      expect((await verdictOn(account)).kind).toBe("locked");
      expect(await verdictOn(account, home)).toEqual({ kind: "allowed" });
      await fail(5, account, home);
      expect(await verdictOn(account, home)).toEqual({ kind: "locked", retryAfterMs: MINUTE_MS });
      clock.advanceMs(30 * DAY_MS);
      await failFromEverywhere(60, account);
      expect((await verdictOn(account, home)).kind).toBe("locked");
    });
  });

  test("knows eight networks, and forgets the one that it was not used from for longest", async () => {
    await withStoppedClock(START, async (clock) => {
      const account = newAccount();
      const homes = Array.from({ length: 9 }, newAddress);
      for (const address of homes) {
        await attempts.succeeded("log_in", { address, account });
        clock.advanceMs(1);
      }
      await failFromEverywhere(60, account);
      const verdicts = await Promise.all(homes.map(async (home) => (await verdictOn(account, home)).kind));
      expect(verdicts).toEqual(["locked", ...Array.from({ length: 8 }, () => "allowed")]);
    });
  });

  test("does not lock the second factor with the password, nor what has no secret", async () => {
    await withStoppedClock(START, async () => {
      const [account, address] = [newAccount(), newAddress()];
      await fail(5, account, address);
      for (const kind of ["second_factor", "password_reset"] as const) {
        expect(await attempts.attempt(kind, { address, account }), kind).toEqual({ kind: "allowed" });
      }
    });
  });
});

describe("what a limiter stores", () => {
  test("names nobody: neither an address nor an e-mail stands in any name or row", async () => {
    await withStoppedClock(START, async () => {
      const account: Account = { kind: "email", id: "iris@example.com" };
      const address = "203.0.113.77";
      await attempts.attempt("log_in", { address, account });
      await attempts.succeeded("log_in", { address, account });
      await fail(1, account, address);
      const stored = (await everythingStored()).join("\n");
      expect(stored).not.toMatch(/iris|example|203\.0\.113/);
      for (const kind of ["attempts", "failures", "network"]) expect(stored).toContain(`"kind":"${kind}"`);
    });
  });

  test("is forgotten when its time is over, with the table it stood in, and an object that is asked again counts anew", async () => {
    await withStoppedClock(WHEN_ALL_ELSE_IS_OVER, async (clock) => {
      const [account, address] = [newAccount(), newAddress()];
      await tryOften(3, "tenant_creation", account, address);
      await fail(5, account, address);
      await attempts.succeeded("second_factor", { address, account });
      expect((await everythingStored()).length).toBeGreaterThanOrEqual(2);
      for (const stepMs of [HOUR_MS, DAY_MS - HOUR_MS, 29 * DAY_MS]) {
        clock.advanceMs(stepMs - 1);
        await ringAlarms();
        expect(await everythingStored()).not.toEqual([]);
        clock.advanceMs(1);
        await ringAlarms();
        await evictAll();
      }
      expect(await everythingStored()).toEqual([]);
      const kinds = (await tryOften(4, "tenant_creation", account, address)).map(({ kind }) => kind);
      expect(kinds).toEqual(["allowed", "allowed", "allowed", "too_many"]);
    });
  });
});
