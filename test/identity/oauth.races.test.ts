import { expect, test } from "vitest";
import { ISSUER, askForCode, consent, discover, logIn, newParty, visit } from "../support/oauth.ts";
import { callToTheEnd } from "../support/direct.ts";
import { newAddressOfNetwork } from "../support/people.ts";

test("of ten exchanges of one code at the same time one succeeds", async () => {
  const { tenant, ada, client } = await newParty();
  const asked = await askForCode(await discover(), client);
  const callback = await consent(ada, await visit(ada, asked.path));
  const fields = {
    grant_type: "authorization_code",
    code: callback.searchParams.get("code") ?? "",
    redirect_uri: callback.origin + callback.pathname,
    code_verifier: asked.verifier,
  };
  const statuses = await Promise.all(Array.from({ length: 10 }, async () => (await send(fields)).status));
  expect(statuses.filter((status) => status === 200)).toHaveLength(1);
  expect(statuses.filter((status) => status === 400)).toHaveLength(9);

  async function send(form: Record<string, string>): Promise<Response> {
    return await callToTheEnd(tenant, "POST", "/auth/oauth2/token", tokenRequest(client, form));
  }
});

test("of ten refreshes with one token at the same time one succeeds at most", async () => {
  const { tenant, ada, client } = await newParty();
  const { refresh_token: token = "" } = await logIn(ada, client);
  const request = tokenRequest(client, { grant_type: "refresh_token", refresh_token: token });
  const answers = Array.from(
    { length: 10 },
    async () => await callToTheEnd(tenant, "POST", "/auth/oauth2/token", request),
  );
  const statuses = (await Promise.all(answers)).map(({ status }) => status);
  expect(statuses.filter((status) => status === 200).length).toBeLessThanOrEqual(1);
  expect(statuses.every((status) => status === 200 || status === 400)).toBe(true);
});

function tokenRequest(
  { client, secret }: Awaited<ReturnType<typeof newParty>>["client"],
  form: Record<string, string>,
) {
  return {
    origin: ISSUER,
    body: new URLSearchParams(form).toString(),
    headers: {
      "Content-Type": "application/x-www-form-urlencoded",
      Authorization: `Basic ${btoa(`${client.client_id}:${secret}`)}`,
      "CF-Connecting-IP": newAddressOfNetwork(),
    },
  };
}
