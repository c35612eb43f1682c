import { expect, test } from "vitest";
import { changesBetween } from "../../src/events/changes.rules.ts";

test("what changed is named as it was and as it is; what stayed is left out, and what is not there is null", () => {
  const before = { name: "a", limits: { burst: 1 }, gone: 1, same: ["x"] };
  const after = { name: "b", limits: { burst: 2 }, come: undefined, same: ["x"] };
  expect(changesBetween(before, after)).toEqual({
    before: { name: "a", limits: { burst: 1 }, gone: 1 },
    after: { name: "b", limits: { burst: 2 }, gone: null },
  });
});
