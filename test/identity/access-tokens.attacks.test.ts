import { createHmac } from "node:crypto";
import { env } from "cloudflare:workers";
import { SignJWT, calculateJwkThumbprint, exportSPKI, generateKeyPair, importJWK } from "jose";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { API_AUDIENCE } from "../../src/identity/access-tokens.ts";
import { callToTheEnd } from "../support/direct.ts";
import { deploy } from "../support/models.ts";
import { expectProblem } from "../support/problem.ts";
import {
  type Claims,
  type Signer,
  claimsOf,
  newSigner,
  part,
  publish,
  sign,
  signParts,
  signatureOf,
} from "../support/signing.ts";
import { type TestTenant, newTenant } from "../support/tenant.ts";

let tenant: TestTenant;
/** Whose tokens the Worker believes. */
let ours: Signer;
/** Whose tokens it does not. */
let foreign: Signer;

const said: string[] = [];
beforeAll(async () => {
  tenant = await newTenant();
  ours = await newSigner();
  foreign = await newSigner();
  await publish(ours);
  for (const method of ["log", "info", "warn", "error", "debug"] as const) {
    vi.spyOn(console, method).mockImplementation((...words: unknown[]) => void said.push(JSON.stringify(words)));
  }
});
afterAll(() => {
  vi.restoreAllMocks();
});

/** Knock with a token, in an isolate that has read no key yet. */
async function knock(token: string, path = "/v1/models"): Promise<Response> {
  return await callToTheEnd(tenant, "GET", path, { headers: { Authorization: `Bearer ${token}` } });
}

async function expectRefusal(token: string, detail: RegExp): Promise<void> {
  const response = await knock(token);
  expect(response.headers.get("WWW-Authenticate")).toBe('Bearer realm="tensorgate", error="invalid_token"');
  const problem = await expectProblem(response, 401, "invalid-token");
  expect(problem.detail).toMatch(detail);
  expect(JSON.stringify(problem)).not.toContain(token);
  expect(said.join("\n")).not.toContain(token);
}

const good = (changed: Claims = {}): Claims => claimsOf(tenant.id, changed);
const header = (): object => ({ alg: "EdDSA", typ: "at+jwt", kid: ours.kid });

test("a token as we issue it is taken, so that what follows is refused for what it changes", async () => {
  expect((await knock(await sign(ours, good()))).status).toBe(200);
});

