import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { CLI_CLIENT_ID } from "../support/oauth.ts";
import { PASSWORD, type Person, linksTo, newPerson } from "../support/people.ts";

/** Let a client have a refresh token of a person. */
async function addRefreshToken(person: Person): Promise<void> {
  await env.DB.prepare(
    "INSERT INTO oauth_refresh_tokens (id, token, client_id, user_id, expires_at, created_at, scopes) VALUES (?1, ?1, ?2, ?3, 9e15, 0, '[]')",
  )
    .bind(crypto.randomUUID(), CLI_CLIENT_ID, person.id)
    .run();
}

async function countRefreshTokens(person: Person): Promise<unknown> {
  return await env.DB.prepare("SELECT count(*) AS n FROM oauth_refresh_tokens WHERE user_id = ?")
    .bind(person.id)
    .first("n");
}

test("a password that is set anew ends what clients may do for as long as they like, of that person alone", async () => {
  const [ada, bob] = [await newPerson(), await newPerson()];
  for (const person of [ada, bob]) await addRefreshToken(person);
  await ada.call("POST", "/auth/request-password-reset", { email: ada.email, redirectTo: "/reset-password" });
  const [link = ""] = await linksTo(ada.email);
  const token = new URL(link).pathname.split("/").at(-1);
  const reset = await ada.call("POST", "/auth/reset-password", { newPassword: `${PASSWORD}!`, token });
  expect(reset.status, await reset.clone().text()).toBe(200);
  expect([await countRefreshTokens(ada), await countRefreshTokens(bob)]).toEqual([0, 1]);
});

test("so does a password that its person changes", async () => {
  const ada = await newPerson();
  await addRefreshToken(ada);
  const json = { currentPassword: PASSWORD, newPassword: `${PASSWORD}!` };
  expect((await ada.call("POST", "/auth/change-password", json)).status).toBe(200);
  expect(await countRefreshTokens(ada)).toBe(0);
});
