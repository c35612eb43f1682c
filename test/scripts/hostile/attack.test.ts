import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { attack } from "../../../scripts/hostile/attack.ts";
import type { HostileFile } from "../../../scripts/hostile/manifest.ts";
import { makeRoot } from "../conformance/case-folder.ts";
import { type FakeAnswer, FakeServer, type Recorded, infer } from "../conformance/fake-server.ts";

let root = "";

beforeEach(() => {
  root = makeRoot();
  writeFileSync(join(root, "h.onnx"), "onnx bytes");
});

afterEach(() => rmSync(root, { recursive: true }));

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
    await attack({ baseUrl: await server.listen(), apiKey: "key" }, root, file, "hostile-1");
  } finally {
    server.close();
  }
  return server;
}

const metadata = "GET /v2/models/NAME";
const begin = ["POST /v1/models", "POST /v1/models/NAME/versions"];

describe("an attack", () => {
  it("reads, infers with ones, with a quarter of the manifest's values, with these and with ones again, and deletes", async () => {
    const body = JSON.stringify({ inputs: [{ name: "s", datatype: "INT64", shape: [-1] }] });
    const server = await attackOn(({ route }) => (route === metadata ? { status: 200, body } : undefined));
    const reads = [metadata, "GET /v1/models/NAME"];
    expect(server.routes).toEqual([...begin, ...reads, infer, infer, infer, infer, "DELETE /v1/models/NAME"]);
    expect(server.requests[1]?.body).toBe("onnx bytes");
    const inferences = server.requests.filter(({ route }) => route === infer);
    const data = inferences.map((request) => /"data":\[(\d+)\]/.exec(request.body)?.[1]);
    expect(data).toEqual(["1", "25000", "100000", "1"]);
  });

  it("deletes the model whose upload is refused", async () => {
    const server = await attackOn(({ route }) => (route.endsWith("/versions") ? { status: 422 } : undefined));
    expect(server.routes).toEqual([...begin, "DELETE /v1/models/NAME"]);
  });

  it("deletes the model that has no signature", async () => {
    const server = await attackOn(({ route }) => (route === metadata ? { status: 200, body: "no" } : undefined));
    expect(server.routes.at(-1)).toBe("DELETE /v1/models/NAME");
    expect(server.routes).not.toContain(infer);
  });
});
