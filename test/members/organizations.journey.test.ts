import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { callerIn, invitationTo, newOrganization, newPerson } from "../support/people.ts";
import { expectProblem } from "../support/problem.ts";

test("a person founds an organization and invites another, who joins, gets another role, and is removed; each step holds from the next request", async () => {
  const [ada, bob] = [await newPerson("Ada"), await newPerson("Bob")];
  const tenantId = await newOrganization(ada, { name: "Analytical Engines" });
  const asAda = await callerIn(ada, tenantId);
  expect(await (await asAda("GET", "/v1/organization")).json()).toMatchObject({ id: tenantId, plan: "free" });

  const invited = await asAda("POST", "/v1/invitations", { email: bob.email.toUpperCase(), roles: ["viewer"] });
  expect(invited.status, await invited.clone().text()).toBe(201);
  const token = await invitationTo(bob.email);
  expect(await invited.text()).not.toContain(token);
  const offer = await bob.call("GET", `/auth/invitations?token=${token}`);
  expect(await offer.json()).toMatchObject({
    organization: { id: tenantId, name: "Analytical Engines" },
    roles: ["viewer"],
    inviter: "Ada",
  });
  for (let time = 0; time < 2; time++) {
    const accepted = await bob.call("POST", "/auth/invitations/accept", { token });
    expect(accepted.status, await accepted.clone().text()).toBe(200);
    expect(await accepted.json()).toEqual({ tenant_id: tenantId, roles: ["viewer"] });
  }
  expect(await (await bob.call("GET", "/auth/organizations")).json()).toEqual({
    data: [{ id: tenantId, name: "Analytical Engines", status: "active", roles: ["viewer"] }],
  });

  const asViewer = await callerIn(bob, tenantId);
  expect((await asViewer("GET", "/v1/members")).status).toBe(200);
  await expectProblem(await asViewer("POST", "/v1/models", { name: "m" }), 403, "insufficient-scope");

  const changed = await asAda("PATCH", `/v1/members/${bob.id}`, { roles: ["developer"] });
  expect(await changed.json()).toMatchObject({ user_id: bob.id, email: bob.email, roles: ["developer"] });
  await expectProblem(await asViewer("GET", "/v1/members"), 401, "credential-void");

  const asDeveloper = await callerIn(bob, tenantId);
  expect((await asDeveloper("POST", "/v1/models", { name: "m" })).status).toBe(201);

  expect((await asAda("DELETE", `/v1/members/${bob.id}`)).status).toBe(204);
  await expectProblem(await asDeveloper("GET", "/v1/models"), 401, "credential-void");
  expect((await bob.call("POST", "/auth/tenant-token", { tenant_id: tenantId })).status).toBe(403);
  expect((await bob.call("POST", "/auth/invitations/accept", { token })).status).toBe(404);
  expect((await asAda("GET", "/v1/members")).status).toBe(200);

  const { results } = await env.DB.prepare(
    "SELECT act, actor_id, target_id FROM audit_events WHERE tenant_id = ? AND act <> 'token.refused' ORDER BY id",
  )
    .bind(tenantId)
    .all();
  expect(results).toEqual([
    { act: "organization.created", actor_id: ada.id, target_id: tenantId },
    { act: "member.invited", actor_id: ada.id, target_id: expect.stringMatching(/^inv_/) },
    { act: "member.added", actor_id: bob.id, target_id: bob.id },
    { act: "member.roles_changed", actor_id: ada.id, target_id: bob.id },
    { act: "member.removed", actor_id: ada.id, target_id: bob.id },
  ]);
});
