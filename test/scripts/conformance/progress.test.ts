import { describe, expect, it } from "vitest";

import { Progress } from "../../../scripts/conformance/progress.ts";

describe("Progress", () => {
  it("prints a plain line every 5 % where there is no terminal", () => {
    const lines: string[] = [];
    let nowMs = 0;
    const progress = new Progress(40, { log: (line) => lines.push(line), now: () => nowMs });
    for (let done = 1; done <= 3; done += 1) {
      nowMs += 500;
      progress.record(done === 2);
    }
    // 2 of 40 is 5 %; 2 vectors in 1 s leave 38 / (2/s) = 19 s.
    expect(lines).toEqual(["  5 %  2/40  2.0/s  ETA 0:19  1 failed"]);
  });
});
