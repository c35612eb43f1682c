import { afterAll, beforeAll, expect, test } from "vitest";
import { CONTAINER_HEADERS } from "../../engine/contract.ts";
import { endlessModel, memoryModel, reluModel } from "./models.ts";
import { type Caller, sourceHeader, startServer } from "./server.ts";

let server: Caller;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.end());

function inspect(model: Uint8Array, limitMs = 20_000): Promise<Response> {
  const headers = { ...sourceHeader(server.origin.publish(model)), [CONTAINER_HEADERS.runLimitMs]: String(limitMs) };
  return server.call("/models/ver_inspected/inspection", { method: "POST", headers });
}

test("an inspection tells what a model is, what it takes, and how its trial run went; no process is left", async () => {
  const response = await inspect(reluModel(1));
  expect(response.status).toBe(200);
  const inspection = (await response.json()) as { heapBytes: number; peakHeapBytes: number };
  expect(inspection).toEqual({
    opset: { "": 17 },
    operators: ["Relu"],
    producer: "test 1",
    nodeRuns: 1,
    unbounded: [],
    inputs: [{ name: "x", datatype: "FP32", shape: [-1] }],
    outputs: [{ name: "y", datatype: "FP32", shape: [-1] }],
    unsupportedOutputs: [],
    heapBytes: expect.any(Number),
    peakHeapBytes: expect.any(Number),
    trial: { outcome: "ran", runMicros: expect.any(Number) },
  });
  expect(inspection.heapBytes).toBeGreaterThan(0);
  expect(inspection.peakHeapBytes).toBeGreaterThanOrEqual(inspection.heapBytes);
  expect(await (await server.call("/repository/index", { method: "POST" })).json()).toEqual([]);
});

test("the memory that a trial run takes counts towards the peak", async () => {
  const response = await inspect(memoryModel());
  // `count` is 1 in the trial: no more than the file's own session.
  expect(await response.json()).toMatchObject({ trial: { outcome: "ran" } });
});

test("a model whose trial run does not end is rejected with the limit", async () => {
  const response = await inspect(endlessModel(), 1000);
  expect(response.status).toBe(422);
  expect(await response.json()).toMatchObject({ code: "model-rejected", evidence: { limit_ms: 1000 } });
});

test("bytes that are no model are rejected with the reason", async () => {
  const response = await inspect(new TextEncoder().encode("no model"));
  expect(response.status).toBe(422);
  expect(await response.json()).toMatchObject({ code: "model-rejected" });
});

test("an inspection without a source is refused", async () => {
  const response = await server.call("/models/ver_nothing/inspection", { method: "POST" });
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ detail: expect.stringContaining("Tensorgate-Model-Source") });
});
