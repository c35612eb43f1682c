import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { loopModel, loopRequest } from "../container/models.ts";
import { childrenOf } from "../support/processes.ts";
import { type Load, startLoad } from "./load.ts";
import { type Tenant, deploy, newTenant } from "./tenant.ts";
import { type Tensorgate, startTensorgate } from "./tensorgate.ts";
import { readUsage } from "./usage.ts";

const CONNECTIONS = 8;
/** Turns of the model's loop: so many that a run takes milliseconds, and whoever kills its process meets one. */
const TURNS = 10_000;
/** Answers in a row that show how things are. */
const STEADY = 30;

/** What a caller may see while the container is killed; 409 only who repeats a call before its failure is written down. */
const FAILURES = new Map([
  [409, "idempotency-in-flight"],
  [502, "runtime-failed"],
  [503, "backend-unavailable"],
  [504, "run-timed-out"],
]);

/** A call and its key, where it has one: then it is the same call however often it is made. */
interface Call {
  readonly x: number;
  readonly key: string | undefined;
}

interface Answer {
  readonly status: number;
  /** What the call was charged to, where it was admitted. */
  readonly entryId: string | null;
  readonly isReplayed: boolean;
  readonly retryAfterMs: number;
}

/** Call once. Whatever comes has to be the model's answer or a problem that says what went wrong. */
async function attempt(tenant: Tenant, { x, key }: Call): Promise<Answer> {
  const response = await tenant.call("POST", "/v2/models/loop/infer", {
    json: loopRequest(TURNS, x),
    ...(key !== undefined && { headers: { "Idempotency-Key": key } }),
  });
  const { status, headers } = response;
  const body: unknown = await response.json();
  const isAnswer = status === 200;
  expect(headers.get("Content-Type")).toBe(isAnswer ? "application/json" : "application/problem+json");
  const answer = { outputs: [{ name: "y", data: [x + TURNS] }] };
  const failure = { status, code: FAILURES.get(status) ?? "none that is expected", detail: expect.any(String) };
  expect(body).toMatchObject(isAnswer ? answer : failure);
  return {
    status,
    entryId: headers.get("Tensorgate-Entry"),
    isReplayed: headers.has("Idempotent-Replayed"),
    retryAfterMs: Number(headers.get("Retry-After") ?? 0) * 1000,
  };
}

/** Callers that come back when they are told to; those with a key repeat a call until it has succeeded. */
class Callers {
  readonly answers: Answer[] = [];
  readonly succeeded: Call[] = [];
  /** Calls with a key that were never answered well. */
  readonly givenUp: Call[] = [];
  /** Callers that were told to come back later, and wait. */
  waiting = 0;
  readonly #tenant: Tenant;

  constructor(tenant: Tenant) {
    this.#tenant = tenant;
  }

  async call(connection: number, stopping: AbortSignal): Promise<void> {
    const call = {
      x: Math.floor(Math.random() * 1000),
      key: connection % 2 === 0 ? `"${randomUUID()}"` : undefined,
    };
    do {
      const answer = await attempt(this.#tenant, call);
      this.answers.push(answer);
      if (answer.status === 200) {
        this.succeeded.push(call);
        return;
      }
      this.waiting += 1;
      await pause(answer.retryAfterMs);
      this.waiting -= 1;
    } while (call.key !== undefined && !stopping.aborted);
    if (call.key !== undefined) this.givenUp.push(call);
  }

  /** Whether anybody was told so. */
  saw(status: number): boolean {
    return this.answers.some((answer) => answer.status === status);
  }

  /** Calls that were admitted, failed and are not to be charged. */
  failedEntries(): number {
    const failed = this.answers.filter(({ status, entryId }) => status !== 200 && entryId !== null);
    return new Set(failed.map(({ entryId }) => entryId)).size;
  }
}

/** Wait until all callers are back and all that is answered is answered well: so many times in a row. */
async function steady(load: Load, callers: Callers): Promise<void> {
  const before = callers.answers.length;
  await load.until(() => {
    const recent = callers.answers.slice(before).slice(-STEADY);
    return callers.waiting === 0 && recent.length === STEADY && recent.every(({ status }) => status === 200);
  }, "nothing but good answers");
}

/** Kill one worker process after the other until somebody notices: a call with a key is repeated on another process. */
async function killWorkers(load: Load, callers: Callers, tensorgate: Tensorgate): Promise<void> {
  while (!callers.saw(502)) {
    const [worker] = childrenOf(tensorgate.containerPid() ?? 0);
    if (worker !== undefined) process.kill(worker, "SIGKILL");
    const { length } = callers.answers;
    await load.until(() => callers.answers.length >= length + CONNECTIONS, "answers after a process was killed");
  }
}

/** Kill the container's server, and wait until npm start has brought it back. */
async function killServer(load: Load, tensorgate: Tensorgate): Promise<void> {
  const before = tensorgate.containerPid() ?? 0;
  expect(before).toBeGreaterThan(0);
  process.kill(before, "SIGKILL");
  await load.until(() => tensorgate.output().includes("container backend ready again"), "the container's return");
  expect(tensorgate.containerPid()).not.toBe(before);
}

describe.skipIf(process.platform !== "linux")("by what Linux tells of processes,", () => {
  test(
    "when the container's processes and then the container are killed, every call is answered, and charged if and only if it was answered well",
    { timeout: 180_000 },
    async () => {
      const tensorgate = await startTensorgate();
      const tenant = await newTenant(tensorgate.quickstart);
      expect(await deploy(tenant, "loop", loopModel(), "container")).toMatchObject({ runtime: "container" });
      const callers = new Callers(tenant);
      const load = startLoad(CONNECTIONS, async (connection, stopping) => await callers.call(connection, stopping));
      try {
        await steady(load, callers);
        await killWorkers(load, callers, tensorgate);
        await steady(load, callers);
        await killServer(load, tensorgate);
        await steady(load, callers);
        const { length } = callers.answers;
        await steady(load, callers);
        expect(callers.answers.slice(length).filter(({ status }) => status !== 200)).toEqual([]);
      } finally {
        await load.stop();
      }
      expect(callers.saw(503)).toBe(true);
      expect(callers.givenUp).toEqual([]);
      for (const call of callers.succeeded.filter(({ key }) => key !== undefined).slice(-CONNECTIONS)) {
        expect(await attempt(tenant, call)).toMatchObject({ status: 200, isReplayed: true });
      }
      const charged = { inferences: callers.succeeded.length, failed: callers.failedEntries(), rejected: 0 };
      await expect.poll(async () => await readUsage(tenant), { timeout: 30_000 }).toMatchObject(charged);
    },
  );
});
