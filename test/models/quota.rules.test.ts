import { describe, expect, test } from "vitest";
import { type Holdings, quotaAgainstModel, quotaAgainstVersion } from "../../src/models/quota.rules.ts";

const holdings: Holdings = {
  models: 1,
  maxModels: 2,
  versions: 1,
  maxVersions: 2,
  storedBytes: 600,
  maxStoredBytes: 1_000,
};

describe("one more model", () => {
  test("fits while there are fewer than the limit", () => {
    expect(quotaAgainstModel(holdings)).toBeUndefined();
  });

  test.each([2, 3])("does not fit beside %d of 2, and the quota tells both", (models) => {
    expect(quotaAgainstModel({ ...holdings, models })).toEqual({ limit: "models", max: 2, used: models });
  });
});

describe("one more version", () => {
  test("fits up to the last byte, and one byte more does not", () => {
    expect(quotaAgainstVersion(holdings, 400)).toBeUndefined(); // 600 + 400 = 1,000
    expect(quotaAgainstVersion(holdings, 401)).toEqual({ limit: "stored_bytes", max: 1_000, used: 600 });
  });

  test("does not fit beside as many as its model may have, however small", () => {
    const full = { ...holdings, versions: 2 };
    expect(quotaAgainstVersion(full, 0)).toEqual({ limit: "versions_per_model", max: 2, used: 2 });
  });
});
