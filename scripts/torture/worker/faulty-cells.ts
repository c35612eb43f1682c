import { type FaultRates, type FaultCounts, drawFault } from "../faults.ts";
import { randomStream } from "../random.ts";

let rates: FaultRates | undefined;
let draw = randomStream(0, "faults");
let counts: FaultCounts = { dropped: 0, delayed: 0 };

const wrapped = new WeakMap<Env, Env>();

/** Have the answers of cells get lost and come late from now on. */
export function setFaults(given: FaultRates): void {
  rates = given;
  draw = randomStream(given.seed, "faults");
}

/** How many answers were lost and came late since the process began. */
export function countFaults(): FaultCounts {
  return counts;
}

/** The environment, with cells whose answers may be lost or come late. It is the same object every time, as Workers expect. */
export function withFaults(env: Env): Env {
  const known = wrapped.get(env);
  if (known) return known;
  const faulty = { ...env, TENANT_CELL: faultyNamespace(env.TENANT_CELL) };
  wrapped.set(env, faulty);
  return faulty;
}

type Cells = Env["TENANT_CELL"];

function faultyNamespace(cells: Cells): Cells {
  return new Proxy(cells, {
    get: (target, name) => {
      if (name === "getByName") {
        return (...args: Parameters<Cells["getByName"]>) => faultyStub(target.getByName(...args));
      }
      const member: unknown = Reflect.get(target, name);
      return typeof member === "function"
        ? (...args: unknown[]): unknown => Reflect.apply(member, target, args)
        : member;
    },
  });
}

function faultyStub<Stub extends object>(stub: Stub): Stub {
  return new Proxy(stub, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      return async (...args: unknown[]) =>
        await disturb(async () => (await Reflect.apply(member, target, args)) as unknown);
    },
  });
}

/** Make the call to its end, and then lose its answer or hold it back: what it did at the cell is done. */
async function disturb<Answer>(call: () => Promise<Answer>): Promise<Answer> {
  const fault = rates ? drawFault(rates, draw) : { kind: "none" as const };
  const answer = await call();
  switch (fault.kind) {
    case "none":
      return answer;
    case "delayed":
      counts = { ...counts, delayed: counts.delayed + 1 };
      await scheduler.wait(fault.delayMs);
      return answer;
    case "dropped":
      counts = { ...counts, dropped: counts.dropped + 1 };
      throw Object.assign(new Error("Network connection lost."), { retryable: true }); // as the platform says it
  }
}