describe("signatures", () => {
  test.each(["none", "None", "NONE", ""])(
    "the algorithm %j is refused, without a signature and with one",
    async (alg) => {
      const signed = await sign(ours, good());
      const unsigned = `${part({ ...header(), alg })}.${part(good())}`;
      await expectRefusal(`${unsigned}.`, /not signed by this server|no access token/);
      await expectRefusal(`${unsigned}.${signatureOf(signed)}`, /not signed by this server|no access token/);
    },
  );

  test.each(["jwk", "x", "spki"] as const)("HS256 with our public key as its secret (%s) is refused", async (form) => {
    const jwk: { x: string } = JSON.parse(ours.jwk);
    const key = await importJWK(jwk, "EdDSA", { extractable: true });
    if (key instanceof Uint8Array) throw new Error("The key is symmetric.");
    const secrets = { jwk: ours.jwk, x: Buffer.from(jwk.x, "base64url"), spki: await exportSPKI(key) };
    const signed = `${part({ ...header(), alg: "HS256" })}.${part(good())}`;
    const signature = createHmac("sha256", secrets[form]).update(signed).digest("base64url");
    await expectRefusal(`${signed}.${signature}`, /not signed by this server/);
  });

  test.each(["ES256", "RS256", "PS256"])("%s under our key's id is refused", async (alg) => {
    const { privateKey } = await generateKeyPair(alg);
    const token = await new SignJWT(good()).setProtectedHeader({ ...header(), alg }).sign(privateKey);
    await expectRefusal(token, /not signed by this server/);
  });

  test("a foreign key is refused under our key's id, and under its own", async () => {
    await expectRefusal(await sign({ ...foreign, kid: ours.kid }, good()), /not signed by this server/);
    await expectRefusal(await sign(foreign, good()), /not signed by this server/);
  });

  test("a good signature under another token's claims is refused", async () => {
    const signature = signatureOf(await sign(ours, good()));
    const claims = part(good({ permissions: ["keys:write"] }));
    await expectRefusal(`${part(header())}.${claims}.${signature}`, /not signed by this server/);
  });

  test("a token without a key's id is refused", async () => {
    const token = await new SignJWT(good()).setProtectedHeader({ alg: "EdDSA", typ: "at+jwt" }).sign(ours.privateKey);
    await expectRefusal(token, /not signed by this server/);
  });

  test.each([
    "../../etc/passwd",
    "' OR 1=1 --",
    "__proto__",
    "constructor",
    "https://evil.example/jwks",
    "\u0000\n\u001b[31m",
    "k".repeat(4_000),
    "",
    1,
    null,
    true,
    ["a"],
    { toString: "x" },
  ])("the key's id %j finds nothing", async (kid) => {
    const signed = `${part({ alg: "EdDSA", typ: "at+jwt", kid })}.${part(good())}`;
    const signature = signatureOf(await sign(ours, good()));
    await expectRefusal(`${signed}.${signature}`, /not signed by this server|no access token/);
  });

  test("keys that the token brings along or points at are not looked at", async () => {
    const fetched = vi.spyOn(globalThis, "fetch");
    const jwk: Record<string, string> = JSON.parse(foreign.jwk);
    const kid = await calculateJwkThumbprint(jwk);
    const url = "https://evil.example/keys";
    for (const brought of [{ jwk }, { jku: url }, { x5u: url }, { x5c: ["MIIB"] }, { jwk, kid }, { jku: url, kid }]) {
      await expectRefusal(await sign({ ...foreign, kid: ours.kid }, good(), brought), /not signed by this server/);
    }
    expect(fetched).not.toHaveBeenCalled();
    // beside a signature of ours they are ignored
    expect((await knock(await sign(ours, good(), { jwk, jku: url }))).status).toBe(200);
  });

  test("an extension that must be understood is refused", async () => {
    const crit = { ...header(), crit: ["exp2"], exp2: 1 };
    await expectRefusal(await signParts(ours, crit, good()), /not signed by this server/);
    const unencoded = { ...header(), crit: ["b64"], b64: false };
    await expectRefusal(await signParts(ours, unencoded, good()), /no access token/);
  });
});

describe("claims", () => {
  const now = Math.floor(Date.now() / 1000);

  test.each([
    ["expired", { exp: now - 60 }, /expired/],
    ["older than any of ours, whatever it says of its end", { iat: now - 3_600, exp: now + 3_600 }, /expired/],
    ["not valid yet", { nbf: now + 600 }, /not valid yet/],
    ["issued in the future", { iat: now + 600, exp: now + 900 }, /not valid yet/],
    ["read in the future", { iat_ms: (now + 600) * 1000 }, /not valid yet/],
    ["of another issuer", { iss: "https://evil.example" }, /another server/],
    ["of an issuer that only begins like ours", { iss: "http://tensorgate.test.evil.example" }, /another server/],
    ["of no issuer", { iss: undefined }, /another server/],
    ["for another API", { aud: "urn:other:api" }, /another API/],
    ["for several others", { aud: ["urn:other:api", `${API_AUDIENCE}/x`] }, /another API/],
    ["for nobody", { aud: undefined }, /another API/],
    ["for an empty list", { aud: [] }, /another API/],
  ])("a token that is %s is refused, and the answer says so", async (_what, changed, detail) => {
    await expectRefusal(await sign(ours, good(changed)), detail);
  });

  test("a token for several audiences is taken if we are one of them", async () => {
    expect((await knock(await sign(ours, good({ aud: ["urn:other:api", API_AUDIENCE] })))).status).toBe(200);
  });

  test.each([undefined, "JWT", "id+jwt", "at+jwt;x", "", 1])(
    "the type %j is refused: an id token is no access token",
    async (typ) => {
      await expectRefusal(await signParts(ours, { ...header(), typ }, good()), /no access token/);
    },
  );

  test.each([
    { sub: "usr_1" },
    { sub: "key_01jd8x3v5cq0q4m2n8h6y7z9ab" },
    { sub: 5 },
    { tid: "*" },
    { tid: "ten_eu_eu_1" },
    { tid: ["ten_01jd8x3v5cq0q4m2n8h6y7z9ab"] },
    { jti: "" },
    { exp: "tomorrow" },
    { iat_ms: null },
    { iat_ms: "0" },
    { iat_ms: 1.5 },
    { roles: "owner" },
    { permissions: "models:read" },
    { permissions: [{ toString: "models:read" }] },
    { client_id: [] },
    { sid: 7 },
  ])("the claims %j are refused", async (changed) => {
    await expectRefusal(await sign(ours, good(changed)), /no access token/);
  });

  test.each(["sub", "tid", "jti", "exp", "iat", "iat_ms", "roles", "permissions", "client_id"])(
    "a token without the claim %s is refused",
    async (claim) => {
      await expectRefusal(await sign(ours, good({ [claim]: undefined })), /no access token/);
    },
  );

  test("permissions that there are not allow nothing, and those of a tenant nothing on the platform", async () => {
    const token = await sign(
      ours,
      good({ permissions: ["*", "models:*", "MODELS:READ", "toString", "tenants:read:platform"] }),
    );
    await expectProblem(await knock(token), 403, "insufficient-scope");
    await expectProblem(await knock(token, "/admin/tenants"), 401, "invalid-token");
  });

  test.each(["null", "[]", '"text"', "1", "{", "", "\u00ff", '{"exp":1e999}'])(
    "the payload %j is refused",
    async (payload) => {
      const signed = `${part(header())}.${part(payload)}`;
      const signature = await crypto.subtle.sign("Ed25519", ours.privateKey, Buffer.from(signed));
      await expectRefusal(
        `${signed}.${Buffer.from(signature).toString("base64url")}`,
        /no access token|another server/,
      );
    },
  );
});

