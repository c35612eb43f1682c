import { afterAll, beforeAll, expect, test } from "vitest";
import { CONTAINER_HEADERS } from "../../engine/contract.ts";
import {
  ENDLESS_TURNS,
  endlessModel,
  identityModel,
  loopModel,
  loopRequest,
  memoryModel,
  memoryRequest,
  reluModel,
  reluRequest,
} from "./models.ts";
import { type Caller, startServer, until } from "./server.ts";

const LIMIT_BYTES = 384 * 1024 * 1024;

let server: Caller;
beforeAll(async () => {
  server = await startServer({
    MAX_PROCESSES: "4",
    MAX_PROCESSES_PER_MODEL: "2",
    RUN_MEMORY_BYTES: String(LIMIT_BYTES),
  });
});
afterAll(() => server.end());

const limit = (limitMs: number): RequestInit => ({ headers: { [CONTAINER_HEADERS.runLimitMs]: String(limitMs) } });

/** Run a model again and again until something has ended, and count what came of it. */
async function runUntil(end: Promise<unknown>, run: () => Promise<Response>): Promise<Map<number, number>> {
  const statuses = new Map<number, number>();
  const hasEnded = end.then(() => true);
  do {
    const { status } = await run();
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
  } while (!(await Promise.race([hasEnded, Promise.resolve(false)])));
  return statuses;
}

test("a run that never ends is ended at its limit, while another model goes on answering", async () => {
  const relu = server.origin.publish(reluModel());
  const endless = server.origin.publish(endlessModel());
  await server.infer("ver_neighbour", relu, reluRequest(1));
  await server.call("/repository/models/ver_endless/load", {
    method: "POST",
    headers: { [CONTAINER_HEADERS.modelSource]: endless },
  });
  const request = { inputs: [{ name: "x", datatype: "FP32", shape: [1], data: [1] }] };
  const startedMs = performance.now();
  const running = server.infer("ver_endless", endless, request, limit(500));
  const others = await runUntil(running, () => server.infer("ver_neighbour", relu, reluRequest(1)));
  const response = await running;
  const tookMs = performance.now() - startedMs;
  expect(response.status).toBe(504);
  expect(await response.json()).toMatchObject({ code: "run-timed-out", evidence: { limit_ms: 500 } });
  expect(tookMs).toBeGreaterThanOrEqual(500);
  expect([...others.keys()]).toEqual([200]);
  expect(others.get(200)).toBeGreaterThan(5);
});

test("requests for the model of a run that never ends are answered by another process, and none is lost", async () => {
  const source = server.origin.publish(loopModel());
  // Short runs first, so that the process is given several in advance.
  for (let run = 0; run < 40; run++) await server.infer("ver_mixed", source, loopRequest(1));
  const startedMs = performance.now();
  // So many that some arrive right behind the endless one, before it is known to be long.
  const neighbours = Array.from({ length: 64 }, (_, x) => server.infer("ver_mixed", source, loopRequest(3, x)));
  const endless = server.infer("ver_mixed", source, loopRequest(ENDLESS_TURNS), limit(5000));
  const more = Array.from({ length: 64 }, (_, x) => server.infer("ver_mixed", source, loopRequest(3, 64 + x)));
  const responses = await Promise.all([...neighbours, ...more]);
  const tookMs = performance.now() - startedMs;
  const answers = await Promise.all(responses.map((response) => response.json()));
  const values = answers.map((answer) => (answer as { outputs: [{ data: number[] }] }).outputs[0].data[0]);
  expect(values).toEqual(Array.from({ length: 128 }, (_, x) => x + 3));
  // They did not wait for the endless one to be ended.
  expect(tookMs).toBeLessThan(5000);
  expect((await endless).status).toBe(504);
});

test("endless runs in all of a model's processes delay its other requests, and lose none", async () => {
  const source = server.origin.publish(loopModel());
  const endless = [1, 2].map(() => server.infer("ver_full", source, loopRequest(ENDLESS_TURNS), limit(300)));
  const others = Array.from({ length: 6 }, (_, x) => server.infer("ver_full", source, loopRequest(1, x)));
  expect((await Promise.all(endless)).map((response) => response.status)).toEqual([504, 504]);
  expect((await Promise.all(others)).map((response) => response.status)).toEqual([200, 200, 200, 200, 200, 200]);
});

