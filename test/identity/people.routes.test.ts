import { describe, expect, test } from "vitest";
import { z } from "zod";
import { actsOf } from "../support/acts.ts";
import { PASSWORD, addMember, newBrowser, newPerson, tokenOf } from "../support/people.ts";
import { expectProblem } from "../support/problem.ts";
import { call, callAsOperator, newTenant } from "../support/tenant.ts";

const signIn = async (email: string, password = PASSWORD) =>
  await newBrowser().call("POST", "/auth/sign-in/email", { email, password });

describe("suspending a person", () => {
  test("ends what they hold in every tenant, and lets them in nowhere until they are reinstated", async () => {
    const ada = await newPerson();
    const tenants = [await newTenant(), await newTenant()];
    const tokens: string[] = [];
    for (const { id } of tenants) {
      await addMember(id, ada, "viewer");
      tokens.push(await tokenOf(ada, id));
    }
    const statuses = async () => {
      const answers = [];
      for (const token of tokens) {
        answers.push((await call("GET", "/v1/models", { headers: { Authorization: `Bearer ${token}` } })).status);
      }
      return answers;
    };
    expect(await statuses()).toEqual([200, 200]);

    const suspended = await callAsOperator("POST", `/admin/people/${ada.id}/suspend`);
    expect(await suspended.json()).toMatchObject({ id: ada.id, status: "suspended" });
    expect(await statuses()).toEqual([401, 401]);
    expect(await (await ada.call("GET", "/auth/get-session")).json()).toBeNull();
    const refused = await signIn(ada.email);
    expect([refused.status, await refused.json()]).toMatchObject([403, { code: "ACCOUNT_SUSPENDED" }]);
    expect(refused.headers.getSetCookie().filter((cookie) => /session_token=[^;]/.test(cookie))).toEqual([]);

    expect((await callAsOperator("POST", `/admin/people/${ada.id}/reinstate`)).status).toBe(200);
    expect((await signIn(ada.email)).status).toBe(200);
    expect(await statuses()).toEqual([401, 401]);
    expect((await actsOf(ada.id)).filter((act) => /suspended|reinstated/.test(act))).toEqual([
      "person.suspended",
      "person.reinstated",
    ]);
  });

  test("tells nobody who does not know the password", async () => {
    const ada = await newPerson();
    await callAsOperator("POST", `/admin/people/${ada.id}/suspend`);
    const [known, unknown] = [
      await signIn(ada.email, "not my password"),
      await signIn("nobody@example.com", "not my password"),
    ];
    expect([known.status, await known.text()]).toEqual([unknown.status, await unknown.text()]);
  });

  test("may be repeated, and is recorded once", async () => {
    const ada = await newPerson();
    for (let time = 0; time < 2; time++) {
      expect((await callAsOperator("POST", `/admin/people/${ada.id}/suspend`)).status).toBe(200);
    }
    expect((await actsOf(ada.id)).filter((act) => act === "person.suspended")).toHaveLength(1);
  });

  test("needs a person", async () => {
    for (const id of ["usr_01jd8x3v5cq0q4m2n8h6y7z9ab", "ten_01jd8x3v5cq0q4m2n8h6y7z9ab", "x"]) {
      await expectProblem(await callAsOperator("POST", `/admin/people/${id}/suspend`), 404, "person-not-found");
      await expectProblem(await callAsOperator("POST", `/admin/people/${id}/reinstate`), 404, "person-not-found");
    }
  });
});

test("a person is found by their address, however it is written", async () => {
  const ada = await newPerson();
  for (const email of [ada.email, ada.email.toUpperCase()]) {
    const found = await callAsOperator("GET", `/admin/people?email=${encodeURIComponent(email)}`);
    expect(await found.json()).toMatchObject({ id: ada.id, email: ada.email, email_verified: true, status: "active" });
  }
  await expectProblem(await callAsOperator("GET", "/admin/people?email=nobody@example.com"), 404, "person-not-found");
  await expectProblem(await callAsOperator("GET", "/admin/people"), 400, "invalid-request");
});

describe("deleting one's account", () => {
  test("needs the password, and leaves nothing to log in with", async () => {
    const ada = await newPerson();
    for (const body of [{}, { password: "not my password" }, { password: "" }, { token: "guessed" }]) {
      expect((await ada.call("POST", "/auth/delete-user", body)).status).toBe(400);
    }
    expect((await ada.call("POST", "/auth/delete-user", { password: PASSWORD })).status).toBe(200);
    expect((await signIn(ada.email)).status).toBe(401);
    expect(await actsOf(ada.id)).toContain("person.deleted");
  });

  test("is refused to the only owner of an organisation, and told of which", async () => {
    const [ada, eve, tenant] = [await newPerson(), await newPerson("Eve"), await newTenant()];
    await addMember(tenant.id, ada, "developer", "owner");
    const refused = await ada.call("POST", "/auth/delete-user", { password: PASSWORD });
    expect(refused.status).toBe(409);
    const { code, message } = z.object({ code: z.string(), message: z.string() }).parse(await refused.json());
    expect(code).toBe("LAST_OWNER");
    expect(message).toContain(tenant.id);
    await addMember(tenant.id, eve, "owner");
    expect((await ada.call("POST", "/auth/delete-user", { password: PASSWORD })).status).toBe(200);
  });
});
