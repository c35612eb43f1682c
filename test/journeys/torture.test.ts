import { expect, test } from "vitest";
import { outputOf, startScript } from "./npm-start.ts";
import { copyCheckout } from "./tensorgate.ts";

test(
  "calls are counted exactly once while workerd is killed, cells are torn, and answers are lost",
  { timeout: 180_000 },
  async () => {
    const checkout = await copyCheckout();
    const words = ["scripts/torture.ts", "--requests", "2000", "--kills", "3"];
    const child = startScript(checkout, words, { TMPDIR: checkout });
    const { output, exitCode } = await outputOf(child);
    expect(exitCode, output).toBe(0);
    expect(output).toContain("Every call was counted exactly once.");
    expect(output).toMatch(/kills of workerd +3\n/);
    expect(output).toMatch(/answers replayed +[1-9]/);
    expect(output).toMatch(/ended with 429 +[1-9]/);
  },
);
