import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import type { TenantId } from "../../src/shared/ids.ts";
import { sha256 } from "../../src/shared/sha256.ts";
import { readOutbox } from "../support/mail.ts";
import { type Person, addMember, callerIn, invitationTo, newOrganization, newPerson } from "../support/people.ts";
import { expectProblem } from "../support/problem.ts";
import { type CallOptions, call, newKey, newTenant } from "../support/tenant.ts";

/** An organization, its owner, and somebody who is invited as a viewer. */
async function newInvitation() {
  const [owner, guest] = [await newPerson("Owner"), await newPerson("Guest")];
  const tenantId = await newOrganization(owner);
  const asOwner = await callerIn(owner, tenantId);
  const { id } = await invite(asOwner, guest.email, ["viewer"]);
  return { tenantId, owner, guest, asOwner, id, token: await invitationTo(guest.email) };
}

type Caller = Awaited<ReturnType<typeof callerIn>>;

async function invite(as: Caller, email: string, roles: string[]): Promise<{ id: string }> {
  const answer = await as("POST", "/v1/invitations", { email, roles });
  expect(answer.status, await answer.clone().text()).toBe(201);
  return await answer.json();
}

async function accept(person: Person, token: string): Promise<[number, unknown]> {
  const answer = await person.call("POST", "/auth/invitations/accept", { token });
  const body: { code?: string } = await answer.json();
  return [answer.status, body.code];
}

async function isMember(tenantId: TenantId, { id }: Person): Promise<boolean> {
  const row = await env.DB.prepare("SELECT 1 FROM members WHERE tenant_id = ? AND user_id = ?")
    .bind(tenantId, id)
    .first();
  return row !== null;
}

