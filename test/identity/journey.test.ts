import { expect, test } from "vitest";
import { addOneModel, addOneRequest } from "../support/models.ts";
import { PASSWORD, callerIn, invitationTo, newBrowser, newOrganization, newPerson } from "../support/people.ts";
import { expectProblem } from "../support/problem.ts";
import { addSecondFactor } from "../support/second-factors.ts";
import { call } from "../support/tenant.ts";

test("from signing up to a prediction by a key, and to its end: two people, a second factor, and a revocation that holds at once", async () => {
  const [ada, bob] = [await newPerson("Ada"), await newPerson("Bob")];
  const tenantId = await newOrganization(ada, { name: "Analytical Engines" });
  const asAda = await callerIn(ada, tenantId);
  await asAda("POST", "/v1/invitations", { email: bob.email, roles: ["developer"] });
  await bob.call("POST", "/auth/invitations/accept", { token: await invitationTo(bob.email) });

  const factor = await addSecondFactor(bob);
  await bob.call("POST", "/auth/sign-out", {});
  const laptop = { ...bob, ...newBrowser() };
  const password = { email: bob.email, password: PASSWORD };
  expect(await (await laptop.call("POST", "/auth/sign-in/email", password)).json()).toMatchObject({
    twoFactorRedirect: true,
  });
  expect((await laptop.call("POST", "/auth/tenant-token", { tenant_id: tenantId })).status).toBe(401);
  const letIn = await laptop.call("POST", "/auth/two-factor/verify-totp", { code: await factor.code() });
  expect(letIn.status, await letIn.clone().text()).toBe(200);

  const asBob = await callerIn(laptop, tenantId);
  expect((await asBob("POST", "/v1/models", { name: "add-one" })).status).toBe(201);
  const made = await asBob("POST", "/v1/keys", { name: "production", scopes: ["models:infer", "models:write"] });
  const { id, key }: { id: string; key: string } = await made.json();
  const headers = { Authorization: `Bearer ${key}` };
  const onnx = { ...headers, "Content-Type": "application/octet-stream" };
  const uploaded = await call("POST", "/v1/models/add-one/versions", { body: addOneModel(), headers: onnx });
  expect(uploaded.status, await uploaded.clone().text()).toBe(201);
  const infer = async () => await call("POST", "/v2/models/add-one/infer", { json: addOneRequest, headers });
  expect((await infer()).status).toBe(200);

  expect((await asBob("DELETE", `/v1/keys/${id}`)).status).toBe(204);
  await expectProblem(await infer(), 401, "revoked-key");
});
