import { describe, expect, test } from "vitest";
import { readLedger } from "../support/cell.ts";
import { addOneRequest, deploy } from "../support/models.ts";
import { expectProblem } from "../support/problem.ts";
import { newTenant } from "../support/tenant.ts";

const WARM_UP = "/v1/models/m/versions/1/warmup";

describe("warming a version up", () => {
  test("leaves it ready for the next inference, and charges nothing", async () => {
    const tenant = await newTenant();
    await deploy(tenant, "m");
    const warmed = await tenant.call("POST", WARM_UP);
    expect(warmed.status).toBe(200);
    expect(await warmed.json()).toEqual({ was_cold: false, elapsed_ms: expect.any(Number) }); // the upload has started it
    expect(await readLedger(tenant)).toEqual([]);
    expect((await tenant.call("POST", "/v2/models/m/infer", { json: addOneRequest })).status).toBe(200);
  });

  test("is 404 for a model or a version that is not there", async () => {
    const tenant = await newTenant();
    await expectProblem(await tenant.call("POST", WARM_UP), 404, "model-not-found");
    await deploy(tenant, "m");
    await expectProblem(await tenant.call("POST", "/v1/models/m/versions/2/warmup"), 404, "version-not-found");
    await expectProblem(await tenant.call("POST", "/v1/models/m/versions/x/warmup"), 404, "version-not-found");
  });

  test("needs the scope to write models", async () => {
    const tenant = await newTenant({ scopes: ["models:infer", "models:read"] });
    await expectProblem(await tenant.call("POST", WARM_UP), 403, "insufficient-scope");
  });
});
