import { describe, expect, it } from "vitest";

import { attack } from "../../../scripts/hostile/attack.ts";
import type { HostileFile } from "../../../scripts/hostile/manifest.ts";
import { type FakeAnswer, FakeServer, type Recorded, infer } from "../conformance/fake-server.ts";

const file: HostileFile = {
  file: "h.onnx",
  kind: "k",
  what: "w",
  expect: "stop",
  run: { s: { data: ["100000"], dims: [1] } },
  observed_ort_web_1_30: { outcome: "ran" },
};

async function attackOn(answer: (request: Recorded) => FakeAnswer | undefined): Promise<FakeServer> {
  const server = new FakeServer(answer);
  try {
    const model = new TextEncoder().encode("onnx bytes");
    await attack({ baseUrl: await server.listen(), apiKey: "key" }, file, model, "hostile-1");
  } finally {
    server.close();
  }
  return server;
}

const metadata = "GET /v2/models/NAME";
const end = ["DELETE /v1/models/NAME", "GET /v1/usage?group_by=model"];
const begin = ["POST /v1/models", "POST /v1/models/NAME/versions"];

describe("an attack", () => {
  it("reads, infers with ones, with a quarter of the manifest's values, with these and with ones again, deletes, and reads the usage", async () => {
    const body = JSON.stringify({ inputs: [{ name: "s", datatype: "INT64", shape: [-1] }] });
    const server = await attackOn(({ route }) => (route === metadata ? { status: 200, body } : undefined));
    const reads = [metadata, "GET /v1/models/NAME"];
    expect(server.routes).toEqual([...begin, ...reads, infer, infer, infer, infer, ...end]);
    expect(server.requests[1]?.body).toBe("onnx bytes");
    const inferences = server.requests.filter(({ route }) => route === infer);
    const data = inferences.map((request) => /"data":\[(\d+)\]/.exec(request.body)?.[1]);
    expect(data).toEqual(["1", "25000", "100000", "1"]);
  });

  it("deletes the model whose upload is refused", async () => {
    const server = await attackOn(({ route }) => (route.endsWith("/versions") ? { status: 422 } : undefined));
    expect(server.routes).toEqual([...begin, ...end]);
  });

  it("deletes the model that has no signature", async () => {
    const server = await attackOn(({ route }) => (route === metadata ? { status: 200, body: "no" } : undefined));
    expect(server.routes.slice(-2)).toEqual(end);
    expect(server.routes).not.toContain(infer);
  });
});
