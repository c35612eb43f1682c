import { describe, expect, it } from "vitest";

import type { Answer } from "../../../scripts/conformance/client.ts";
import type { Step } from "../../../scripts/hostile/attack.ts";
import type { Expectation, HostileFile } from "../../../scripts/hostile/manifest.ts";
import { describeStep, findFaults } from "../../../scripts/hostile/verdict.ts";

function file(expectation: Expectation, outcome = "ran"): HostileFile {
  return { file: "h.onnx", kind: "k", what: "w", expect: expectation, observed_ort_web_1_30: { outcome } };
}

function answer(status: number, text?: string): Answer {
  const problem = JSON.stringify({ code: "some-code", detail: "Something is wrong.", status });
  const body = text ?? (status < 400 ? "{}" : problem);
  return { kind: "answered", status, text: body, tail: new Uint8Array(), retryAfterMs: Number.NaN };
}

function step(name: Step["name"], answered: Answer): Step {
  return { name, answer: answered, tookMs: 1 };
}

/** An attack whose upload and inferences have these statuses. */
function attackWith(upload: number, ...inferences: number[]): Step[] {
  const names =
    inferences.length > 2 ? (["infer ones", "infer large", "infer big", "infer again"] as const) : undefined;
  const infer = inferences.map((status, index) =>
    step(names?.[index] ?? (index === 0 ? "infer ones" : "infer again"), answer(status)),
  );
  return [step("create", answer(201)), step("upload", answer(upload)), ...infer, step("delete", answer(204))];
}

describe("an attack", () => {
  it.each([
    ["reject", [422], []],
    ["reject", [201, 200, 200], ["was accepted at upload"]],
    ["accept", [201, 200, 200], []],
    ["accept", [422], ["was not accepted at upload"]],
    ["accept", [201, 422, 422], ["was accepted, but not inferred"]],
    ["accept", [201], ["was accepted, but not inferred"]],
    ["either", [422], []],
    ["either", [201, 422, 422], []],
    ["run-or-reject", [422], []],
    ["run-or-reject", [201, 200, 200], []],
    ["run-or-reject", [201, 422, 422], ["was accepted, but not inferred"]],
    ["stop", [422], []],
    ["stop", [201, 422, 422], []],
    ["stop", [201, 200, 422, 422, 200], []],
    ["stop", [201, 200, 200, 422, 200], ["was not stopped"]],
    ["stop", [201, 200, 422, 200, 200], ["was not stopped"]],
    ["stop", [201, 200, 200], ["was not stopped"]],
    ["either", [201, 200, 422], ["answered the same request with another status the second time"]],
  ] as const)("that shall %s and is answered %j has the faults %j", (expectation, statuses, faults) => {
    const [upload, ...inferences] = statuses;
    expect(findFaults(attackWith(upload, ...inferences), file(expectation), "h")).toEqual(faults);
  });

  it.each([
    [[201, 200, 504, 504, 200], []],
    [[422], ["was not inferred with ones"]],
    [[201, 422, 504, 504, 422], ["was not inferred with ones"]],
    [[201, 200, 422, 504, 200], ["was not ended in time"]],
  ] as const)("that shall time-out and is answered %j has the faults %j", (statuses, faults) => {
    const [upload, ...inferences] = statuses;
    const steps = attackWith(upload, ...inferences).map((one) => {
      const text = '{"code":"run-timed-out","detail":"Too long.","status":504}';
      const isEnded = one.answer.kind === "answered" && one.answer.status === 504;
      return isEnded ? { ...one, answer: answer(504, text) } : one;
    });
    expect(findFaults(steps, file("time-out", "killed"), "h")).toEqual(faults);
  });

  it("may end with 504 where the model is endless, and with no other 5xx", () => {
    const ended = [...attackWith(201, 504, 504)];
    expect(findFaults(ended, file("stop", "killed by harness"), "h")).toEqual([]);
    expect(findFaults(ended, file("stop"), "h")).toEqual(["infer ones: 504 some-code", "infer again: 504 some-code"]);
    expect(findFaults(attackWith(502), file("reject", "killed by harness"), "h")).toEqual(["upload: 502 some-code"]);
  });
});

describe("an answer of whatever model", () => {
  const faultsOf = (answered: Answer): string[] => findFaults([step("read", answered)], file("either"), "h");

  it("that never comes is a fault", () => {
    expect(faultsOf({ kind: "failed", reason: "ECONNRESET" })).toEqual(["read: no answer (ECONNRESET)"]);
  });

  it.each(["no", "{}", '{"code":"c","detail":"","status":404}', '{"code":"c","detail":"d","status":400}'])(
    "that refuses with %j is a fault",
    (text) => {
      expect(faultsOf(answer(404, text))).toEqual(["read: 404 without a problem document"]);
    },
  );

  it("that is no JSON is a fault, as a name that is not escaped would make it", () => {
    expect(faultsOf(answer(200, '{"name":"a\nb"}'))).toEqual(["read: 200 without JSON"]);
    expect(faultsOf(answer(204, ""))).toEqual([]);
  });

  it("that is as large as the model's own text is a fault", () => {
    expect(faultsOf(answer(200, `"${"x".repeat(65_534)}"`))).toEqual([]);
    expect(faultsOf(answer(200, `"${"x".repeat(65_535)}"`))).toEqual(["read: answered 65537 characters"]);
  });

  it("is described by its status and its problem's code", () => {
    expect(describeStep(step("read", answer(200)))).toBe("200");
    expect(describeStep(step("read", answer(422)))).toBe("422 some-code");
    expect(describeStep(step("read", answer(500, "oops")))).toBe("500");
  });
});
