import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Lanes, Overloaded } from "../../src/admission/group-commit.ts";
import { FarSide, answered, limits, newLane, nextTurn, onFakeClock, overloaded, pass, submit, waits } from "./trips.ts";

const LETTERS = ["a", "b", "c", "d", "e", "f", "g", "h"];

describe("a lane", () => {
  test(
    "that is idle sends a request at once, alone",
    onFakeClock(async () => {
      const { far, lane, send } = newLane();
      expect(lane.idle).toBe(true);
      const a = send("a");
      expect(far.batches).toEqual([["a"]]);
      expect(lane.idle).toBe(false);
      await far.trip(0).arrive();
      expect(a.fate).toEqual(answered("a"));
      expect(lane.idle).toBe(true);
      send("b");
      expect(far.batches).toEqual([["a"], ["b"]]);
      await far.trip(1).arrive();
    }),
  );

  test(
    "has who makes the next trip wait until as many have come as rode on the last one, but no longer than a moment",
    onFakeClock(async () => {
      const { far, send } = newLane({ lingerMs: 5 });
      for (const name of ["a", "b", "c"]) send(name);
      await nextTurn();
      await far.trip(0).arrive();
      expect(far.batches).toEqual([["a"], ["b", "c"]]);
      send("d");
      await far.trip(1).arrive();
      await pass(4);
      expect(far.batches).toHaveLength(2);
      send("e");
      await nextTurn();
      expect(far.batches).toEqual([["a"], ["b", "c"], ["d", "e"]]);
      send("f");
      await far.trip(2).arrive();
      await pass(4);
      expect(far.batches).toHaveLength(3);
      await pass(1);
      expect(far.batches.at(-1)).toEqual(["f"]);
      await far.trip(3).arrive();
    }),
  );

  test(
    "has who finds it idle wait too, while others had to wait lately, and no longer after some twenty trips alone",
    onFakeClock(async () => {
      const { far, send } = newLane({ lingerMs: 5 });
      for (const name of ["a", "b", "c"]) send(name);
      await nextTurn();
      await far.trip(0).arrive();
      await far.trip(1).arrive();
      let waited = 0;
      for (let trip = 2; trip < 40; trip++) {
        send("alone");
        if (far.batches.length === trip) waited += 1;
        await pass(5);
        await far.trip(trip).arrive();
      }
      expect(waited).toBeGreaterThan(10);
      expect(waited).toBeLessThan(30);
    }),
  );

  test(
    "never has who finds it idle wait",
    onFakeClock(async () => {
      const { far, send } = newLane({ lingerMs: 5 });
      const first = send("a");
      await far.trip(0).arrive();
      expect(first.fate).toEqual(answered("a"));
      send("b");
      expect(far.batches).toEqual([["a"], ["b"]]);
      await far.trip(1).arrive();
    }),
  );

  test(
    "joins those that come during a trip into the next one, in their order, each with its own answer",
    onFakeClock(async () => {
      const { far, send } = newLane();
      const fates = ["a", "b", "c", "d"].map(send);
      await nextTurn();
      expect(far.batches).toEqual([["a"]]);
      await far.trip(0).arrive();
      expect(far.batches).toEqual([["a"], ["b", "c", "d"]]);
      expect(fates.map(({ fate }) => fate)).toEqual([answered("a"), waits, waits, waits]);
      await far.trip(1).arrive();
      expect(fates.map(({ fate }) => fate)).toEqual(["a", "b", "c", "d"].map(answered));
    }),
  );

  test(
    "makes every trip over the connection of a request that is on it, the first",
    onFakeClock(async () => {
      const { far, send } = newLane({ maxBatch: 2 });
      ["a", "b", "c", "d", "e"].map(send);
      for (let trip = 0; trip < 3; trip++) {
        await nextTurn();
        await far.trip(trip).arrive();
      }
      expect(far.trips.map(({ by, batch }) => [by, batch])).toEqual([
        ["a", ["a"]],
        ["b", ["b", "c"]],
        ["d", ["d", "e"]],
      ]);
    }),
  );

  test(
    "carries no more on one trip than maxBatch, and the rest on the next ones",
    onFakeClock(async () => {
      const { far, lane, send } = newLane({ maxBatch: 3 });
      const fates = LETTERS.map(send);
      for (let trip = 0; trip < 4; trip++) {
        await nextTurn();
        await far.trip(trip).arrive();
      }
      // One goes alone; of the seven behind it 3 + 3 + 1.
      expect(far.batches).toEqual([["a"], ["b", "c", "d"], ["e", "f", "g"], ["h"]]);
      expect(fates.map(({ fate }) => fate)).toEqual(LETTERS.map(answered));
      expect(lane.idle).toBe(true);
    }),
  );

  test(
    "lets no newcomer overtake those that wait",
    onFakeClock(async () => {
      const { far, send } = newLane();
      const sent = ["a", "b"];
      for (const request of sent) send(request);
      const first = far.trip(0).arrive();
      // One trip ends and the next begins in a few turns; a newcomer comes in each of them.
      for (let turn = 0; turn < 10; turn++) {
        await Promise.resolve();
        sent.push(`n${turn}`);
        send(`n${turn}`);
      }
      await first;
      expect(far.trips.map(({ by }) => by)).toEqual(["a", "b"]);
      await far.trip(1).arrive();
      expect(far.batches.flat()).toEqual(sent);
    }),
  );

  test(
    "refuses at once who comes when maxWaiting are waiting, and answers those all the same",
    onFakeClock(async () => {
      const { far, send } = newLane({ maxWaiting: 2 });
      const fates = ["a", "b", "c", "d"].map(send);
      await nextTurn();
      expect(fates.map(({ fate }) => fate)).toEqual([waits, waits, waits, overloaded]);
      await far.trip(0).arrive();
      // b and c are under way, so there is room for two again.
      fates.push(...["e", "f", "g"].map(send));
      await far.trip(1).arrive();
      await far.trip(2).arrive();
      expect(far.batches).toEqual([["a"], ["b", "c"], ["e", "f"]]);
      expect(fates.slice(4).map(({ fate }) => fate)).toEqual([answered("e"), answered("f"), overloaded]);
    }),
  );

  test("tells who is refused to come again in a second", () => {
    expect(new Overloaded("…", { mayHaveArrived: false }).retryAfterSeconds).toBe(1);
  });
});

