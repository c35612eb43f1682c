import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { resolveTarget } from "../../../scripts/conformance/target.ts";
import { makeRoot } from "./case-folder.ts";

let root = "";

beforeEach(() => {
  root = makeRoot();
});

afterEach(() => rmSync(root, { recursive: true }));

describe("resolveTarget", () => {
  it("prefers what it is given to the environment, and the environment to what npm start wrote", () => {
    const quickstart = join(root, "quickstart.json");
    writeFileSync(quickstart, JSON.stringify({ baseUrl: "http://file/", apiKey: "file" }));
    const environment = { TENSORGATE_URL: "http://environment", TENSORGATE_API_KEY: "environment" };
    const targets = [
      resolveTarget({ baseUrl: "http://given" }, environment, quickstart),
      resolveTarget({}, {}, quickstart),
    ];
    expect(targets).toEqual([
      { kind: "target", target: { baseUrl: "http://given", apiKey: "environment" } },
      { kind: "target", target: { baseUrl: "http://file", apiKey: "file" } },
    ]);
    const missing = resolveTarget({}, {}, join(root, "none.json"));
    expect(missing).toMatchObject({ kind: "missing", reason: expect.stringContaining('run "npm start" first') });
  });
});
