import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { type ConformanceOutcome, runConformance } from "../../scripts/conformance.ts";
import type { ConformanceOptions } from "../../scripts/conformance/options.ts";
import { exitCodeOf } from "../../scripts/conformance/report.ts";
import { makeRoot, tensor, writeFolder } from "./conformance/case-folder.ts";
import { answerWith, type FakeAnswer, FakeServer, infer, type Recorded } from "./conformance/fake-server.ts";

let root = "";

beforeEach(() => {
  root = makeRoot();
});

afterEach(() => rmSync(root, { recursive: true }));

interface FakeRun {
  readonly server: FakeServer;
  readonly lines: string[];
  readonly outcome: ConformanceOutcome;
}

async function runAgainst(server: FakeServer, wish: Partial<ConformanceOptions> = {}): Promise<FakeRun> {
  const lines: string[] = [];
  const baseUrl = await server.listen();
  try {
    const options = { directories: [root], baseUrl, apiKey: "key", concurrency: 1, ...wish };
    const outcome = await runConformance(options, (line) => lines.push(line));
    return { server, lines, outcome };
  } finally {
    server.close();
  }
}

function exitCode(outcome: ConformanceOutcome): number | undefined {
  return outcome.kind === "ran" ? exitCodeOf(outcome.report) : undefined;
}

