import { env } from "cloudflare:workers";
import { drizzle } from "drizzle-orm/d1";
import { expect, test } from "vitest";
import { deleteExpiredGrants } from "../../src/identity/expired-grants.store.ts";
import { logIn, newParty, refresh } from "../support/oauth.ts";

test("the schedule removes refresh tokens that are over, and no others", async () => {
  const { ada, client } = await newParty();
  const [old, young] = [await logIn(ada, client), await logIn(ada, client, { prompt: "consent" })];
  const rows = async () =>
    (
      await env.DB.prepare("SELECT id FROM oauth_refresh_tokens WHERE user_id = ? ORDER BY created_at")
        .bind(ada.id)
        .all()
    ).results;
  await env.DB.prepare("UPDATE oauth_refresh_tokens SET expires_at = 1000 WHERE id = ?")
    .bind((await rows())[0]?.["id"])
    .run();
  await deleteExpiredGrants(drizzle(env.DB), Date.now());
  expect(await rows()).toHaveLength(1);
  const answers = await Promise.all(
    [old, young].map(async (tokens) => (await refresh(client, tokens.refresh_token)).status),
  );
  expect(answers.toSorted((one, other) => one - other)).toEqual([200, 400]);
});
