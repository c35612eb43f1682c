import { describe, expect, it } from "vitest";
import { LOST, answered, call, success } from "./account.ts";

describe("a client", () => {
  it("has its final answer with success and with a refusal", () => {
    expect(call(0).learn(success("ent_a"))).toBe("final");
    expect(call(0).learn(answered(429))).toBe("final");
    expect(call(0).learn(answered(422))).toBe("final");
  });

  it("tries again without an answer and after a fault, and waits for its first request while that is under way", () => {
    expect(call(0).learn(LOST)).toBe("again");
    expect(call(0).learn({ kind: "unsent" })).toBe("again");
    expect(call(0).learn(answered(503))).toBe("again");
    expect(call(0).learn(answered(409, '{"type":"…/errors/idempotency-in-flight"}'))).toBe("held");
  });

  it("is in doubt only where a request may have been charged and no success says so", () => {
    expect(call(0, LOST, answered(429)).isDoubtful).toBe(true);
    expect(call(0, { kind: "unsent" }, answered(429)).isDoubtful).toBe(false);
    expect(call(0, LOST, success("ent_a")).isDoubtful).toBe(false);
  });
});