describe("runConformance", () => {
  const increment = {
    inputs: [tensor("INT64", [1], { data: ["9007199254740992"] })],
    outputs: [tensor("INT64", [1], { data: ["9007199254740993"] }, "y")],
  };

  it("creates, uploads, infers and deletes, and counts a right answer as passed", async () => {
    writeFolder(root, "increment", [increment]);
    const { server, lines, outcome } = await runAgainst(new FakeServer(answerWith("9007199254740993")));
    expect(lines.at(-1)).toBe("1 passed, 0 failed");
    expect(outcome).toMatchObject({ kind: "ran", report: { passed: 1, failed: 0, interrupted: false } });
    const steps = ["POST /v1/models", "POST /v1/models/NAME/versions", infer, "DELETE /v1/models/NAME"];
    expect(server.routes.slice(1)).toEqual(steps);
    const [, create, upload] = server.requests;
    expect(create?.body).toMatch(/^\{"name":"[a-z0-9][a-z0-9._-]{0,62}","description":"Conformance case increment"\}$/);
    const bytes = { contentType: "application/octet-stream", contentLength: "10", body: "onnx bytes" };
    expect(upload).toMatchObject({ ...bytes, authorization: "Bearer key" });
  });

  it("counts a wrong answer as failed, says where it differs, and deletes the model", async () => {
    writeFolder(root, "increment", [increment]);
    const { server, lines, outcome } = await runAgainst(new FakeServer(answerWith("9007199254740992")));
    expect(exitCode(outcome)).toBe(1);
    expect(lines.slice(-3)).toEqual([
      "Failures:",
      '  increment case: output "y" [0] is 9007199254740992, expected 9007199254740993',
      "0 passed, 1 failed",
    ]);
    expect(server.routes.at(-1)).toBe("DELETE /v1/models/NAME");
  });

  it("fails every vector of a model that cannot be uploaded, with the problem's detail, and deletes it", async () => {
    writeFolder(root, "increment", [increment, increment]);
    const body = JSON.stringify({ title: "Unprocessable", detail: "opset 27 is not supported", status: 422 });
    const refuse = ({ route }: Recorded): FakeAnswer | undefined =>
      route.endsWith("/versions") ? { status: 422, body } : undefined;
    const { server, lines } = await runAgainst(new FakeServer(refuse));
    expect(lines.at(-2)).toBe(
      "  increment case.1: uploading the version: answered 422 instead of 201: opset 27 is not supported",
    );
    expect(lines.at(-1)).toBe("0 passed, 2 failed");
    expect(server.routes.at(-1)).toBe("DELETE /v1/models/NAME");
  });

  it("uploads external data as form fields named after their files", async () => {
    writeFolder(root, "increment", [increment], { "weights.bin": "12345", "NOTICE.txt": "" });
    const { server } = await runAgainst(new FakeServer(answerWith("9007199254740993")));
    const upload = server.requests[2];
    expect(upload?.contentType).toMatch(/^multipart\/form-data; boundary=/);
    const parts = upload?.body.matchAll(/ name="([^"]*)".*\r\n(?:.+\r\n)*\r\n(.*)\r\n/g) ?? [];
    expect(Array.from(parts, ([, field, content]) => [field, content])).toEqual([
      ["model", "onnx bytes"],
      ["data:weights.bin", "12345"],
    ]);
  });

  it("fails the vector of a model that cannot be deleted", async () => {
    writeFolder(root, "increment", [increment]);
    const right = answerWith("9007199254740993");
    const keep = (request: Recorded, name: string): FakeAnswer | undefined =>
      request.route.startsWith("DELETE") ? { status: 500, body: "no" } : right(request, name);
    const { lines } = await runAgainst(new FakeServer(keep));
    expect(lines.at(-2)).toBe("  increment case: deleting the model: answered 500 instead of 204: no");
  });

  it("waits as long as a 429 asks it to and sends the request again", async () => {
    writeFolder(root, "increment", [increment]);
    const right = answerWith("9007199254740993");
    let refusals = 0;
    const limit = (request: Recorded, name: string): FakeAnswer | undefined => {
      if (request.route !== infer || refusals === 2) return right(request, name);
      refusals += 1;
      return { status: 429, headers: { "Retry-After": "0" } };
    };
    const { server, lines } = await runAgainst(new FakeServer(limit));
    expect(lines.at(-1)).toBe("1 passed, 0 failed");
    expect(server.routes.filter((route) => route === infer)).toHaveLength(3);
  });

  it("deletes what is under way when it is interrupted, and counts only the vectors that finished", async () => {
    writeFolder(root, "increment", [increment, increment]);
    writeFolder(root, "later", [increment]);
    const interruption = new AbortController();
    const right = answerWith("9007199254740993");
    const interruptSecond = (request: Recorded, name: string): FakeAnswer | undefined => {
      if (request.body.includes("-case.1")) interruption.abort();
      return right(request, name);
    };
    const { server, lines, outcome } = await runAgainst(new FakeServer(interruptSecond), {
      interrupt: interruption.signal,
    });
    expect(lines.at(-1)).toBe("1 passed, 0 failed");
    expect(lines.at(-2)).toBe("Interrupted after 1 of 3 vectors.");
    expect(exitCode(outcome)).toBe(130);
    const models = server.routes.filter((route) => route !== infer && !route.endsWith("/versions")).slice(1);
    expect(models).toEqual(["POST /v1/models", "DELETE /v1/models/NAME"]);
  });

  it("infers each vector in every form that is asked for, of one upload", async () => {
    writeFolder(root, "increment", [increment]);
    const right = answerWith("9007199254740993");
    const { server, outcome } = await runAgainst(new FakeServer(right), { forms: ["json", "binary"] });
    const uploads = server.routes.filter((route) => route.endsWith("/versions"));
    expect(uploads).toHaveLength(1);
    const inferences = server.requests.filter(({ route }) => route === infer);
    expect(inferences.map(({ contentType }) => contentType)).toEqual(["application/json", "application/octet-stream"]);
    expect(outcome).toMatchObject({ report: { results: [{ form: "json" }, { form: "binary" }], vectors: 2 } });
  });

  it.each([
    [undefined, "POST /v1/models/NAME/versions"],
    ["container", "POST /v1/models/NAME/versions?runtime=container"],
  ] as const)("asks for the runtime %s when it uploads with %s", async (runtime, route) => {
    writeFolder(root, "increment", [increment]);
    const { server } = await runAgainst(new FakeServer(answerWith("9007199254740993")), { runtime });
    expect(server.routes[2]).toBe(route);
  });

  it("excuses a failure that is listed, with the list's reason", async () => {
    writeFolder(root, "increment", [increment]);
    const exceptions = [{ case: "increment", reason: "not in this build" }];
    const { lines, outcome } = await runAgainst(new FakeServer(answerWith("0")), { exceptions });
    expect(lines.slice(-3)).toEqual([
      "Excused:",
      "  increment case: not in this build",
      "0 passed, 0 failed, 1 excused",
    ]);
    expect(exitCode(outcome)).toBe(0);
  });

  it("names a listed case that passes, so that the list stays true", async () => {
    writeFolder(root, "increment", [increment]);
    const exceptions = [{ case: "increment", reason: "not in this build" }];
    const { lines, outcome } = await runAgainst(new FakeServer(answerWith("9007199254740993")), { exceptions });
    const line = "increment json: passes, but is excused: not in this build";
    expect(lines.slice(-3)).toEqual(["Exceptions that no longer hold:", `  ${line}`, "1 passed, 0 failed"]);
    expect(exitCode(outcome)).toBe(1);
  });

  it("takes the folders of several directories", async () => {
    const directories = ["first", "second"].map((name) => {
      mkdirSync(join(root, name), { recursive: true });
      writeFolder(join(root, name), "increment", [increment]);
      return join(root, name);
    });
    const { outcome } = await runAgainst(new FakeServer(answerWith("9007199254740993")), { directories });
    expect(outcome).toMatchObject({ report: { results: [{ suite: "first" }, { suite: "second" }] } });
  });

  it("does not start where the server cannot be reached, and says what to do", async () => {
    writeFolder(root, "increment", [increment]);
    const server = new FakeServer(() => undefined);
    const baseUrl = await server.listen();
    server.close();
    const outcome = await runConformance({ directories: [root], baseUrl, apiKey: "key" }, () => {});
    expect(outcome).toMatchObject({ kind: "not_started" });
    expect(outcome).toMatchObject({ reason: expect.stringMatching(/ECONNREFUSED.*run "npm start" first/) });
  });

  it("does not start where no folder is left to run", async () => {
    writeFolder(root, "increment", [increment]);
    const options = { directories: [root], filter: "absent", baseUrl: "http://127.0.0.1:1", apiKey: "key" };
    const outcome = await runConformance(options, () => {});
    expect(outcome).toMatchObject({ reason: expect.stringContaining("Nothing is left to run.") });
  });
});
