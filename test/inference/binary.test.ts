import { describe, expect, test } from "vitest";
import { addOneRequest, deploy } from "../support/models.ts";
import { expectProblem } from "../support/problem.ts";
import { newTenant } from "../support/tenant.ts";

const INFER = "/v2/models/add-one/infer";
const ROW = Float32Array.of(1, 2);

/** A request's JSON with a tensor's bytes behind it, and the header that tells them apart. */
function binaryRequest(json: unknown, tensor: Float32Array) {
  const head = new TextEncoder().encode(JSON.stringify(json));
  const body = new Uint8Array([...head, ...new Uint8Array(tensor.buffer)]);
  const headers = {
    "Content-Type": "application/octet-stream",
    "Inference-Header-Content-Length": String(head.byteLength),
  };
  return { body, headers };
}

const input = { name: "x", shape: [1, 2], datatype: "FP32", parameters: { binary_data_size: 8 } };

/** The JSON of a binary answer and the floats behind it. */
async function readBinary(response: Response) {
  const body = await response.arrayBuffer();
  const jsonBytes = Number(response.headers.get("Inference-Header-Content-Length"));
  const json: unknown = JSON.parse(new TextDecoder().decode(body.slice(0, jsonBytes)));
  return { json, floats: [...new Float32Array(body.slice(jsonBytes))] };
}

describe("the binary tensor extension", () => {
  test("takes an input in binary and answers in JSON where nothing else is asked", async () => {
    const tenant = await newTenant();
    await deploy(tenant, "add-one");
    const response = await tenant.call("POST", INFER, binaryRequest({ inputs: [input] }, ROW));
    expect(response.status).toBe(200);
    expect(response.headers.get("Content-Type")).toBe("application/json");
    expect(await response.json()).toMatchObject({ outputs: [{ name: "y", data: [2, 3] }] });
  });

  test("answers an output in binary where it is asked to, also of a request in JSON", async () => {
    const tenant = await newTenant();
    await deploy(tenant, "add-one");
    const outputs = [{ name: "y", parameters: { binary_data: true } }];
    const response = await tenant.call("POST", INFER, { json: { ...addOneRequest, outputs } });
    expect(response.headers.get("Content-Type")).toBe("application/octet-stream");
    const { json, floats } = await readBinary(response);
    expect(json).toMatchObject({ outputs: [{ name: "y", shape: [1, 2], parameters: { binary_data_size: 8 } }] });
    expect(floats).toEqual([2, 3]);
  });

  test("takes one raw tensor as the whole body", async () => {
    const tenant = await newTenant();
    await deploy(tenant, "add-one");
    const headers = { "Content-Type": "application/octet-stream", "Inference-Header-Content-Length": "0" };
    const response = await tenant.call("POST", INFER, { body: ROW.buffer, headers });
    expect((await readBinary(response)).floats).toEqual([2, 3]);
  });

  test("refuses a tensor whose bytes are not its shape's, naming both sizes", async () => {
    const tenant = await newTenant();
    await deploy(tenant, "add-one");
    const response = await tenant.call("POST", INFER, binaryRequest({ inputs: [{ ...input, shape: [2, 2] }] }, ROW));
    const problem = await expectProblem(response, 400, "shape-mismatch");
    expect(problem["error"]).toBe('Input "x": FP32 [2,2] has 16 bytes, binary_data_size is 8.');
  });
});

describe("a compressed body", () => {
  test.for(["gzip", "deflate"] as const)("is unpacked as %s", async (coding) => {
    const tenant = await newTenant();
    await deploy(tenant, "add-one");
    const packed = Response.json(addOneRequest).body?.pipeThrough(new CompressionStream(coding));
    const response = await tenant.call("POST", INFER, {
      body: await new Response(packed).arrayBuffer(),
      headers: { "Content-Type": "application/json", "Content-Encoding": coding },
    });
    expect(await response.json()).toMatchObject({ outputs: [{ data: [2, 3] }] });
  });

  test("that is not of its coding is refused", async () => {
    const tenant = await newTenant();
    await deploy(tenant, "add-one");
    const headers = { "Content-Encoding": "gzip" };
    const response = await tenant.call("POST", INFER, { json: addOneRequest, headers });
    await expectProblem(response, 400, "invalid-request");
  });
});