describe("form", () => {
  test.each([
    ["one part", (token: string) => token.split(".")[0] ?? ""],
    ["two parts", (token: string) => token.split(".").slice(0, 2).join(".")],
    ["three dots", (token: string) => `${token}.`],
    ["five parts, as of an encrypted token", (token: string) => `${token}.AAAA.AAAA`],
    ["no payload", (token: string) => token.replace(/\..*\./, "..")],
    ["padding", (token: string) => `${token}==`],
    ["characters of base64 that URLs have not", (token: string) => `${token.slice(0, -4)}+/+/`],
    ["a truncated signature", (token: string) => token.slice(0, -1)],
    ["a header that is no JSON", (token: string) => `eyJ${token.slice(4)}`],
    ["a megabyte's beginning", (token: string) => token.replace(".", `${"A".repeat(20_000)}.`)],
  ])("a token with %s is refused", async (_what, change) => {
    await expectRefusal(change(await sign(ours, good())), /no access token|not signed by this server/);
  });

  test("a token longer than any of ours is refused though we signed it", async () => {
    await expectRefusal(
      await sign(ours, good({ roles: Array.from({ length: 900 }, () => "r".repeat(8)) })),
      /no access token/,
    );
  });

  test.each([" ", "	", "%20", "é"])("a token with %j within is none", async (blank) => {
    const token = await sign(ours, good());
    expect((await knock(`${token.slice(0, 30)}${blank}${token.slice(30)}`)).status).toBe(401);
  });

  test("a line's end within a token does not leave the client", async () => {
    const token = await sign(ours, good());
    await expect(
      knock(`${token.slice(0, 30)}
${token.slice(30)}`),
    ).rejects.toThrow(TypeError);
  });
});

describe("tenants", () => {
  test("a token holds for its own tenant's things and finds nothing of another's", async () => {
    const other = await newTenant();
    await deploy(other, "theirs");
    const token = await sign(ours, good());
    await expectProblem(await knock(token, "/v1/models/theirs"), 404, "model-not-found");
    await expectProblem(await knock(token, "/v2/models/theirs"), 404, "version-not-found");
    const { data }: { data: unknown[] } = await (await knock(token, "/v1/models")).json();
    expect(data).toEqual([]);
  });

  test("a token of a tenant that is not there is refused as a key of one is", async () => {
    const token = await sign(ours, good({ tid: "ten_01jd8x3v5cq0q4m2n8h6y7z9ab" }));
    await expectProblem(await knock(token), 401, "invalid-key");
  });

  test("a key that was taken back holds no more where it was not read before", async () => {
    const brief = await newSigner();
    await publish(brief);
    const token = await sign(brief, good());
    expect((await knock(token)).status).toBe(200);
    await env.DB.prepare("DELETE FROM signing_keys WHERE id = ?").bind(brief.kid).run();
    await expectRefusal(token, /not signed by this server/);
  });
});
