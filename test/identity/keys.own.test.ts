import { describe, expect, test } from "vitest";
import { bearer, keyOf, makeKey, readKey } from "../support/keys.ts";
import { addMember, newPerson, tokenOf } from "../support/people.ts";
import { expectProblem } from "../support/problem.ts";
import { call, newTenant } from "../support/tenant.ts";

async function idsSeenBy(credential: string): Promise<string[]> {
  const answer = await call("GET", "/v1/keys", bearer(credential));
  const { data }: { data: { id: string }[] } = await answer.json();
  return data.map(({ id }) => id).toSorted();
}

/** Everything that there is to do to one key. */
function attemptsOn(id: string): [method: string, path: string, json?: object][] {
  return [
    ["GET", `/v1/keys/${id}`],
    ["PATCH", `/v1/keys/${id}`, { name: "mine" }],
    ["POST", `/v1/keys/${id}/rotate`, {}],
    ["DELETE", `/v1/keys/${id}`],
  ];
}

describe("keys of one's own", () => {
  test("are seen, changed, rotated and revoked by a developer; all others do not exist for them", async () => {
    const [tenant, ada, bob] = [await newTenant(), await newPerson(), await newPerson()];
    for (const person of [ada, bob]) await addMember(tenant.id, person, "developer");
    const [adas, bobs] = [await keyOf(ada, tenant), await keyOf(bob, tenant)];
    const token = await tokenOf(ada, tenant.id);
    expect(await idsSeenBy(token)).toEqual([adas.id]);
    const others = (await idsSeenBy(tenant.key)).filter((id) => id !== adas.id);
    expect(others).toContain(bobs.id);
    for (const id of others) {
      for (const [method, path, json] of attemptsOn(id)) {
        await expectProblem(await call(method, path, { ...bearer(token), json }), 404, "key-not-found");
      }
    }
    for (const [method, path, json] of attemptsOn(adas.id)) {
      expect((await call(method, path, { ...bearer(token), json })).status, method).toBeLessThan(300);
    }
    expect(await readKey(tenant.key, bobs.id)).toMatchObject({ name: "a key", replaced_by: null, revoked_at: null });
  });

  test("are all of the person's, whichever credential made them", async () => {
    const [tenant, ada] = [await newTenant(), await newPerson()];
    await addMember(tenant.id, ada, "developer");
    const first = await keyOf(ada, tenant, { scopes: ["keys:read:own", "keys:write:own", "models:read"] });
    const second = await makeKey(first.key);
    expect(second).toMatchObject({ created_by: first.id, user_id: ada.id });
    expect(await idsSeenBy(first.key)).toEqual([first.id, second.id].toSorted());
    expect(await idsSeenBy(await tokenOf(ada, tenant.id))).toEqual([first.id, second.id].toSorted());
  });

  test("are, for a key without a person, itself and those that it made", async () => {
    const tenant = await newTenant();
    const first = await makeKey(tenant.key, { scopes: ["keys:read:own", "keys:write:own"] });
    const second = await makeKey(first.key, { scopes: ["keys:read:own"] });
    const other = await makeKey(tenant.key);
    expect(await idsSeenBy(first.key)).toEqual([first.id, second.id].toSorted());
    expect(await idsSeenBy(second.key)).toEqual([second.id]);
    await expectProblem(await call("DELETE", `/v1/keys/${other.id}`, bearer(first.key)), 404, "key-not-found");
  });

  test("can't be made by who may only read them, nor with scopes that the maker's role lacks", async () => {
    const [tenant, ada] = [await newTenant(), await newPerson()];
    await addMember(tenant.id, ada, "developer");
    const reader = await keyOf(ada, tenant, { scopes: ["keys:read:own"] });
    const json = { name: "k", scopes: ["keys:read:own"] };
    const made = await call("POST", "/v1/keys", { ...bearer(reader.key), json });
    await expectProblem(made, 403, "insufficient-scope");
    const token = await tokenOf(ada, tenant.id);
    const wish = { name: "k", scopes: ["keys:write"] };
    const { required } = await expectProblem(
      await call("POST", "/v1/keys", { ...bearer(token), json: wish }),
      403,
      "insufficient-scope",
    );
    expect(required).toEqual(["keys:write"]);
  });
});
