import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import type { Tensor } from "../../engine/datatypes.ts";
import { writeModel } from "../../examples/onnx-writer.ts";
import { PROBLEMS, type ProblemCode } from "../../src/http/problems.ts";
import { hostileBodies, sentBodies } from "../engine/hostile-bodies.ts";
import { requestOf } from "../engine/requests.ts";
import { callToTheEnd } from "../support/direct.ts";
import { deploy } from "../support/models.ts";
import { expectProblem } from "../support/problem.ts";
import { type TestTenant, newTenant } from "../support/tenant.ts";

const TENSORS: readonly Tensor[] = [
  { name: "floats", datatype: "FP32", shape: [2], data: Float32Array.of(1.5, NaN) },
  { name: "integers", datatype: "INT64", shape: [1], data: BigInt64Array.of(2n ** 62n + 1n) },
  { name: "texts", datatype: "BYTES", shape: [2], data: ["", "ä"] },
];

/** Each tensor comes out as it goes in, under its name with a prime. */
function identities(): Uint8Array<ArrayBuffer> {
  return writeModel({
    opset: 17,
    inputs: TENSORS.map(({ name, datatype }) => ({ name, datatype, shape: ["n"] })),
    outputs: TENSORS.map(({ name, datatype }) => ({ name: `${name}'`, datatype, shape: ["n"] })),
    nodes: TENSORS.map(({ name }) => ({ op: "Identity", inputs: [name], outputs: [`${name}'`] })),
  });
}

/** Requests that the model takes: all in JSON, all in binary, and mixed. */
const REQUESTS = [0b000, 0b111, 0b001, 0b110].map((flags) =>
  requestOf(
    TENSORS.map((tensor, index) => ({ tensor, binary: (flags & (1 << index)) !== 0 })),
    "r",
  ),
);

/** What the header says that should be a number of bytes: mostly one. */
const headerText = fc.oneof(
  { arbitrary: fc.constant(undefined), weight: 8 },
  { arbitrary: fc.constantFrom("-1", "1e3", "0x10", "1.5", "one", "99999999999", "7, 7"), weight: 1 },
);

async function deployIdentities(): Promise<TestTenant> {
  const tenant = await newTenant();
  expect((await deploy(tenant, "m", identities())).status).toBe(201);
  return tenant;
}

const problemCode = z.object({ code: z.custom<ProblemCode>((code) => typeof code === "string" && code in PROBLEMS) });

/** Send a body; gives the status, after holding every refusal to be a problem of the 4xx kind. */
async function statusOf(tenant: TestTenant, body: Uint8Array<ArrayBuffer>, headers: Record<string, string>) {
  const response = await callToTheEnd(tenant, "POST", "/v2/models/m/infer", { body, headers });
  if (response.status === 200) {
    await response.arrayBuffer();
    return 200;
  }
  const { code } = problemCode.parse(await response.clone().json());
  const { status } = PROBLEMS[code];
  expect(status).toBeGreaterThanOrEqual(400);
  expect(status).toBeLessThan(500);
  const problem = await expectProblem(response, status, code);
  expect(problem["error"]).toBe(problem.detail);
  return status;
}

describe("through the whole Worker", () => {
  test("400 hostile bodies are each inferred or refused with a problem, and leave the model as it was", async () => {
    const tenant = await deployIdentities();
    const statuses = new Set<number>();
    await fc.assert(
      fc.asyncProperty(hostileBodies(REQUESTS), headerText, async ({ bytes, jsonBytes }, text) => {
        const length = text ?? jsonBytes?.toString();
        const header = length === undefined ? {} : { "Inference-Header-Content-Length": length };
        statuses.add(await statusOf(tenant, bytes, header));
      }),
      { numRuns: 400 },
    );
    expect(statuses).toEqual(new Set([200, 400]));
    const response = await tenant.call("POST", "/v2/models/m/infer", { body: REQUESTS[0]?.bytes ?? "" });
    expect(await response.text()).toContain('"data":[1.5,"NaN"]');
  });

  test("300 bodies of true and untrue content codings are too", async () => {
    const tenant = await deployIdentities();
    const [{ bytes } = { bytes: new Uint8Array() }] = REQUESTS;
    const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
    const packed = [bytes, new Uint8Array(await new Response(stream).arrayBuffer())];
    const statuses = new Set<number>();
    await fc.assert(
      fc.asyncProperty(sentBodies(packed, 33_554_432), async (sent) => {
        statuses.add(await statusOf(tenant, sent.bytes, { ...sent.headers, "Content-Type": "application/json" }));
      }),
      { numRuns: 300 },
    );
    expect(statuses).toEqual(new Set([200, 400, 413, 415]));
  });
});
