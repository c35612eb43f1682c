import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type ServingChange,
  type ServingRefusal,
  type ServingState,
  gathered,
  goneOf,
  promoted,
  rolledBack,
  spread,
  withdrawn,
} from "../../src/models/serving.rules.ts";

const versions = [1, 2, 3].map((number) => ({ number, retiredAtMs: null }));
const first = { version: 1, traffic: null };

function stateOf(changed: Partial<ServingState> = {}): ServingState {
  return { serving: first, previous: null, versions, ...changed };
}

function after(state: ServingState, change: ServingChange | ServingRefusal): ServingState {
  if (change.kind !== "changed") throw new Error(`Expected a change, got ${change.kind}.`);
  return { ...state, serving: change.serving, previous: change.previous };
}

describe("promoting", () => {
  test("lets one version serve everybody and keeps what served before", () => {
    const serving = { version: 1, traffic: { "1": 90, "2": 10 } };
    expect(promoted(stateOf({ serving }), 2)).toEqual({
      kind: "changed",
      serving: { version: 2, traffic: null },
      previous: serving,
    });
  });

  test("the same version a second time keeps the way back", () => {
    const once = after(stateOf(), promoted(stateOf(), 2));
    expect(promoted(once, 2)).toMatchObject({ serving: { version: 2 }, previous: first });
  });

  test("where nothing served keeps what served last, if anything did", () => {
    expect(promoted(stateOf({ serving: undefined }), 2)).toMatchObject({ previous: null });
    expect(promoted(stateOf({ serving: undefined, previous: first }), 2)).toMatchObject({ previous: first });
  });
});

describe("spreading traffic", () => {
  test("keeps production where it is, and leaves out who gets nothing", () => {
    expect(spread(stateOf(), { "1": 0, "2": 40, "3": 60 })).toEqual({
      kind: "changed",
      serving: { version: 1, traffic: { "2": 40, "3": 60 } },
      previous: first,
    });
  });

  test("the same way a second time keeps the way back", () => {
    const once = after(stateOf(), spread(stateOf(), { "1": 90, "2": 10 }));
    expect(spread(once, { "2": 10, "1": 90 })).toMatchObject({ previous: first });
    expect(spread(once, { "1": 80, "2": 20 })).toMatchObject({ previous: once.serving });
  });

  test("needs something that serves, to which it can be gathered again", () => {
    const state = stateOf({ serving: undefined });
    for (const refused of [spread(state, { "1": 100 }), gathered(state), withdrawn(state)]) {
      expect(refused).toEqual({ kind: "nothing-served" });
    }
  });

  test("is undone by gathering, which leaves it as the way back", () => {
    const serving = { version: 1, traffic: { "2": 100 } };
    expect(gathered(stateOf({ serving }))).toEqual({ kind: "changed", serving: first, previous: serving });
  });
});

describe("rolling back", () => {
  test("of a first version is refused: nothing served before", () => {
    expect(rolledBack(stateOf())).toEqual({ kind: "nothing-to-roll-back", gone: undefined });
  });

  test("restores what was withdrawn", () => {
    const withdrew = after(stateOf(), withdrawn(stateOf()));
    expect(withdrew.serving).toBeUndefined();
    expect(rolledBack(withdrew)).toMatchObject({ serving: first });
  });

  test.each([
    ["version-not-found", versions.slice(0, 2)],
    ["version-retired", [...versions.slice(0, 2), { number: 3, retiredAtMs: 1 }]],
  ])("to a version that is gone is refused with %s, also when it had traffic only", (kind, left) => {
    const gone = { kind: "nothing-to-roll-back", gone: { kind, version: 3 } };
    for (const previous of [
      { version: 3, traffic: null },
      { version: 1, traffic: { "1": 50, "3": 50 } },
    ]) {
      expect(rolledBack(stateOf({ previous, versions: left }))).toEqual(gone);
    }
  });

  test("twice changes nothing, and once undoes the last change, whatever was done before", () => {
    const version = fc.integer({ min: 1, max: 3 });
    const change = fc.oneof(
      version.map((number) => (state: ServingState) => promoted(state, number)),
      fc.tuple(version, fc.integer({ min: 0, max: 100 })).map(([number, weight]) => (state: ServingState) => {
        const other = (number % 3) + 1;
        return spread(state, { [number]: weight, [other]: 100 - weight });
      }),
      fc.constant(gathered),
      fc.constant(rolledBack),
    );
    fc.assert(
      fc.property(fc.array(change, { maxLength: 12 }), fc.integer({ min: 1, max: 3 }), (changes, number) => {
        let state = stateOf();
        for (const next of changes) {
          const changed = next(state);
          if (changed.kind === "changed") state = after(state, changed);
        }
        const moved = after(state, promoted(state, number));
        fc.pre(JSON.stringify(moved.serving) !== JSON.stringify(state.serving));
        const back = after(moved, rolledBack(moved));
        expect(back).toMatchObject({ serving: state.serving, previous: moved.serving });
        expect(after(back, rolledBack(back))).toEqual(moved);
      }),
    );
  });
});

describe("every change", () => {
  test("to a version that does not exist or is retired is refused and names it", () => {
    const state = stateOf({
      versions: [
        { number: 1, retiredAtMs: null },
        { number: 2, retiredAtMs: 5 },
      ],
    });
    expect(promoted(state, 2)).toEqual({ kind: "version-retired", version: 2 });
    expect(promoted(state, 9)).toEqual({ kind: "version-not-found", version: 9 });
    expect(spread(state, { "1": 90, "2": 10 })).toEqual({ kind: "version-retired", version: 2 });
    // Even one that would get nothing: a typing error is not taken for an intention.
    expect(spread(state, { "1": 100, "9": 0 })).toEqual({ kind: "version-not-found", version: 9 });
    expect(goneOf(state.versions, [1])).toBeUndefined();
  });
});
