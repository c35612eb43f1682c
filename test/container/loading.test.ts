import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ENGINE_HEADERS } from "../../engine/contract.ts";
import { identityModel, loopModel, loopRequest, reluModel, reluRequest } from "./models.ts";
import { type Caller, type PublishedFile, describeFile, encodeSource, startServer, until } from "./server.ts";

let server: Caller;
beforeAll(async () => {
  server = await startServer({ MAX_PROCESSES: "2", MAX_PROCESSES_PER_MODEL: "1" });
});
afterAll(() => server.end());

const loads = async (): Promise<number> => {
  const response = await fetch(`${server.url}/metrics`, { headers: { Authorization: `Bearer ${server.token}` } });
  return Number(/_load_seconds_count (\d+)/.exec(await response.text())?.[1]);
};

test("first requests that come together fetch the model once and load it once", async () => {
  const source = server.origin.publish(reluModel(1));
  const before = await loads();
  const requests = Array.from({ length: 8 }, (_, index) => server.infer("ver_together", source, reluRequest(index)));
  const answers = await Promise.all((await Promise.all(requests)).map((response) => response.json()));
  expect(answers.map((answer) => (answer as { outputs: [{ data: number[] }] }).outputs[0].data)).toEqual(
    Array.from({ length: 8 }, (_, index) => [index]),
  );
  expect(await loads()).toBe(before + 1);
  const path = new URL(server.origin.put(reluModel(1)).url).pathname;
  expect(server.origin.requests.get(path)).toBe(1);
});

test("a model that has a process needs no source", async () => {
  await server.infer("ver_known", server.origin.publish(reluModel(2)), reluRequest(1));
  const response = await server.infer("ver_known", undefined, reluRequest(-1));
  expect(await response.json()).toMatchObject({ outputs: [{ data: [0] }] });
});

test("a model that nobody has named is not found", async () => {
  const response = await server.infer("ver_unknown", undefined, reluRequest(1));
  expect(response.status).toBe(404);
  expect(await response.json()).toMatchObject({ code: "model-not-found", error: expect.stringContaining("Source") });
});

test("with more models than processes the least recently used gives way, and comes back when it is asked for", async () => {
  const sources = [11, 12, 13].map((number) => server.origin.publish(reluModel(number)));
  const isCold = async (index: number): Promise<boolean> => {
    const response = await server.infer(`ver_lru_${index}`, sources[index], reluRequest(1));
    expect(response.status).toBe(200);
    return response.headers.get(ENGINE_HEADERS.coldStart) === "1";
  };
  // Two places: 0 and 1 take them, 0 is used again, so 2 takes the place of 1.
  expect([await isCold(0), await isCold(1), await isCold(0), await isCold(2)]).toEqual([true, true, false, true]);
  expect([await isCold(0), await isCold(1)]).toEqual([false, true]);
});

test("more models at once than processes are all answered", async () => {
  const sources = Array.from({ length: 5 }, (_, index) => server.origin.publish(reluModel(20 + index)));
  const requests = sources.flatMap((source, index) =>
    [1, 2, 3].map((value) => server.infer(`ver_many_${index}`, source, reluRequest(value))),
  );
  const statuses = (await Promise.all(requests)).map((response) => response.status);
  expect(statuses).toEqual(Array.from({ length: 15 }, () => 200));
});

test("a model gets a process though others never cease to ask for all of them", async () => {
  const [left, right, late] = [server.origin.publish(loopModel()), server.origin.publish(loopModel()), reluModel(33)];
  const over = new AbortController();
  // Three at a time of about 100 ms each: one runs, and two wait.
  const keepAsking = async (id: string, source: string): Promise<void> => {
    while (!over.signal.aborted) await server.infer(id, source, loopRequest(100_000));
  };
  const others = [1, 2, 3].flatMap(() => [keepAsking("ver_left", left), keepAsking("ver_right", right)]);
  await until(async () => (await index()).filter((entry) => /ver_(left|right):READY/.test(entry)).length === 2);
  const waiting = server.infer("ver_late", server.origin.publish(late), reluRequest(-1, 5));
  const response = await Promise.race([waiting, setTimeout(10_000)]);
  over.abort();
  await Promise.all(others);
  expect(await response?.json()).toMatchObject({ outputs: [{ data: [0, 5] }] });
});

