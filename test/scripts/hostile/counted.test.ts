import { describe, expect, it } from "vitest";

import type { Answer } from "../../../scripts/conformance/client.ts";
import type { Step } from "../../../scripts/hostile/attack.ts";
import { faultOfUsage } from "../../../scripts/hostile/counted.ts";

function step(name: Step["name"], answer: Answer): Step {
  return { name, answer, tookMs: 1 };
}

function answered(status: number, text = "{}"): Answer {
  return { kind: "answered", status, text, tail: new Uint8Array(), retryAfterMs: Number.NaN };
}

/** One inference of each kind: inferred, refused, failed. */
const inferences = [200, 422, 504].map((status) => step("infer ones", answered(status)));

function usage(...data: readonly object[]): Step {
  return step("usage", answered(200, JSON.stringify({ data })));
}

const ofH = { model: "h", inferences: 1, rejected: 1, failed: 1 };

describe("the usage after an attack", () => {
  it("holds each answer by its kind", () => {
    expect(faultOfUsage([...inferences, usage(ofH)], "h")).toBeUndefined();
  });

  it("is summed over the hours of a model, without other models", () => {
    const hours = [
      { ...ofH, rejected: 0, failed: 0 },
      { ...ofH, inferences: 0 },
    ];
    expect(faultOfUsage([...inferences, usage(...hours, { ...ofH, model: "other" })], "h")).toBeUndefined();
  });

  it("may hold nothing of a model that was never inferred", () => {
    expect(faultOfUsage([usage()], "h")).toBeUndefined();
  });

  it("that charges what failed is a fault", () => {
    const charged = usage({ ...ofH, inferences: 2, failed: 0 });
    expect(faultOfUsage([...inferences, charged], "h")).toBe(
      "usage: counted 2 inferences, 1 rejected, 0 failed, but answered 1 inferences, 1 rejected, 1 failed",
    );
  });

  it("that is no usage is a fault", () => {
    expect(faultOfUsage([...inferences, step("usage", answered(200, "[]"))], "h")).toContain("not in the shape");
  });

  it("says nothing where an answer never came", () => {
    const unanswered = step("infer big", { kind: "failed", reason: "ECONNRESET" });
    expect(faultOfUsage([...inferences, unanswered, usage()], "h")).toBeUndefined();
  });
});