describe("an invitation", () => {
  test("is for the address that it was sent to, and its token is stored nowhere but as a digest", async () => {
    const { tenantId, guest, token } = await newInvitation();
    const thief = await newPerson("Thief");
    expect(await accept(thief, token)).toEqual([403, "OTHER_ADDRESS"]);
    expect((await thief.call("GET", `/auth/invitations?token=${token}`)).status).toBe(403);
    expect(await isMember(tenantId, thief)).toBe(false);
    const stored = await env.DB.prepare("SELECT * FROM invitations WHERE tenant_id = ?").bind(tenantId).first();
    expect(JSON.stringify(stored)).not.toContain(token);
    expect(stored?.["token_hash"]).toBe(sha256(token));
    expect(Buffer.from(token, "base64url")).toHaveLength(32);
    expect(await accept(guest, token)).toEqual([200, undefined]);
  });

  test("is not for who has not shown that the address is theirs", async () => {
    const { tenantId, guest, token } = await newInvitation();
    await env.DB.prepare("UPDATE users SET email_verified = 0 WHERE id = ?").bind(guest.id).run();
    expect(await accept(guest, token)).toEqual([403, "OTHER_ADDRESS"]);
    expect(await isMember(tenantId, guest)).toBe(false);
  });

  test("needs a log-in, and a token that there is", async () => {
    const { guest, token } = await newInvitation();
    expect((await call("POST", "/auth/invitations/accept", { json: { token } })).status).toBe(401);
    for (const wrong of ["x", `${token}x`, token.slice(1)]) {
      expect(await accept(guest, wrong)).toEqual([404, "INVITATION_NOT_FOUND"]);
    }
    expect((await accept(guest, ""))[0]).toBe(400);
  });

  test("is dead when it was withdrawn", async () => {
    const { tenantId, guest, asOwner, id, token } = await newInvitation();
    expect((await asOwner("DELETE", `/v1/invitations/${id}`)).status).toBe(204);
    expect(await accept(guest, token)).toEqual([404, "INVITATION_NOT_FOUND"]);
    expect(await isMember(tenantId, guest)).toBe(false);
    await expectProblem(await asOwner("DELETE", `/v1/invitations/${id}`), 404, "invitation-not-found");
  });

  test("is dead after seven days", async () => {
    const { tenantId, guest, token } = await newInvitation();
    const row = await env.DB.prepare("SELECT expires_at_ms - created_at_ms AS ms FROM invitations WHERE tenant_id = ?")
      .bind(tenantId)
      .first<{ ms: number }>();
    expect(row?.ms).toBe(604_800_000); // 7 · 24 · 60 · 60 · 1,000
    await env.DB.prepare("UPDATE invitations SET expires_at_ms = ? WHERE tenant_id = ?")
      .bind(Date.now(), tenantId)
      .run();
    expect(await accept(guest, token)).toEqual([404, "INVITATION_NOT_FOUND"]);
    expect(await isMember(tenantId, guest)).toBe(false);
  });

  test("takes the place of an older one to the same address, whose token is dead", async () => {
    const { tenantId, guest, asOwner, token } = await newInvitation();
    await invite(asOwner, guest.email, ["developer"]);
    expect(await accept(guest, token)).toEqual([404, "INVITATION_NOT_FOUND"]);
    const listed: { data: unknown[] } = await (await asOwner("GET", "/v1/invitations")).json();
    expect(listed.data).toMatchObject([{ email: guest.email, roles: ["developer"] }]);
    expect(await accept(guest, await invitationTo(guest.email))).toEqual([200, undefined]);
    const roles = await env.DB.prepare("SELECT roles FROM members WHERE tenant_id = ? AND user_id = ?")
      .bind(tenantId, guest.id)
      .first("roles");
    expect(roles).toBe('["developer"]');
    expect(await (await asOwner("GET", "/v1/invitations")).json()).toMatchObject({ data: [] });
  });

  test("is sent again with another token, from which on the older one is dead", async () => {
    const { guest, asOwner, id, token } = await newInvitation();
    expect((await asOwner("POST", `/v1/invitations/${id}/resend`)).status).toBe(200);
    expect(await accept(guest, token)).toEqual([404, "INVITATION_NOT_FOUND"]);
    expect(await accept(guest, await invitationTo(guest.email))).toEqual([200, undefined]);
    await expectProblem(await asOwner("POST", `/v1/invitations/${id}/resend`), 404, "invitation-not-found");
  });

  test("lets nobody in twice: accepted and then removed, they stay out", async () => {
    const { tenantId, guest, asOwner, token } = await newInvitation();
    expect(await accept(guest, token)).toEqual([200, undefined]);
    expect((await asOwner("DELETE", `/v1/members/${guest.id}`)).status).toBe(204);
    expect(await accept(guest, token)).toEqual([404, "INVITATION_NOT_FOUND"]);
    expect(await isMember(tenantId, guest)).toBe(false);
  });

  test("to somebody who is a member is refused plainly, and tells nothing of who has an account elsewhere", async () => {
    const { asOwner, guest, token } = await newInvitation();
    await accept(guest, token);
    const again = await asOwner("POST", "/v1/invitations", { email: guest.email, roles: ["viewer"] });
    await expectProblem(again, 409, "already-a-member");
    const [stranger, nobody] = [(await newPerson()).email, `${crypto.randomUUID()}@example.com`];
    const answers = [];
    for (const email of [stranger, nobody]) {
      const answer = await asOwner("POST", "/v1/invitations", { email, roles: ["viewer"] });
      const {
        id: _id,
        email: _email,
        created_at: _at,
        expires_at: _until,
        ...same
      }: Record<string, unknown> = await answer.json();
      answers.push([
        answer.status,
        same,
        (await readOutbox(email)).filter((mail) => mail.template === "invitation").length,
      ]);
    }
    expect(answers[0]).toEqual(answers[1]);
  });

  test("gives no role that who invites could not give", async () => {
    const { tenantId } = await newInvitation();
    const admin = await newPerson("Admin");
    await addMember(tenantId, admin, "admin");
    const asAdmin = await callerIn(admin, tenantId);
    const email = `${crypto.randomUUID()}@example.com`;
    const excess = await asAdmin("POST", "/v1/invitations", { email, roles: ["owner"] });
    await expectProblem(excess, 403, "insufficient-scope");
    const unknown = await asAdmin("POST", "/v1/invitations", { email, roles: ["operator"] });
    await expectProblem(unknown, 400, "invalid-request");
    expect(await readOutbox(email)).toEqual([]);
  });
});

