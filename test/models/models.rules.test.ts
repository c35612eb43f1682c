import { describe, expect, test } from "vitest";
import { ISOLATE_MEMORY_BYTES } from "../../engine/contract.ts";
import {
  ALIAS_NAME,
  MAX_UPLOAD_BYTES,
  MODEL_NAME,
  filesOf,
  objectKeysOf,
  parseVersionNumber,
} from "../../src/models/models.rules.ts";
import { newId } from "../../src/shared/ids.ts";

describe("names", () => {
  test.each(["a", "0", "iris", "resnet-50", "v1.2_final", "0.1", "a".repeat(63)])(
    "a model may be called %s",
    (name) => {
      expect(name).toMatch(MODEL_NAME);
    },
  );

  test.each(["", "-a", ".a", "_a", "A", "ä", "a b", "a/b", "a%", "a\n", "a".repeat(64)])(
    "a model may not be called %j",
    (name) => {
      expect(name).not.toMatch(MODEL_NAME);
    },
  );

  test("an alias is never mistaken for a version's number, because it begins with a letter", () => {
    for (const alias of ["production", "a1", "canary-2"]) {
      expect(alias).toMatch(ALIAS_NAME);
      expect(parseVersionNumber(alias)).toBeUndefined();
    }
    for (const number of ["1", "42", "1a"]) expect(number).not.toMatch(ALIAS_NAME);
  });
});

describe("a version's number", () => {
  test.each([
    ["1", 1],
    ["42", 42],
    ["999999999", 999_999_999],
  ])("is read from %s", (text, number) => {
    expect(parseVersionNumber(text)).toBe(number);
  });

  test.each(["0", "01", "-1", "1.0", "1e3", " 1", "1\n", "", "production", "1000000000"])(
    "is not read from %j",
    (text) => {
      expect(parseVersionNumber(text)).toBeUndefined();
    },
  );
});

describe("sizes", () => {
  test("an upload has 1 GiB at the most, an isolate 128 MiB", () => {
    expect(MAX_UPLOAD_BYTES).toBe(1_073_741_824); // 1024 · 1024 · 1024
    expect(ISOLATE_MEMORY_BYTES).toBe(134_217_728); // 128 · 1024 · 1024
  });
});

describe("the files of a version", () => {
  const [tenantId, modelId, versionId] = [newId("ten", 1), newId("mdl", 2), newId("ver", 3)] as const;

  test("lie under their tenant, their model and their version", () => {
    const files = filesOf(tenantId, { modelId, versionId, externalData: [] });
    expect(objectKeysOf(files)).toEqual([`tenants/${tenantId}/models/${modelId}/${versionId}.onnx`]);
  });

  test("have keys of ids and numbers alone, whatever the files of external data are called", () => {
    const externalData = ["weights.bin", "../../other-tenant/secret", "a/b", ""];
    const files = filesOf(tenantId, { modelId, versionId, externalData: externalData.map((name) => ({ name })) });
    const stem = `tenants/${tenantId}/models/${modelId}/${versionId}`;
    expect(objectKeysOf(files)).toEqual([
      `${stem}.onnx`,
      `${stem}.data/0`,
      `${stem}.data/1`,
      `${stem}.data/2`,
      `${stem}.data/3`,
    ]);
    expect(files.externalData.map(({ name }) => name)).toEqual(externalData);
  });
});
