import { type CryptoKey, SignJWT, exportJWK, generateKeyPair } from "jose";
import { newId } from "../src/shared/ids.ts";
import { type Finding, type Setting, comparing } from "./benchmark.ts";
import { type Deployment, post, register } from "./deployment.ts";
import { httpRequest } from "./http-connection.ts";
import { httpContender } from "./http-load.ts";
import { startUps } from "./identity-start-up.ts";
import type { Comparison, Contender } from "./measure.ts";
import type { BenchServer } from "./servers/server.ts";
import { timeExchange } from "./time-exchange.ts";
import { startWorker } from "./servers/workerd.ts";
import { during } from "./workshop.ts";

const IN_FLIGHT = 32;
const KID = "bench";
/** What an access token of an administrator allows: it is as long as one that people have. */
const PERMISSIONS = [
  "models:read",
  "models:write",
  "models:infer",
  "usage:read",
  "keys:read",
  "keys:write",
  "members:read",
];

/** What it costs to know who calls, and what identity costs a Worker that nobody logs in at. */
export async function* credentialsBenchmark(setting: Setting): AsyncIterable<Finding> {
  const { options } = setting;
  yield* comparing(rates)(setting);
  yield await during(setting.workshop, async (workshop) => await startUps(workshop, options.rounds));
}

/** A route that reads a credential and asks nobody, against the same route without it. */
async function rates({ workshop }: Setting): Promise<Comparison[]> {
  const server = await startWorker("bench-worker", "bench/worker/index.ts", workshop);
  const deployment = await register(server);
  const signingKey = await publishKey(server);
  const withToken = async () => await signToken(signingKey, deployment);
  const withKey = async () => await Promise.resolve(deployment.key);
  const against = (what: string, credential: () => Promise<string>): Comparison => ({
    title: `A bare route, and the same one behind what reads ${what}`,
    unit: "requests",
    levels: [IN_FLIGHT],
    contenders: [
      bearerContender("bare", server, "/bench/nothing", credential),
      bearerContender(what, server, "/bench/credentials", credential),
    ],
  });
  return [against("an API key", withKey), against("an access token", withToken)];
}

/**
 * Both routes are sent the same header. Tokens live for minutes: each sample has one of its own, which was verified
 * before it begins.
 */
function bearerContender(
  name: string,
  server: BenchServer,
  path: string,
  credential: () => Promise<string>,
): Contender {
  return {
    name,
    sample: async (inFlight, ms) => {
      const request = httpRequest("POST", path, bearer(await credential()));
      await timeExchange(server, request);
      return await httpContender(name, server, request).sample(inFlight, ms);
    },
  };
}

async function publishKey(server: BenchServer): Promise<CryptoKey> {
  const { privateKey, publicKey } = await generateKeyPair("EdDSA", { extractable: true });
  await post(server, "/bench/signing-keys", {}, { kid: KID, jwk: JSON.stringify(await exportJWK(publicKey)) });
  return privateKey;
}

async function signToken(key: CryptoKey, { tenantId }: Deployment): Promise<string> {
  const nowMs = Date.now();
  const iat = Math.floor(nowMs / 1000);
  const claims = {
    iss: "http://bench",
    aud: "urn:tensorgate:api",
    sub: newId("usr", nowMs),
    tid: tenantId,
    client_id: "tensorgate",
    sid: newId("ses", nowMs),
    jti: crypto.randomUUID(),
    roles: ["admin"],
    permissions: PERMISSIONS,
    scope: PERMISSIONS.join(" "),
    iat_ms: nowMs,
    iat,
    exp: iat + 300,
  };
  return await new SignJWT(claims).setProtectedHeader({ alg: "EdDSA", typ: "at+jwt", kid: KID }).sign(key);
}

function bearer(token: string): Record<string, string> {
  return { Authorization: `Bearer ${token}` };
}
