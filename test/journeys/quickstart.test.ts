import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runConformance } from "../../scripts/conformance.ts";
import { quickstartSchema } from "../../scripts/start/quickstart.ts";
import { ROOT, freePort, npmStart, outputOf, printed } from "./npm-start.ts";
import { copyCheckout } from "./tensorgate.ts";

const CASES = join(ROOT, "../shared/data/onnx");
const START_WITHIN_MS = 120_000;

describe("npm start", () => {
  let state = "";
  let port = 0;

  beforeAll(async () => {
    state = await mkdtemp(join(tmpdir(), "tensorgate-"));
    port = await freePort();
  });
  afterAll(async () => {
    await rm(state, { recursive: true, force: true });
  });

  test(
    "walks from nothing to a prediction, and ends with 0 when it is to run once",
    { timeout: START_WITHIN_MS },
    async () => {
      const { output, exitCode } = await outputOf(npmStart({ state, port, args: ["--once"] }));
      expect(output).toContain("uploading examples/iris/iris.onnx");
      expect(output).toMatch(/setosa +99\.\d\d %/);
      expect(output).toContain("1 inference,");
      expect(output).toContain("curl $TENSORGATE_URL/v2/models/iris/infer");
      expect(exitCode).toBe(0);
      const quickstart: unknown = JSON.parse(await readFile(join(state, "quickstart.json"), "utf8"));
      expect(quickstart).toEqual({
        baseUrl: `http://127.0.0.1:${port}`,
        tenantId: expect.stringMatching(/^ten_/),
        apiKey: expect.stringMatching(/^tg_test_/),
        adminToken: expect.any(String),
        model: "iris",
      });
    },
  );

  test(
    "a second start finds the first one's data, refuses a busy port, and serves real models",
    { timeout: START_WITHIN_MS },
    async () => {
      const child = npmStart({ state, port });
      await printed(child, "Serving on");
      const file = await readFile(join(state, "quickstart.json"), "utf8");
      const { apiKey, baseUrl } = quickstartSchema.parse(JSON.parse(file));
      const usage = await fetch(`${baseUrl}/v1/usage`, { headers: { Authorization: `Bearer ${apiKey}` } });
      expect(await usage.json()).toMatchObject({ total: { inferences: 2 } });

      const outbox = await fetch(`${baseUrl}/dev/outbox`);
      expect(await outbox.text()).toContain("<h1>Outbox</h1>");

      const busy = await outputOf(npmStart({ state, port, args: ["--once"] }));
      expect(busy.output).toContain(`Port ${port} is in use.`);
      expect(busy.output).toContain(`PORT=${port + 1} npm start`);
      expect(busy.exitCode).toBe(1);

      await sampleOfRealModels(baseUrl, apiKey);
    },
  );
});

describe("a Worker that does not start", () => {
  test(
    "is told with its log, and npm start ends with 1, the container backend with it",
    { timeout: START_WITHIN_MS },
    async () => {
      const checkout = await copyCheckout();
      await rm(join(checkout, "src/index.ts"));
      const state = join(checkout, "state");
      const { output, exitCode } = await outputOf(npmStart({ checkout, state, port: await freePort() }));
      expect(output).toContain("container backend ready");
      expect(output).toContain("The Worker ended before it was ready.");
      expect(output).toContain(join(state, "worker.log"));
      expect(exitCode).toBe(1);
    },
  );
});

/** A few models that nobody here wrote, where their folder stands beside the checkout. */
async function sampleOfRealModels(baseUrl: string, apiKey: string): Promise<void> {
  if (!existsSync(CASES)) {
    process.stdout.write(`${CASES} is not there: the sample of real models is left out.\n`);
    return;
  }
  const lines: string[] = [];
  for (const [folder, sample] of [
    ["real", 6],
    ["conformance", 12],
  ] as const) {
    const directory = join(CASES, folder);
    const outcome = await runConformance(
      { directories: [directory], baseUrl, apiKey, sample, maxBytes: 4_000_000 },
      (line) => {
        lines.push(line);
      },
    );
    expect(outcome, lines.join("\n")).toMatchObject({ kind: "ran", report: { failed: 0 } });
  }
}

describe("an old Node", () => {
  test("is told what is wrong and what to do", () => {
    const script = `Object.defineProperty(process.versions, "node", { value: "18.20.0" });
      await import(${JSON.stringify(join(ROOT, "scripts/check-node.mjs"))});`;
    const { status, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
    expect(status).toBe(1);
    expect(stderr).toContain("need Node 22.18 or later");
    expect(stderr).toContain("npm ci");
  });
});