describe("the rights of who invited are asked for again when the invitation is accepted:", () => {
  test.each(["demoted", "removed"])("who was %s since lets nobody in", async (how) => {
    const { tenantId, asOwner } = await newInvitation();
    const [inviter, guest] = [await newPerson("Inviter"), await newPerson("Guest")];
    await addMember(tenantId, inviter, "admin");
    await invite(await callerIn(inviter, tenantId), guest.email, ["developer"]);
    const path = `/v1/members/${inviter.id}`;
    const done =
      how === "demoted" ? await asOwner("PATCH", path, { roles: ["viewer"] }) : await asOwner("DELETE", path);
    expect(done.status).toBeLessThan(300);
    expect(await accept(guest, await invitationTo(guest.email))).toEqual([403, "INVITER_LOST_RIGHT"]);
    expect(await isMember(tenantId, guest)).toBe(false);
  });

  test("an API key lets in until it is revoked", async () => {
    const tenant = await newTenant();
    const [guest, late] = [await newPerson(), await newPerson()];
    const inviting = await tenant.call("POST", "/v1/keys", {
      json: {
        name: "invites",
        scopes: ["members:write", "models:read", "usage:read", "members:read", "roles:read", "organization:read"],
      },
    });
    const { id, key }: { id: string; key: string } = await inviting.json();
    for (const { email } of [guest, late]) {
      const options: CallOptions = { headers: { Authorization: `Bearer ${key}` }, json: { email, roles: ["viewer"] } };
      expect((await call("POST", "/v1/invitations", options)).status).toBe(201);
    }
    expect(await accept(guest, await invitationTo(guest.email))).toEqual([200, undefined]);
    expect((await tenant.call("DELETE", `/v1/keys/${id}`)).status).toBe(204);
    expect(await accept(late, await invitationTo(late.email))).toEqual([403, "INVITER_LOST_RIGHT"]);
  });

  test("the first owner of a tenant that has only keys comes by invitation", async () => {
    const tenant = await newTenant();
    const guest = await newPerson();
    const json = { email: guest.email, roles: ["owner"] };
    expect((await tenant.call("POST", "/v1/invitations", { json })).status).toBe(201);
    expect(await accept(guest, await invitationTo(guest.email))).toEqual([200, undefined]);
    const asGuest = await callerIn(guest, tenant.id);
    expect((await asGuest("GET", "/v1/keys")).status).toBe(200);
  });
});

test("an invitation that is accepted twice makes one member and one record, and answers the same", async () => {
  const { tenantId, guest, token } = await newInvitation();
  const answers = [await accept(guest, token), await accept(guest, token)];
  expect(answers).toEqual([
    [200, undefined],
    [200, undefined],
  ]);
  const { results } = await env.DB.prepare("SELECT act FROM audit_events WHERE tenant_id = ? AND act = 'member.added'")
    .bind(tenantId)
    .all();
  expect(results).toHaveLength(1);
});

describe("who invites too often is told to wait:", () => {
  test("an address gets five invitations an hour, from whomever", async () => {
    const email = `${crypto.randomUUID()}@example.com`;
    const headers = { "CF-Connecting-IP": "198.51.100.77" };
    for (let time = 0; time < 5; time++) {
      const tenant = await newTenant();
      expect(
        (await tenant.call("POST", "/v1/invitations", { headers, json: { email, roles: ["viewer"] } })).status,
      ).toBe(201);
    }
    const tenant = await newTenant();
    const refused = await tenant.call("POST", "/v1/invitations", { headers, json: { email, roles: ["viewer"] } });
    await expectProblem(refused, 429, "too-many-attempts");
  });

  test("a key sends thirty an hour", async () => {
    const tenant = await newTenant();
    const key = await newKey(tenant.id, [
      "members:write",
      "models:read",
      "usage:read",
      "members:read",
      "roles:read",
      "organization:read",
    ]);
    const send = async (n: number): Promise<Response> => {
      const headers = { Authorization: `Bearer ${key}`, "CF-Connecting-IP": `198.51.100.${n}` };
      const json = { email: `${crypto.randomUUID()}@example.com`, roles: ["viewer"] };
      return await call("POST", "/v1/invitations", { headers, json });
    };
    for (let n = 0; n < 30; n++) expect((await send(n)).status).toBe(201);
    await expectProblem(await send(31), 429, "too-many-attempts");
  });
});
