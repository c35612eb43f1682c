import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { newId } from "../../src/shared/ids.ts";
import { furnishMembers } from "../support/members.ts";
import { expectProblem } from "../support/problem.ts";
import { type TestTenant, newTenant } from "../support/tenant.ts";

async function newTeam(tenant: TestTenant, name: string): Promise<string> {
  const made = await tenant.call("POST", "/v1/teams", { json: { name } });
  expect(made.status).toBe(201);
  const { id }: { id: string } = await made.json();
  return id;
}

async function membersOf(tenant: TestTenant, team: string): Promise<string[]> {
  const answer: { data: { user_id: string }[] } = await (await tenant.call("GET", `/v1/teams/${team}/members`)).json();
  return answer.data.map((member) => member.user_id);
}

describe("a team", () => {
  test("has a name that no other team of the tenant has", async () => {
    const [tenant, other] = [await newTenant(), await newTenant()];
    const [fraud, risk] = [await newTeam(tenant, "Fraud"), await newTeam(tenant, "Risk")];
    await newTeam(other, "Fraud");
    await expectProblem(await tenant.call("POST", "/v1/teams", { json: { name: " Fraud " } }), 409, "team-exists");
    const path = `/v1/teams/${risk}`;
    await expectProblem(await tenant.call("PATCH", path, { json: { name: "Fraud" } }), 409, "team-exists");
    expect((await tenant.call("PATCH", path, { json: { name: "Risk" } })).status).toBe(200);
    expect((await tenant.call("PATCH", path, { json: { name: "Credit" } })).status).toBe(200);
    const { data }: { data: unknown } = await (await tenant.call("GET", "/v1/teams")).json();
    expect(data).toMatchObject([
      { id: fraud, name: "Fraud" },
      { id: risk, name: "Credit" },
    ]);
  });

  test("holds members only, each once, until they are taken out", async () => {
    const tenant = await newTenant();
    const { user_id: user } = await furnishMembers(tenant.id);
    const team = await newTeam(tenant, "Fraud");
    for (let time = 0; time < 2; time++) {
      expect((await tenant.call("PUT", `/v1/teams/${team}/members/${user}`)).status).toBe(204);
    }
    expect(await membersOf(tenant, team)).toEqual([user]);
    const nobody = newId("usr", Date.now());
    await expectProblem(await tenant.call("PUT", `/v1/teams/${team}/members/${nobody}`), 404, "member-not-found");
    expect((await tenant.call("DELETE", `/v1/teams/${team}/members/${user}`)).status).toBe(204);
    await expectProblem(await tenant.call("DELETE", `/v1/teams/${team}/members/${user}`), 404, "member-not-found");
    expect(await membersOf(tenant, team)).toEqual([]);
  });

  test("loses who is removed from the organization, and its members stay when it is deleted", async () => {
    const tenant = await newTenant();
    const { user_id: user } = await furnishMembers(tenant.id);
    const [team, gone] = [await newTeam(tenant, "Fraud"), await newTeam(tenant, "Gone")];
    for (const id of [team, gone]) await tenant.call("PUT", `/v1/teams/${id}/members/${user}`);
    expect((await tenant.call("DELETE", `/v1/teams/${gone}`)).status).toBe(204);
    expect(await membersOf(tenant, team)).toEqual([user]);
    expect((await tenant.call("DELETE", `/v1/members/${user}`)).status).toBe(204);
    expect(await membersOf(tenant, team)).toEqual([]);
    const rows = await env.DB.prepare("SELECT * FROM team_members WHERE tenant_id = ?").bind(tenant.id).all();
    expect(rows.results).toEqual([]);
    await expectProblem(await tenant.call("GET", `/v1/teams/${gone}/members`), 404, "team-not-found");
  });
});
