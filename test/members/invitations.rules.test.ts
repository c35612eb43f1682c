import { describe, expect, test } from "vitest";
import { normalEmail, readFor } from "../../src/members/invitations.rules.ts";
import { newId } from "../../src/shared/ids.ts";

const person = { id: newId("usr", 0), email: "Ada@Example.com", isVerified: true };
const open = { email: "ada@example.com", expiresAtMs: 1_000, acceptedBy: null };

describe("an invitation", () => {
  test("is open to the person of the address, however it is written, until it expires", () => {
    expect(readFor(open, person, 999)).toEqual({ kind: "open" });
    expect(readFor(open, person, 1_000)).toEqual({ kind: "dead" });
    expect(normalEmail(" Ada@Example.COM ")).toBe("ada@example.com");
  });

  test("was accepted by the person, even after it would have expired, or is dead for everybody else", () => {
    expect(readFor({ ...open, acceptedBy: person.id }, person, 5_000)).toEqual({ kind: "accepted" });
    expect(readFor({ ...open, acceptedBy: newId("usr", 1) }, person, 0)).toEqual({ kind: "dead" });
  });

  test("says nothing to another address, or one that was not verified", () => {
    expect(readFor(open, { ...person, email: "ada@example.org" }, 0)).toEqual({ kind: "other-address" });
    expect(readFor(open, { ...person, isVerified: false }, 0)).toEqual({ kind: "other-address" });
  });
});
