import { describe, expect, it } from "vitest";
import { checkAccounts } from "../../../scripts/torture/checks.ts";
import {
  LOST,
  account,
  answered,
  call,
  chain,
  charge,
  differencesOf,
  firstSuccess,
  nonsense,
  settlement,
  success,
} from "./account.ts";

const differences = (...accounts: Parameters<typeof checkAccounts>[0]) => differencesOf(checkAccounts(accounts));

/** Two calls, answered, charged and settled as they should be. */
const given = [charge("ent_a", 0), charge("ent_b", 1), settlement("ent_a"), settlement("ent_b", "unsettled")];
const rows = chain(...given);
const records = [call(0, firstSuccess("ent_a", rows[0]?.hash)), call(1, LOST, success("ent_b"), success("ent_b"))];
const limits = { rate: { burst: 1, perSecond: 1 } };

describe("books in which everything agrees", () => {
  it("have no differences, and every check has looked at something", () => {
    const checks = checkAccounts([account(records, rows)]);
    expect(differencesOf(checks)).toEqual({});
    const idle = checks.filter(({ looked }) => looked === 0).map(({ name }) => name);
    expect(idle).toEqual(["no refused call is charged", "no rejected call is charged"]);
  });

  it("may hold a refunded charge of a call that was charged again, and answered for the second", () => {
    const again = chain(charge("ent_a", 0), settlement("ent_a", "failed"), charge("ent_b", 0), settlement("ent_b"));
    expect(differences(account([call(0, answered(504), success("ent_b"))], again))).toEqual({});
  });

  it("may or may not charge a call that was refused after a request without an answer", () => {
    const doubtful = call(0, LOST, answered(429));
    const charged = chain(charge("ent_a", 0), settlement("ent_a", "unsettled"));
    expect(differences(account([doubtful], charged, limits))).toEqual({});
    expect(differences(account([doubtful], [], limits))).toEqual({});
  });
});

