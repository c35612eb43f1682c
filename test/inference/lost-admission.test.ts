import { expect, test } from "vitest";
import type { AdmissionRequest } from "../../src/admission/admission.rules.ts";
import type { Ended } from "../../src/admission/claims.rules.ts";
import { cellOf, readLedger } from "../support/cell.ts";
import { callToTheEnd } from "../support/direct.ts";
import { addOneRequest, deploy } from "../support/models.ts";
import { expectProblem } from "../support/problem.ts";
import { newTenant } from "../support/tenant.ts";

test("an inference that was charged, but whose leave was lost on the way, is a 503 and not charged", async () => {
  const tenant = await newTenant();
  await deploy(tenant, "m");
  const cell = cellOf(tenant);
  const lossy = {
    admit: async (batch: AdmissionRequest[]) => {
      await cell.admit(batch);
      throw Object.assign(new Error("Network connection lost."), { overloaded: true });
    },
    settle: async (batch: Ended[]) => {
      await cell.settle(batch);
    },
  };
  const namespace = { getByName: () => lossy } as unknown as Env["TENANT_CELL"];
  const response = await callToTheEnd(tenant, "POST", "/v2/models/m/infer", {
    json: addOneRequest,
    bindings: { TENANT_CELL: namespace },
  });
  expect(response.headers.get("Retry-After")).toBe("1");
  await expectProblem(response, 503, "overloaded");
  expect(await readLedger(tenant)).toMatchObject([{ units: 0, outcome: "failed" }]);
});
