import { describe, expect, test } from "vitest";
import { passwordFault } from "../../src/identity/passwords.rules.ts";
import { sessionEndMs, strictestOf } from "../../src/tenants/security-policy.rules.ts";

const ADA = { email: "ada.lovelace@example.com", name: "Ada Lovelace" };

test.each([
  ["short one", "too_short"],
  ["1234567890", "too_common"],
  ["Password123", "too_common"],
  ["abababababab", "too_plain"],
  ["ada.lovelace@example.com", "too_personal"],
  ["Ada.Lovelace1", "too_personal"],
  ["ada lovelace", "too_personal"],
  ["lovelace and the engine", undefined],
  ["correct horse battery staple", undefined],
  ["κωδικός πρόσβασης", undefined],
])("of %j it says %s", (password, fault) => {
  expect(passwordFault(password, 10, ADA)).toBe(fault);
});

test("nothing is taken for a part of a password where nothing is known", () => {
  expect(passwordFault("correct horse", 10, { email: "", name: "" })).toBeUndefined();
});

describe("the strictest policy", () => {
  test("is what holds for everybody where no tenant asks for more", () => {
    expect(strictestOf([])).toEqual({ minPasswordCharacters: 10, maxSessionMs: Infinity, maxIdleMs: 604_800_000 });
    expect(strictestOf([{}, {}])).toEqual(strictestOf([]));
  });

  test("takes each demand from whoever asks for most", () => {
    const policies = [
      { minPasswordCharacters: 14, maxSessionHours: 24 },
      { minPasswordCharacters: 12, maxSessionHours: 8 },
    ];
    // 8 h = 8 · 3,600,000 ms
    expect(strictestOf(policies)).toMatchObject({ minPasswordCharacters: 14, maxSessionMs: 28_800_000 });
  });

  test("ends a session at its idle time or its last hour, whichever comes first", () => {
    const policy = strictestOf([{ maxSessionHours: 1, maxIdleMinutes: 30 }]);
    expect(sessionEndMs(policy, 0, 0)).toBe(1_800_000);
    expect(sessionEndMs(policy, 0, 2_400_000)).toBe(3_600_000);
  });
});