describe("a difference is", () => {
  it("an answered call without a charge", () => {
    expect(differences(account(records, chain(charge("ent_a", 0), settlement("ent_a"))))).toEqual({
      "every answered call has exactly one charge": ["torture-0-1: its entry is charged 0 times, its key 0 times"],
      "usage is as much as was answered": ["Acme: 1 charged, 2 answered, 0 in doubt"],
    });
  });

  it("an answered call whose charge was given back", () => {
    const refunded = chain(charge("ent_a", 0), settlement("ent_a", "failed"));
    expect(differences(account([call(0, success("ent_a"))], refunded))).toMatchObject({
      "every answered call has exactly one charge": ["torture-0-0: its entry is charged 0 times, its key 0 times"],
    });
  });

  it("a key with two charges", () => {
    const twice = chain(...given, charge("ent_c", 1), settlement("ent_c"));
    expect(differences(account(records, twice))).toMatchObject({
      "no key is charged twice": ["torture-0-1 is charged 2 times"],
      "every answered call has exactly one charge": ["torture-0-1: its entry is charged 1 times, its key 2 times"],
    });
  });

  it("a charge of a call that was refused, with no request in doubt", () => {
    const charged = chain(charge("ent_a", 0), settlement("ent_a"));
    expect(differences(account([call(0, answered(429))], charged, limits))).toEqual({
      "no refused call is charged": ["torture-0-0 is charged 1 times"],
      "usage is as much as was answered": ["Acme: 1 charged, 0 answered, 0 in doubt"],
    });
  });

  it("a charge of a call that was rejected for its content, with no request in doubt", () => {
    const charged = chain(charge("ent_a", 0), settlement("ent_a", "ok"));
    expect(differences(account([nonsense(0, answered(400))], charged))).toEqual({
      "no rejected call is charged": ["torture-0-0 is charged 1 times"],
    });
    expect(differences(account([nonsense(0, LOST, answered(400))], charged))).toEqual({});
    const unsettled = chain(charge("ent_a", 0), settlement("ent_a", "unsettled"));
    expect(differences(account([nonsense(0, answered(400))], unsettled))).toHaveProperty("no rejected call is charged");
    const refunded = chain(charge("ent_a", 0), settlement("ent_a", "rejected"));
    expect(differences(account([nonsense(0, answered(400))], refunded))).toEqual({});
  });

  it("a charge that belongs to no call", () => {
    expect(differences(account([], chain(charge("ent_a", 7), settlement("ent_a"))))).toMatchObject({
      "nothing is charged that nobody asked for": ["ent_a has the key torture-0-7"],
    });
  });

  it("an entry that is settled twice, or never, or charged less than once", () => {
    const name = "every entry is charged and settled once";
    expect(differences(account(records, chain(...given, settlement("ent_a"))))).toEqual({
      [name]: ["ent_a: charge pending of 1, settlement ok of 0, settlement ok of 0"],
    });
    expect(differences(account(records, chain(...given.slice(0, 3))))).toEqual({
      [name]: ["ent_b: charge pending of 1"],
    });
    const free = chain({ ...charge("ent_a", 0), units: 0 }, settlement("ent_a"));
    expect(differences(account([], free))).toMatchObject({
      [name]: ["ent_a: charge pending of 0, settlement ok of 0"],
    });
    const unfree = chain(charge("ent_a", 0), { ...settlement("ent_a", "failed"), units: 0 });
    expect(differences(account([], unfree))).toMatchObject({
      [name]: ["ent_a: charge pending of 1, settlement failed of 0"],
    });
  });

  it("a receipt that is not the hash of the charge, and none where the charged request was answered", () => {
    const name = "every receipt is the hash of its charge";
    const own = chain(charge("ent_a", 0), settlement("ent_a"));
    expect(differences(account([call(0, firstSuccess("ent_a", "forged"))], own))).toEqual({
      [name]: ["torture-0-0 has the receipt forged for ent_a"],
    });
    expect(differences(account([call(0, firstSuccess("ent_a", undefined))], own))).toEqual({
      [name]: ["torture-0-0 has the receipt none for ent_a"],
    });
  });

  it("a row that is missing, that names another one before it, or that was changed", () => {
    const name = "the hash chain holds";
    const without = account(
      records,
      rows.filter(({ seq }) => seq !== 3),
    );
    expect(differences(without)).toMatchObject({ [name]: ["row 4 follows row 2"] });
    const forged = rows.map((row) => (row.seq === 1 ? { ...row, previousHash: "another tenant's" } : row));
    expect(differences(account(records, forged))).toEqual({ [name]: ["row 1 names another row before it"] });
    const changed = rows.map((row) => (row.seq === 2 ? { ...row, costMicroUsd: 1 } : row));
    expect(differences(account(records, changed))).toEqual({ [name]: ["row 2 was changed"] });
  });

  it("a minute whose roll-up says something else than the ledger", () => {
    const { tenant, books } = account(records, rows);
    const shifted = { ...books.usage, data: books.usage.data.map((minute) => ({ ...minute, start: 60_000 })) };
    expect(differences({ tenant, records, books: { ...books, usage: shifted } })).toEqual({
      "roll-ups equal the ledger": [
        "1970-01-01T00:00:00.000Z: nothing in roll-ups, 2 inferences, 0 ms, 0 and 0 bytes in the ledger",
        "1970-01-01T00:01:00.000Z: 2 inferences, 0 ms, 0 and 0 bytes in roll-ups, 0 inferences, 0 ms, 0 and 0 bytes in the ledger",
      ],
    });
  });

  it("a verification by the server that finds a fault, or not all rows", () => {
    const { tenant, books } = account(records, rows);
    const found = { ...books, verification: { isValid: false, rows: 3 } };
    expect(differences({ tenant, records, books: found })).toEqual({
      "the server's own verification agrees": ["Acme: valid: false, 3 rows verified, 4 read"],
    });
  });

  it("a quota of which something else is told than the ledger has, or of which something is still held", () => {
    const { tenant, books } = account(records, rows);
    const name = "quotas are told as the ledger has them";
    const told = { name: "inferences-day", window_start: 0, limit: 10, used: 2, held: 0 };
    const withQuota = (quota: typeof told) =>
      differences({ tenant, records, books: { ...books, quotas: [quota] } })[name];
    expect(withQuota(told)).toBeUndefined();
    expect(withQuota({ ...told, held: 1 })).toEqual(["inferences-day: 2 used and 1 held are told, 2 in the ledger"]);
    expect(withQuota({ ...told, window_start: 1 })).toEqual([
      "inferences-day: 2 used and 0 held are told, 0 in the ledger",
    ]);
  });

  it("answers to one call that name two entries, and an entry that answers two calls", () => {
    const torn = [call(0, success("ent_a"), success("ent_b"))];
    expect(differences(account(torn, chain(charge("ent_a", 0))))).toMatchObject({
      "all answers to one call name the same entry": ["torture-0-0 was answered for ent_a and ent_b"],
    });
    const shared = [call(0, success("ent_a")), call(1, success("ent_a"))];
    expect(differences(account(shared, chain(charge("ent_a", 0))))).toMatchObject({
      "no entry stands for two calls": ["ent_a stands for torture-0-0 and torture-0-1"],
    });
  });

  it("another answer to the same question, to whichever tenant", () => {
    const own = chain(charge("ent_a", 0), settlement("ent_a"));
    const other = account([call(0, success("ent_a", "virginica"))], own);
    expect(differences(account(records, rows), other)).toEqual({
      "the same question has the same answer": ["torture-0-0 was answered virginica instead of setosa"],
    });
  });

  it("an answer that no client should get, and a refusal without a limit", () => {
    expect(differences(account([call(0, answered(401, "unknown key"))], []))).toEqual({
      "no client got an answer that nobody should get": ["torture-0-0 got 401 unknown key"],
    });
    expect(differences(account([call(0, answered(400, "wrong shape"))], []))).toEqual({
      "no client got an answer that nobody should get": ["torture-0-0 got 400 wrong shape"],
    });
    expect(differences(account([nonsense(0, success("ent_a"))], []))).toEqual({
      "no client got an answer that nobody should get": ["torture-0-0 got 200 setosa"],
    });
    expect(differences(account([call(0, answered(429))], []))).toEqual({
      "no client got an answer that nobody should get": ["torture-0-0 met a limit that Acme does not have"],
    });
  });

  it("a call that never got its final answer", () => {
    const abandoned = call(0, LOST);
    abandoned.isAbandoned = true;
    expect(differences(account([abandoned], []))).toEqual({
      "every call has a final answer": ["torture-0-0 has none"],
    });
  });
});
