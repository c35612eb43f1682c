import { describe, expect, test, vi } from "vitest";
import { callToTheEnd } from "../support/direct.ts";
import { addOneModel, addOneRequest, deploy } from "../support/models.ts";
import { expectProblem } from "../support/problem.ts";
import { storedObjects, storedRows } from "../support/registry.ts";
import { type TestTenant, newTenant } from "../support/tenant.ts";

/** Isolates that break down with every request, as one does that takes more memory than it has. */
const breakingIsolates: WorkerLoader = {
  get: () => ({
    getEntrypoint: () => {
      throw new Error("Worker exceeded memory limit: secret detail");
    },
    getDurableObjectClass: () => {
      throw new Error("Nobody asks for one.");
    },
  }),
  load: () => breakingIsolates.get("", () => Promise.reject(new Error("Nobody loads one."))),
};

async function infer(tenant: TestTenant, bindings: Partial<Env>): Promise<Response> {
  const headers = { "Idempotency-Key": '"order-1"' };
  return await callToTheEnd(tenant, "POST", "/v2/models/m/infer", { json: addOneRequest, headers, bindings });
}

describe("when a model's isolate fails", () => {
  test("the caller gets 502 and no inside detail, is not charged, and may repeat with the same Idempotency-Key", async () => {
    const log = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const tenant = await newTenant();
    await deploy(tenant, "m");
    const failed = await infer(tenant, { LOADER: breakingIsolates });
    const logged = JSON.stringify(log.mock.calls);
    log.mockRestore();
    expect(failed.headers.get("Tensorgate-Entry")).toMatch(/^ent_/);
    const problem = await expectProblem(failed, 502, "runtime-failed");
    expect(JSON.stringify(problem)).not.toContain("secret detail");
    expect(logged).toContain("secret detail");
    expect(logged).toContain(problem.request_id);
    const readTotal = async (): Promise<object> => {
      const usage: { total: object } = await (await tenant.call("GET", "/v1/usage")).json();
      return usage.total;
    };
    expect(await readTotal()).toMatchObject({ inferences: 0, rejected: 0, failed: 1, bytes_out: 0 });
    const repeated = await infer(tenant, {});
    expect(repeated.status).toBe(200);
    expect(repeated.headers.has("Idempotent-Replayed")).toBe(false);
    expect(await readTotal()).toMatchObject({ inferences: 1, failed: 1 });
  });

  test("an upload is 500, and leaves neither rows nor files", async () => {
    const log = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const tenant = await newTenant();
    await tenant.call("POST", "/v1/models", { json: { name: "m" } });
    const options = { body: addOneModel(), bindings: { LOADER: breakingIsolates } };
    const response = await callToTheEnd(tenant, "POST", "/v1/models/m/versions", options);
    log.mockRestore();
    await expectProblem(response, 500, "internal-error");
    expect(await storedRows(tenant)).toEqual({ models: 1, versions: 0, aliases: 0 });
    expect(await storedObjects(tenant)).toEqual([]);
  });
});
