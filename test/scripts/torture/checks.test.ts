import { describe, expect, it } from "vitest";
import { checkAccounts } from "../../../scripts/torture/checks.ts";
import { LOST, account, answered, call, chain, charge, differencesOf, settlement, success } from "./account.ts";

const differences = (...accounts: Parameters<typeof checkAccounts>[0]) => differencesOf(checkAccounts(accounts));

/** Two calls, answered and charged as they should be. */
const records = [call(0, success("ent_a")), call(1, LOST, success("ent_b"), success("ent_b"))];
const rows = chain(charge("ent_a", 0), charge("ent_b", 1), settlement("ent_a"), settlement("ent_b"));

describe("books in which everything agrees", () => {
  it("have no differences, and every check has looked at something", () => {
    const checks = checkAccounts([account(records, rows)]);
    expect(differencesOf(checks)).toEqual({});
    const idle = checks.filter(({ looked }) => looked === 0).map(({ name }) => name);
    expect(idle).toEqual(["no refused call is charged"]);
  });

  it("may hold a refunded charge of a call that was charged again, and answered for the second", () => {
    const again = chain(charge("ent_a", 0), settlement("ent_a", -1), charge("ent_b", 0));
    expect(differences(account([call(0, answered(504), success("ent_b"))], again))).toEqual({});
  });

  it("may or may not charge a call that was refused after a request without an answer", () => {
    const doubtful = call(0, LOST, answered(429));
    const limits = { rate: { burst: 1, perSecond: 1 } };
    expect(differences(account([doubtful], chain(charge("ent_a", 0)), limits))).toEqual({});
    expect(differences(account([doubtful], [], limits))).toEqual({});
  });
});

describe("a difference is", () => {
  it("an answered call without a charge", () => {
    expect(differences(account(records, chain(charge("ent_a", 0))))).toMatchObject({
      "every answered call has exactly one charge": ["torture-0-1: its entry is charged 0 times, its key 0 times"],
      "every receipt is the hash of its charge": ["torture-0-1 has the receipt hash of ent_b"],
      "usage is as much as was answered": ["Acme: 1 charged, 2 answered, 0 in doubt"],
    });
  });

  it("an answered call whose charge was given back", () => {
    const refunded = chain(charge("ent_a", 0), settlement("ent_a", -1));
    expect(differences(account([call(0, success("ent_a"))], refunded))).toMatchObject({
      "every answered call has exactly one charge": ["torture-0-0: its entry is charged 0 times, its key 0 times"],
    });
  });

  it("a key with two charges", () => {
    expect(differences(account(records, chain(...rows, charge("ent_c", 1))))).toMatchObject({
      "no key is charged twice": ["torture-0-1 is charged 2 times"],
      "every answered call has exactly one charge": ["torture-0-1: its entry is charged 1 times, its key 2 times"],
    });
  });

  it("a charge of a call that was refused, with no request in doubt", () => {
    const limits = { rate: { burst: 1, perSecond: 1 } };
    expect(differences(account([call(0, answered(429))], chain(charge("ent_a", 0)), limits))).toEqual({
      "no refused call is charged": ["torture-0-0 is charged 1 times"],
      "usage is as much as was answered": ["Acme: 1 charged, 0 answered, 0 in doubt"],
    });
  });

  it("a charge that belongs to no call", () => {
    expect(differences(account([], chain(charge("ent_a", 7))))).toMatchObject({
      "nothing is charged that nobody asked for": ["ent_a has the key torture-0-7"],
    });
  });

  it("an entry that is settled twice", () => {
    expect(differences(account(records, chain(...rows, settlement("ent_a"))))).toEqual({
      "every entry is charged once and refunded at most once": ["ent_a: 3 rows of 1 units"],
    });
  });

  it("a row that is left out, and one that names another hash than the one before has", () => {
    const [first, second, third, fourth] = rows;
    if (!first || !second || !third || !fourth) throw new Error("There are four rows.");
    const broken = [first, second, { ...fourth, previous_hash: second.hash }];
    expect(differences(account(records, broken))).toMatchObject({ "the hash chain holds": ["row 4 follows row 2"] });
    const forged = [first, { ...second, previous_hash: "forged" }, third, fourth];
    expect(differences(account(records, forged))).toEqual({
      "the hash chain holds": ["row 2 does not name the hash of the row before"],
    });
  });

  it("a ledger that the server itself finds invalid, or that it verified in part", () => {
    const { tenant, books } = account(records, rows);
    const invalid = { usage: books.usage, ledger: { rows, verdict: { valid: false, rows: 3 } } };
    expect(differences({ tenant, records, books: invalid })).toEqual({
      "the server's own verification agrees": ["Acme: valid: false, 3 rows verified, 4 read"],
    });
  });

  it("roll-ups that say another sum than the ledger", () => {
    const { tenant, books } = account(records, rows);
    const drifted = { ...books, usage: { data: [], total: { inferences: 3 } } };
    expect(differences({ tenant, records, books: drifted })).toEqual({
      "roll-ups equal the ledger": ["Acme: 3 in roll-ups, 2 in the ledger"],
      "usage is as much as was answered": ["Acme: 3 charged, 2 answered, 0 in doubt"],
    });
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
    const other = account([call(0, success("ent_a", "virginica"))], chain(charge("ent_a", 0)));
    expect(differences(account(records, rows), other)).toEqual({
      "the same question has the same answer": ["torture-0-0 was answered virginica instead of setosa"],
    });
  });

  it("an answer that no client should get, and a refusal without a limit", () => {
    expect(differences(account([call(0, answered(401, "unknown key"))], []))).toEqual({
      "no client got an answer that nobody should get": ["torture-0-0 got 401 unknown key"],
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
