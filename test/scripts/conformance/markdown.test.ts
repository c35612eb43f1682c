import { expect, it } from "vitest";

import type { VectorResult } from "../../../scripts/conformance/folder-run.ts";
import { writeMarkdown } from "../../../scripts/conformance/markdown.ts";
import { type ConformanceReport, countResults } from "../../../scripts/conformance/report.ts";

function reportOf(startedAt: string, results: readonly VectorResult[]): ConformanceReport {
  const counts = { folders: 1, vectors: results.length, leftOut: [], ...countResults(results), outdated: [] };
  return { baseUrl: "http://x", directories: ["d"], startedAt, interrupted: false, elapsedMs: 1, ...counts, results };
}

const passed: VectorResult = { suite: "real", case: "a", vector: "case", form: "json", runtime: "auto" };

it("counts by folder, form and runtime over all stretches, and lists what is excused and what failed", () => {
  const first = reportOf("2026-11-20T23:59:00.000Z", [passed, { ...passed, vector: "case.1" }]);
  const second = reportOf("2026-11-21T00:01:00.000Z", [
    { ...passed, case: "b", reason: "answered 422", excuse: "no Foo | Bar" },
    { ...passed, case: "c", form: "binary", reason: "answered 500" },
  ]);
  const versions = { node: "24.0.0", onnxruntimeWeb: "1.30.0", onnxruntimeNode: "1.31.0" };
  expect(writeMarkdown([second, first], versions)).toBe(`# Conformance

2026-11-20, Node 24.0.0, ONNX Runtime Web 1.30.0 (isolate), ONNX Runtime 1.31.0 (container).

| folder | form | runtime | models | vectors | passed | failed | excused |
|---|---|---|---|---|---|---|---|
| real | json | auto | 2 | 3 | 2 | 0 | 1 |
| real | binary | auto | 1 | 1 | 0 | 1 | 0 |

## Excused

| case | form | runtime | reason |
|---|---|---|---|
| \`b\` case | json | auto | no Foo \\| Bar |

## Failed

| case | form | runtime | what was wrong |
|---|---|---|---|
| \`c\` case | binary | auto | answered 500 |
`);
});
