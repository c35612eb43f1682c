import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ENDLESS_TURNS, loopModel, loopRequest, reluModel, reluRequest } from "./models.ts";
import { type Caller, sourceHeader, startServer, until } from "./server.ts";
import { CONTAINER_HEADERS } from "../../engine/contract.ts";

let server: Caller;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.end());

test("a model is loaded, shown, used and unloaded as with Triton", async () => {
  const headers = sourceHeader(server.origin.publish(reluModel(1)));
  expect((await server.call("/models/ver_triton/ready")).status).toBe(404);
  const loaded = await server.call("/repository/models/ver_triton/load", { method: "POST", headers });
  expect(loaded.status).toBe(200);
  expect(await (await server.call("/repository/index", { method: "POST" })).json()).toEqual([
    { name: "ver_triton", version: "1", state: "READY", reason: "" },
  ]);
  expect((await server.call("/models/ver_triton/ready")).status).toBe(200);
  expect(await (await server.call("/models/ver_triton")).json()).toEqual({
    name: "ver_triton",
    versions: ["1"],
    platform: "onnx_onnxv1",
    inputs: [{ name: "x", datatype: "FP32", shape: [-1] }],
    outputs: [{ name: "y", datatype: "FP32", shape: [-1] }],
  });
  expect((await server.infer("ver_triton", undefined, reluRequest(1))).status).toBe(200);
  const again = await server.call("/repository/models/ver_triton/load", { method: "POST" });
  expect(again.status).toBe(200);
  expect((await server.call("/repository/models/ver_triton/unload", { method: "POST" })).status).toBe(200);
  expect(await (await server.call("/repository/index", { method: "POST" })).json()).toEqual([]);
  expect((await server.infer("ver_triton", undefined, reluRequest(1))).status).toBe(404);
  await until(async () => (await metrics()).includes("tensorgate_container_resting_processes 0"));
});

test("a model that is unloaded in the middle of a run finishes what it was asked for", async () => {
  const source = server.origin.publish(loopModel());
  await server.infer("ver_unloaded", source, loopRequest(1));
  const init = { headers: { [CONTAINER_HEADERS.runLimitMs]: "600" } };
  const running = server.infer("ver_unloaded", source, loopRequest(ENDLESS_TURNS), init);
  const waiting = server.infer("ver_unloaded", source, loopRequest(2));
  await until(async () => (await metrics()).includes("busy_processes 1"));
  await server.call("/repository/models/ver_unloaded/unload", { method: "POST" });
  expect((await running).status).toBe(504);
  expect((await waiting).status).toBe(200);
});

test("the server tells its name and what it can do", async () => {
  expect(await (await server.call("")).json()).toMatchObject({
    extensions: ["binary_tensor_data", "model_repository"],
  });
});

describe("without the right token", () => {
  test.each([
    ["POST", "/v2/models/ver_x/infer"],
    ["POST", "/v2/models/ver_x/inspection"],
    ["POST", "/v2/models/ver_x/warmup"],
    ["GET", "/v2/models/ver_x"],
    ["GET", "/v2"],
    ["POST", "/v2/repository/index"],
    ["POST", "/v2/repository/models/ver_x/load"],
    ["POST", "/v2/repository/models/ver_x/unload"],
    ["GET", "/metrics"],
    ["GET", "/nothing"],
  ])("%s %s is refused", async (method, path) => {
    for (const authorization of [undefined, "Bearer ", `Bearer ${server.token}x`, `Basic ${server.token}`]) {
      const headers = authorization === undefined ? {} : { Authorization: authorization };
      const response = await fetch(`${server.url}${path}`, { method, headers });
      expect(response.status).toBe(401);
      expect(await response.json()).toMatchObject({ code: "unauthorized", error: expect.any(String) });
    }
  });
});

test("with the token there is nothing at an unknown path", async () => {
  const response = await server.call("/nothing");
  expect(response.status).toBe(404);
  expect(await response.json()).toMatchObject({ code: "not-found" });
});

test("metrics count requests by outcome, and name no model", async () => {
  const source = server.origin.publish(reluModel(5));
  await server.infer("ver_counted", source, reluRequest(1));
  await server.infer("ver_counted", source, { inputs: [] });
  const text = await metrics();
  expect(text).toMatch(/requests_total\{outcome="ok"\} [1-9]/);
  expect(text).toMatch(/requests_total\{outcome="missing-input"\} 1/);
  expect(text).toMatch(/process_kills_total\{reason="time"\} 1/);
  expect(text).toMatch(/queue_seconds_count [1-9]/);
  expect(text).toMatch(/cache_bytes [1-9]/);
  expect(text).not.toContain("ver_");
});

async function metrics(): Promise<string> {
  const response = await fetch(`${server.url}/metrics`, { headers: { Authorization: `Bearer ${server.token}` } });
  return await response.text();
}
