import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ENGINE_HEADERS, INFERENCE_HEADER_LENGTH } from "../../engine/contract.ts";
import { modelWithExternalData, weightsFile } from "../support/external-data.ts";
import { identityModel, lowerCaseModel, reluModel, reluRequest } from "./models.ts";
import { type Caller, sourceHeader, startServer } from "./server.ts";

let server: Caller;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.end());

describe("a request in JSON", () => {
  test("is answered in JSON, under the name and version that the Worker gives, with the engine's figures", async () => {
    const headers = { [ENGINE_HEADERS.modelName]: "digits", [ENGINE_HEADERS.modelVersion]: "7" };
    const request = { id: "mine", ...(reluRequest(-1, 0, 2.5) as object) };
    const response = await server.infer("ver_json", server.origin.publish(reluModel()), request, { headers });
    expect(await response.json()).toEqual({
      model_name: "digits",
      model_version: "7",
      id: "mine",
      outputs: [{ name: "y", datatype: "FP32", shape: [3], data: [0, 0, 2.5] }],
    });
    const bytesIn = JSON.stringify(request).length;
    expect(response.headers.get(ENGINE_HEADERS.bytesIn)).toBe(String(bytesIn));
    expect(Number(response.headers.get(ENGINE_HEADERS.runMicros))).toBeGreaterThan(0);
    expect(Number(response.headers.get(ENGINE_HEADERS.queueMicros))).toBeGreaterThan(0);
  });

  test("may be gzipped", async () => {
    const body = gzipSync(JSON.stringify(reluRequest(-1, 4)));
    const headers = { "Content-Encoding": "gzip" };
    const source = server.origin.publish(reluModel());
    const response = await server.infer("ver_gzip", source, undefined, { body, headers });
    expect(await response.json()).toMatchObject({ outputs: [{ data: [0, 4] }] });
  });

  test("that the engine refuses gets status 422 with code, detail and evidence, and the same detail as `error`", async () => {
    const source = server.origin.publish(reluModel());
    const response = await server.infer("ver_refused", source, { inputs: [{ name: "z" }] });
    expect(response.status).toBe(422);
    const problem = (await response.json()) as { detail: string };
    expect(problem).toEqual({
      code: "unknown-input",
      detail: expect.stringContaining('"z"'),
      evidence: expect.objectContaining({ input: "z" }),
      error: problem.detail,
    });
  });

  test("that is larger than the model's inputs can be is refused before it is read", async () => {
    const source = server.origin.publish(identityModel("FP32"));
    const body = new Uint8Array(32 * 1024 * 1024 + 1);
    const response = await server.infer("ver_huge", source, undefined, { body });
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ code: "body-too-large", evidence: { max_bytes: 32 * 1024 * 1024 } });
  });

  test("that is larger, and does not say so before, is refused too", async () => {
    const source = server.origin.publish(identityModel("FP32"));
    const chunks = Array.from({ length: 33 }, () => new Uint8Array(1024 * 1024));
    const init: RequestInit = { body: ReadableStream.from(chunks), duplex: "half" };
    const response = await server.infer("ver_huge", source, undefined, init);
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ code: "body-too-large" });
  });

  test("without a body is refused", async () => {
    const response = await server.infer("ver_empty", server.origin.publish(reluModel()), undefined);
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ code: "malformed-json" });
  });
});

describe("the binary extension", () => {
  test("takes tensors behind the JSON and answers in the same way, wherever they begin", async () => {
    const source = server.origin.publish(reluModel());
    // Lengths of the JSON that leave the tensor at every offset from a multiple of 4.
    for (const id of ["", "a", "aa", "aaa"]) {
      const json = Buffer.from(
        JSON.stringify({
          id,
          inputs: [{ name: "x", datatype: "FP32", shape: [2], parameters: { binary_data_size: 8 } }],
          parameters: { binary_data_output: true },
        }),
      );
      const body = Buffer.concat([json, Buffer.from(Float32Array.of(-3, 1.5).buffer)]);
      const headers = { [INFERENCE_HEADER_LENGTH]: String(json.length) };
      const response = await server.infer("ver_binary", source, undefined, { body, headers });
      const answer = Buffer.from(await response.arrayBuffer());
      const jsonBytes = Number(response.headers.get(INFERENCE_HEADER_LENGTH));
      expect(JSON.parse(answer.toString("utf8", 0, jsonBytes))).toMatchObject({
        id,
        outputs: [{ name: "y", shape: [2], parameters: { binary_data_size: 8 } }],
      });
      expect(answer.subarray(jsonBytes)).toEqual(Buffer.from(Float32Array.of(0, 1.5).buffer));
    }
  });

  test("takes one raw tensor as the whole body", async () => {
    const headers = { [INFERENCE_HEADER_LENGTH]: "0" };
    const body = new Uint8Array(Float32Array.of(-3, 1.5).buffer);
    const source = server.origin.publish(reluModel());
    const response = await server.infer("ver_raw", source, undefined, { body, headers });
    const answer = Buffer.from(await response.arrayBuffer());
    expect(answer.subarray(-8)).toEqual(Buffer.from(Float32Array.of(0, 1.5).buffer));
  });

  test("carries a body of megabytes whole", async () => {
    const values = Float32Array.from({ length: 1_000_000 }, (_, index) => index);
    const headers = { [INFERENCE_HEADER_LENGTH]: "0" };
    const source = server.origin.publish(reluModel());
    const init = { body: new Uint8Array(values.buffer), headers };
    const response = await server.infer("ver_large", source, undefined, init);
    const answer = Buffer.from(await response.arrayBuffer());
    expect(answer.subarray(-values.byteLength).equals(Buffer.from(values.buffer))).toBe(true);
  });
});