test.skipIf(process.platform !== "linux")(
  "a run that takes more memory than allowed is ended, and the model's next request is answered",
  async () => {
    const source = server.origin.publish(memoryModel());
    expect((await server.infer("ver_memory", source, memoryRequest(1024))).status).toBe(200);
    const response = await server.infer("ver_memory", source, memoryRequest(6 * 1024 ** 3));
    expect(response.status).toBe(422);
    const problem = (await response.json()) as { evidence: { used_bytes: number } };
    expect(problem).toMatchObject({ code: "out-of-memory", evidence: { limit_bytes: LIMIT_BYTES } });
    expect(problem.evidence.used_bytes).toBeGreaterThan(LIMIT_BYTES);
    expect((await server.infer("ver_memory", source, memoryRequest(1024))).status).toBe(200);
  },
);

test.each(["0", "-1", "1.5", "ten", "300001"])("a run limit of %s is refused", async (header) => {
  const init = { headers: { [CONTAINER_HEADERS.runLimitMs]: header } };
  const response = await server.infer("ver_limit", server.origin.publish(reluModel()), reluRequest(1), init);
  expect(response.status).toBe(422);
  expect(await response.json()).toMatchObject({ detail: expect.stringContaining("Tensorgate-Run-Limit-Ms") });
});

test("a server that has all the work it can take says when to come back, and answers what it has taken", async () => {
  const small = await startServer({ MAX_QUEUE: "3", MAX_PROCESSES: "1" });
  try {
    const source = small.origin.publish(loopModel());
    await small.infer("ver_queue", source, loopRequest(1));
    const requests = Array.from({ length: 8 }, () =>
      small.infer("ver_queue", source, loopRequest(ENDLESS_TURNS), limit(200)),
    );
    const responses = await Promise.all(requests);
    const refused = responses.filter((response) => response.status === 503);
    expect(refused).toHaveLength(5);
    expect(responses.filter((response) => response.status === 504)).toHaveLength(3);
    for (const response of refused) {
      expect(response.headers.get("retry-after")).toBe("1");
      expect(await response.json()).toMatchObject({ code: "overloaded" });
    }
    expect((await small.infer("ver_queue", source, loopRequest(1))).status).toBe(200);
  } finally {
    await small.end();
  }
});

test("a request that its caller gives up while it waits is never run", async () => {
  const small = await startServer({ MAX_PROCESSES: "1" });
  try {
    const source = small.origin.publish(loopModel());
    await small.infer("ver_gone", source, loopRequest(1));
    const first = small.infer("ver_gone", source, loopRequest(ENDLESS_TURNS), limit(700));
    const gone = new AbortController();
    const given = small.infer("ver_gone", source, loopRequest(ENDLESS_TURNS), {
      ...limit(20_000),
      signal: gone.signal,
    });
    const last = small.infer("ver_gone", source, loopRequest(1), limit(20_000));
    setTimeout(() => gone.abort(), 300);
    await expect(given).rejects.toThrow("aborted");
    expect((await first).status).toBe(504);
    // Were the endless one run in between, this would take 20 seconds more.
    const startedMs = performance.now();
    expect((await last).status).toBe(200);
    expect(performance.now() - startedMs).toBeLessThan(15_000);
  } finally {
    await small.end();
  }
});

test("a caller that goes before its body is read leaves its place to others", async () => {
  const small = await startServer({ MAX_QUEUE: "1" });
  try {
    const source = small.origin.publish(identityModel("FP32"));
    const gone = new AbortController();
    // The body waits until the model is loaded, and is too large for the socket's buffers.
    const body = new Uint8Array(16 * 1024 * 1024);
    const given = small.infer("ver_left", source, undefined, { body, signal: gone.signal });
    setTimeout(() => gone.abort(), 50);
    await expect(given).rejects.toThrow("aborted");
    await until(async () => (await small.infer("ver_left", source, reluRequest(1))).status === 200);
  } finally {
    await small.end();
  }
});