describe("a file", () => {
  const model = reluModel(3);
  const refusalOf = async (file: object, externalData: object[] = []): Promise<{ status: number; body: unknown }> => {
    const source = encodeSource({ model: file, externalData });
    const response = await server.infer(`ver_bad_${Math.random()}`, source, reluRequest(1));
    return { status: response.status, body: await response.json() };
  };
  const published = (): PublishedFile => server.origin.put(model);
  const fault = (detail: unknown): object => ({
    status: 502,
    body: { code: "model-fetch-failed", detail, evidence: {}, error: detail },
  });

  test("of another SHA-256 is not loaded, and can be had right once it is", async () => {
    const wrong = { ...published(), sha256: "0".repeat(64) };
    expect(await refusalOf(wrong)).toEqual(
      fault("The model's file can't be fetched: its SHA-256 is not the one that was announced."),
    );
    expect(await refusalOf(published())).toMatchObject({ status: 200 });
  });

  test("with more or fewer bytes than announced is not loaded", async () => {
    const bytes = model.byteLength;
    expect(
      await refusalOf({ ...describeFile(published().url, model), bytes: bytes - 1, sha256: "1".repeat(64) }),
    ).toEqual(fault(`The model's file can't be fetched: it has more than the ${bytes - 1} bytes that were announced.`));
    expect(
      await refusalOf({ ...describeFile(published().url, model), bytes: bytes + 1, sha256: "2".repeat(64) }),
    ).toEqual(fault(`The model's file can't be fetched: it has ${bytes} bytes instead of ${bytes + 1}.`));
  });

  test("that is not there is told by the status of its origin, without the URL and its signature", async () => {
    const missing = describeFile(`${server.origin.url}/nothing?signature=secret`, identityModel("INT8"));
    expect(await refusalOf(missing)).toEqual(fault("The model's file can't be fetched: its origin answered 404."));
    expect(await refusalOf(published(), [{ ...missing, name: "w.bin" }])).toEqual(
      fault('The file of external data "w.bin" can\'t be fetched: its origin answered 404.'),
    );
  });

  test("is not looked for where a redirect points to", async () => {
    const redirected = describeFile(`${server.origin.url}/redirect`, identityModel("INT16"));
    expect(await refusalOf(redirected)).toEqual(fault("The model's file can't be fetched: its origin answered 302."));
  });

  test("whose origin breaks off in the middle can't be fetched", async () => {
    const broken = describeFile(`${server.origin.url}/broken`, identityModel("INT32"));
    expect(await refusalOf(broken)).toMatchObject(fault(expect.stringContaining("The model's file can't be fetched")));
  });

  test.each(["http://127.0.0.1:9/model", "http://169.254.169.254/latest", "file:///etc/passwd", "ftp://127.0.0.1/x"])(
    "of an origin that is not the Worker's is never asked for: %s",
    async (url) => {
      const { status, body } = await refusalOf(describeFile(url, model));
      expect(status).toBe(400);
      expect(body).toMatchObject({ code: "bad-request", detail: expect.stringContaining("Tensorgate-Model-Source") });
    },
  );
});

test.each([
  ["no base64url", "%%%"],
  ["no JSON", Buffer.from("{").toString("base64url")],
  ["no object", encodeSource([])],
  ["without a model", encodeSource({ externalData: [] })],
  [
    "with a digest in capitals",
    encodeSource({ model: { url: "http://a", sha256: "A".repeat(64), bytes: 1 }, externalData: [] }),
  ],
])("a source that is %s is refused by name", async (_, source) => {
  const response = await server.infer("ver_malformed", source, reluRequest(1));
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ detail: expect.stringMatching(/^Tensorgate-Model-Source: /) });
});

test("bytes that are no model are refused with ONNX Runtime's reason, and the process is gone", async () => {
  const source = server.origin.publish(new TextEncoder().encode("<html>"));
  const response = await server.infer("ver_html", source, reluRequest(1));
  expect(response.status).toBe(422);
  expect(await response.json()).toMatchObject({
    code: "model-rejected",
    detail: expect.stringContaining("ONNX Runtime refuses the model"),
  });
  await until(async () => !(await index()).includes("ver_html:READY"));
});

const index = async (): Promise<string[]> => {
  const response = await server.call("/repository/index", { method: "POST" });
  const models = (await response.json()) as { name: string; state: string }[];
  return models.map(({ name, state }) => `${name}:${state}`);
};