test.each([
  ["FP16", [1.5, -0.25, 65504]],
  ["FP64", [0.1, -1e300]],
  ["INT8", [-128, 127]],
  ["UINT8", [0, 255]],
  ["INT32", [-2147483648, 2147483647]],
  ["BOOL", [true, false]],
  ["BYTES", ["", "héé", "日本"]],
] as const)("a tensor of %s comes back as it went in", async (datatype, data) => {
  const request = { inputs: [{ name: "x", datatype, shape: [data.length], data }] };
  const source = server.origin.publish(identityModel(datatype));
  const response = await server.infer(`ver_${datatype}`, source, request);
  expect(await response.json()).toMatchObject({ outputs: [{ datatype, shape: [data.length], data }] });
});

test("text in any letters is changed in its case, whatever locales the machine has", async () => {
  const source = server.origin.publish(lowerCaseModel());
  const request = { inputs: [{ name: "x", datatype: "BYTES", shape: [2], data: ["ÉCOLE", "Straße ΑΒΓ"] }] };
  const response = await server.infer("ver_lower_case", source, request);
  expect(await response.json()).toMatchObject({ outputs: [{ data: ["école", "straße αβγ"] }] });
});

test("a tensor of INT64 keeps all its digits", async () => {
  const body = '{"inputs":[{"name":"x","datatype":"INT64","shape":[1],"data":[9223372036854775807]}]}';
  const source = server.origin.publish(identityModel("INT64"));
  const response = await server.infer("ver_INT64", source, undefined, { body });
  expect(await response.text()).toContain('"data":[9223372036854775807]');
});

describe("external data", () => {
  const request = { inputs: [{ name: "x", datatype: "FP32", shape: [2], data: [1, 2] }] };

  test("is found by the name that the model has for it, even one that looks like a path", async () => {
    for (const name of ["weights.bin", "deep/weights.bin"]) {
      const source = server.origin.publish(modelWithExternalData(name), { [name]: weightsFile(10, 20) });
      const response = await server.infer(`ver_external_${name.length}`, source, request);
      expect(await response.json()).toMatchObject({ outputs: [{ data: [11, 22] }] });
    }
  });

  test.each(["weights.bin", "/etc/hostname", "../../../../etc/hostname", "worker.ts"])(
    "that was not given is never looked for on the server: %s",
    async (name) => {
      const source = server.origin.publish(modelWithExternalData(name));
      const response = await server.infer(`ver_missing_${encodeURIComponent(name)}`, source, request);
      expect(response.status).toBe(422);
      expect(await response.json()).toMatchObject({
        code: "model-rejected",
        detail: expect.stringContaining("not found from the table"),
      });
    },
  );
});

test("only the request that had the model loaded is a cold start", async () => {
  const source = server.origin.publish(reluModel(77));
  const cold = await server.infer("ver_cold", source, reluRequest(1));
  const warm = await server.infer("ver_cold", source, reluRequest(1));
  expect(cold.headers.get(ENGINE_HEADERS.coldStart)).toBe("1");
  expect(warm.headers.get(ENGINE_HEADERS.coldStart)).toBeNull();
});

test("a model is warmed up without a request of one's own", async () => {
  const headers = sourceHeader(server.origin.publish(reluModel(78)));
  const response = await server.call("/models/ver_warm/warmup", { method: "POST", headers });
  expect(response.status).toBe(204);
  const warm = await server.infer("ver_warm", undefined, reluRequest(1));
  expect(warm.headers.get(ENGINE_HEADERS.coldStart)).toBeNull();
});