describe("a trip that fails", () => {
  test(
    "fails exactly those that are on it, with its fault, and the lane goes on",
    onFakeClock(async () => {
      const { far, lane, send } = newLane({ maxBatch: 2 });
      const fates = ["a", "b", "c", "d"].map(send);
      await far.trip(0).arrive();
      const fault = new Error("the cell was reset");
      await far.trip(1).fail(fault);
      await far.trip(2).arrive();
      const failed = { state: "failed", fault };
      expect(fates.map(({ fate }) => fate)).toEqual([answered("a"), failed, failed, answered("d")]);
      expect(lane.idle).toBe(true);
    }),
  );

  test(
    "fails who leads it alone, and who waits behind it goes next",
    onFakeClock(async () => {
      const { far, send } = newLane();
      const [a, b] = [send("a"), send("b")];
      await far.trip(0).fail(new Error("no connection"));
      await far.trip(1).arrive();
      expect([a.fate.state, b.fate]).toEqual(["failed", answered("b")]);
    }),
  );

  test(
    "before it begins is one that failed",
    onFakeClock(async () => {
      const { far, lane, send } = newLane();
      const thrown = new TypeError("no such binding");
      await expect(
        lane.submit("a", () => {
          throw thrown;
        }),
      ).rejects.toBe(thrown);
      const b = send("b");
      await far.trip(0).arrive();
      expect(b.fate).toEqual(answered("b"));
    }),
  );

  test(
    "to answer some of those on it fails these only",
    onFakeClock(async () => {
      const { far, send } = newLane();
      const fates = ["a", "b", "c"].map(send);
      await far.trip(0).answer([]);
      await far.trip(1).answer(["b!"]);
      expect(fates.map(({ fate }) => fate.state)).toEqual(["failed", "answered", "failed"]);
    }),
  );
});

