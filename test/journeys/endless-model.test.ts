import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Neighbour, summarize } from "../../scripts/hostile/neighbour.ts";
import { loopModel, loopRequest } from "../container/models.ts";
import { ROOT } from "./npm-start.ts";
import { type Tenant, deploy, newTenant, tenantOf } from "./tenant.ts";
import { startTensorgate } from "./tensorgate.ts";
import { readUsage } from "./usage.ts";

/** The tenant's limit. */
const RUN_MS = 1_000;
/** Years of work. */
const ENDLESS = 1e12;
/** More at once than the container has processes for one model. */
const ENDLESS_CALLS = 4;
/** How long ending a run may take, on a machine that others use too. */
const STOPPED_WITHIN_MS = 2_000;
/** How long a neighbour's call may take at the worst. */
const NEIGHBOUR_MS = 5_000;

async function run(tenant: Tenant, turns: number): Promise<{ status: number; body: unknown; elapsedMs: number }> {
  const sentMs = performance.now();
  const response = await tenant.call("POST", "/v2/models/loop/infer", { json: loopRequest(turns) });
  return { status: response.status, body: await response.json(), elapsedMs: performance.now() - sentMs };
}

const oneTurn = { status: 200, body: { outputs: [{ name: "y", data: [1] }] } };

test(
  "a model that does not end is ended at its tenant's limit, is not charged, and costs no neighbour an answer",
  { timeout: 120_000 },
  async () => {
    const { quickstart } = await startTensorgate();
    const { baseUrl, apiKey } = quickstart;
    const iris = new Uint8Array(await readFile(join(ROOT, "examples/iris/iris.onnx")));
    expect(await deploy(tenantOf(baseUrl, apiKey), "iris-beside", iris, "container")).toMatchObject({ version: 1 });
    // One in an isolate, on the Worker's own thread; one in the container, beside what does not end.
    const neighbours = ["iris", "iris-beside"].map((model) => new Neighbour({ baseUrl, apiKey }, model));
    for (const neighbour of neighbours) await neighbour.warmUp();

    const tenant = await newTenant(quickstart, { run_ms: RUN_MS });
    expect(await deploy(tenant, "loop", loopModel())).toMatchObject({
      runtime: "container",
      placement: { wished: "auto", reasons: ["Loop has no constant trip count."] },
    });
    expect(await run(tenant, 1)).toMatchObject(oneTurn);

    const fromMs = performance.now();
    for (const neighbour of neighbours) neighbour.start();
    const endless = await Promise.all(Array.from({ length: ENDLESS_CALLS }, () => run(tenant, ENDLESS)));
    for (const neighbour of neighbours) await neighbour.stop();
    for (const end of endless) expect(end).toMatchObject({ status: 504, body: { code: "run-timed-out" } });
    const firstEndMs = Math.min(...endless.map(({ elapsedMs }) => elapsedMs));
    expect(firstEndMs).toBeGreaterThanOrEqual(RUN_MS);
    expect(firstEndMs).toBeLessThan(RUN_MS + STOPPED_WITHIN_MS); // the others have waited for a process before
    for (const neighbour of neighbours) {
      const calls = neighbour.callsBetween(fromMs, Infinity);
      expect(calls.length).toBeGreaterThan(RUN_MS / 200); // one is due every 100 ms, for as long as a run may take
      const { maxMs, faults } = summarize(calls);
      expect(faults).toEqual([]);
      expect(maxMs).toBeLessThan(NEIGHBOUR_MS);
    }

    expect(await run(tenant, 1)).toMatchObject(oneTurn);
    const charged = { inferences: 2, failed: ENDLESS_CALLS, rejected: 0, refusals: {} };
    await expect.poll(async () => await readUsage(tenant), { timeout: 30_000 }).toEqual(charged);
  },
);
