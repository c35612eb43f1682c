import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { z } from "zod";
import { writeModel } from "../../examples/onnx-writer.ts";
import { type Load, startLoad } from "./load.ts";
import { ServedVersions } from "./served-versions.ts";
import { type Tenant, deploy, newTenant } from "./tenant.ts";
import { startTensorgate } from "./tensorgate.ts";
import { readUsage } from "./usage.ts";

const CONNECTIONS = 8;
/** Answers that each state of affairs is held to at least. */
const ANSWERS = 50;

/** `y = x + n` over FP32 [1]: the difference tells which version answered. */
function addModel(n: number): Uint8Array<ArrayBuffer> {
  return writeModel({
    opset: 17,
    inputs: [{ name: "x", datatype: "FP32", shape: [1] }],
    outputs: [{ name: "y", datatype: "FP32", shape: [1] }],
    nodes: [{ op: "Add", inputs: ["x", "n"], outputs: ["y"] }],
    initializers: [{ name: "n", datatype: "FP32", shape: [1], data: [n] }],
  });
}

const answerSchema = z.object({
  model_version: z.string(),
  outputs: z.tuple([z.object({ data: z.tuple([z.number()]) })]),
});

const modelSchema = z.object({
  versions: z.array(
    z.object({
      version: z.number(),
      state: z.string(),
      in_flight: z.number(),
      statistics: z.object({ inferences: z.number() }),
    }),
  ),
});

/** An answer, and the time in which its call was under way. */
interface Answer {
  readonly version: number;
  readonly fromMs: number;
  readonly toMs: number;
}

/** Call as one of many users; every call must be answered with 200. */
async function infer(tenant: Tenant): Promise<Answer> {
  const x = Math.floor(Math.random() * 1000);
  const fromMs = performance.now();
  const response = await tenant.call("POST", "/v2/models/add/infer", {
    json: { inputs: [{ name: "x", datatype: "FP32", shape: [1], data: [x] }] },
    headers: { "X-Routing-Key": randomUUID() },
  });
  const text = await response.text();
  const toMs = performance.now();
  expect(`${response.status} ${text}`).toMatch(/^200 /);
  const { model_version: said, outputs } = answerSchema.parse(JSON.parse(text));
  const version = outputs[0].data[0] - x;
  expect(said).toBe(String(version));
  return { version, fromMs, toMs };
}

let tenant: Tenant;
let load: Load;
const answers: Answer[] = [];

async function succeed(method: string, path: string, json?: unknown): Promise<unknown> {
  const response = await tenant.call(method, path, { json });
  const text = await response.text();
  expect(response.ok, `${method} ${path}: ${text}`).toBe(true);
  return JSON.parse(text);
}

async function upload(n: number): Promise<void> {
  expect(await deploy(tenant, "add", addModel(n))).toMatchObject({ version: n, runtime: "isolate" });
}

/** Wait for so many more answers, and for these versions to be among them. */
async function answeredBy(...versions: number[]): Promise<void> {
  const sinceMs = performance.now();
  await load.until(
    () => {
      const recent = answers.filter(({ fromMs }) => fromMs > sinceMs);
      return (
        recent.length >= ANSWERS && versions.every((version) => recent.some((answer) => answer.version === version))
      );
    },
    `answers of ${versions.join(" and ")}`,
  );
}

async function readVersions() {
  return modelSchema.parse(await succeed("GET", "/v1/models/add")).versions;
}

test(
  "while versions are uploaded, promoted, mixed, rolled back and retired, every call gets the answer of a version that serves, and is charged once",
  { timeout: 180_000 },
  async () => {
    const { quickstart } = await startTensorgate();
    tenant = await newTenant(quickstart);
    await upload(1);
    await upload(2);
    const served = new ServedVersions(1);
    load = startLoad(CONNECTIONS, async () => void answers.push(await infer(tenant)));
    try {
      await answeredBy(1);
      await served.change([1], async () => await upload(3));
      await answeredBy(1);
      await served.change([2], async () => await succeed("POST", "/v1/models/add/promote", { version: 2 }));
      await answeredBy(2);
      const weights = { "2": 50, "3": 50 };
      await served.change([2, 3], async () => await succeed("PUT", "/v1/models/add/traffic", { weights }));
      await answeredBy(2, 3);
      await served.change([2], async () => await succeed("POST", "/v1/models/add/rollback"));
      await succeed("POST", "/v1/models/add/versions/3/retire");
      await load.until(async () => {
        const three = (await readVersions()).find(({ version }) => version === 3);
        return three?.state === "retired" && three.in_flight === 0;
      }, "the end of what version 3 ran");
      await answeredBy(2);
    } finally {
      await load.stop();
    }
    const wrong = answers.filter(({ version, fromMs, toMs }) => !served.between(fromMs, toMs).has(version));
    expect(wrong).toEqual([]);
    expect(await readUsage(tenant)).toEqual({ inferences: answers.length, rejected: 0, failed: 0, refusals: {} });
    await expectEachCounted();
  },
);

/** A version's statistics are written after its answers, so they are read until all are there. */
async function expectEachCounted(): Promise<void> {
  const given = [1, 2, 3].map((version) => answers.filter((answer) => answer.version === version).length);
  const counted = async () => (await readVersions()).map(({ statistics }) => statistics.inferences);
  await expect.poll(counted, { timeout: 30_000 }).toEqual(given);
}