describe("whatever comes and goes", () => {
  test(
    "each request is on exactly one trip, in order, and has that trip's end; one trip is under way at a time",
    onFakeClock(async () => {
      const anyStep = fc.constantFrom("submit", "submit", "submit", "arrive", "fail");
      await fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 1, max: 5 }),
          fc.array(anyStep, { maxLength: 60 }),
          async (maxBatch, steps) => {
            const { far, lane, send } = newLane({ maxBatch });
            const sent: ReturnType<typeof send>[] = [];
            const expected: unknown[] = [];
            let ended = 0;
            const end = async (step: string): Promise<void> => {
              const trip = far.trip(ended);
              ended += 1;
              const fault = new Error(`trip ${ended}`);
              expected.push(
                ...trip.batch.map((request) => (step === "fail" ? { state: "failed", fault } : answered(request))),
              );
              await (step === "fail" ? trip.fail(fault) : trip.arrive());
            };
            for (const step of steps) {
              if (step === "submit") sent.push(send(String(sent.length)));
              else if (ended < far.trips.length) await end(step);
              expect(far.trips.length - ended).toBeLessThanOrEqual(1);
            }
            while (ended < far.trips.length) await end("arrive");
            expect(far.batches.flat()).toEqual(sent.map((_, number) => String(number)));
            expect(Math.max(0, ...far.batches.map((batch) => batch.length))).toBeLessThanOrEqual(maxBatch);
            expect(sent.map(({ fate }) => fate)).toEqual(expected);
            expect(lane.idle).toBe(true);
          },
        ),
        { numRuns: 200 },
      );
    }),
  );
});

describe("the lanes of several tenants", () => {
  test(
    "share no trip and do not wait for each other",
    onFakeClock(async () => {
      const lanes = new Lanes<string, string>(limits);
      const far = new FarSide();
      const send = (tenant: string, request: string) =>
        submit({ submit: async (...trip) => await lanes.submit(tenant, ...trip) }, far, request);
      const [a1, a2, a3] = [send("A", "a1"), send("A", "a2"), send("A", "a3")];
      const b1 = send("B", "b1");
      expect(far.batches).toEqual([["a1"], ["b1"]]);
      await far.trip(1).arrive();
      expect([b1.fate, a1.fate]).toEqual([answered("b1"), waits]);
      await far.trip(0).fail(new Error("A's cell was reset"));
      await far.trip(2).arrive();
      expect(far.batches).toEqual([["a1"], ["b1"], ["a2", "a3"]]);
      expect([a1.fate.state, a2.fate, a3.fate]).toEqual(["failed", answered("a2"), answered("a3")]);
    }),
  );

  test(
    "are kept while anything is under way on them",
    onFakeClock(async () => {
      const lanes = new Lanes<string, string>(limits);
      const far = new FarSide();
      const send = (request: string) =>
        submit({ submit: async (...trip) => await lanes.submit("A", ...trip) }, far, request);
      send("a");
      send("b");
      await far.trip(0).arrive();
      // a has gone, b is under way: c waits for it, though nobody waited before.
      const c = send("c");
      await nextTurn();
      expect([far.batches, c.fate]).toEqual([[["a"], ["b"]], waits]);
      await far.trip(1).arrive();
      await far.trip(2).arrive();
      expect(c.fate).toEqual(answered("c"));
    }),
  );

  test(
    "have bounds of their own: one that is full refuses no other's requests",
    onFakeClock(async () => {
      const lanes = new Lanes<string, string>({ ...limits, maxWaiting: 1 });
      const far = new FarSide();
      const send = (tenant: string, request: string) =>
        submit({ submit: async (...trip) => await lanes.submit(tenant, ...trip) }, far, request);
      const fates = [send("A", "a1"), send("A", "a2"), send("A", "a3"), send("B", "b1"), send("B", "b2")];
      await nextTurn();
      expect(fates.map(({ fate }) => fate.state)).toEqual(["waits", "waits", "overloaded", "waits", "waits"]);
    }),
  );
});
