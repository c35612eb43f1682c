import { createHash } from "node:crypto";
import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { readStream } from "../../engine/body.ts";
import { parseJsonBody } from "../../engine/json-body.ts";
import { Refusal } from "../../engine/refusal.ts";
import { json, jsonRequest, problems } from "../http/contract.ts";
import type { AppEnv } from "../http/context.ts";
import { doerOf } from "../http/doer.ts";
import { problem } from "../http/problem.ts";
import { refuseByEngine } from "../http/refusals.ts";
import { createRouter, refuseFields } from "../http/router.ts";
import { leaksSchema, verdictsSchema } from "./leaks.schemas.ts";
import { revokeLeaked } from "./leaks.service.ts";

const MAX_REPORT_BYTES = 1024 ** 2;

const leaksRoute = createRoute({
  method: "post",
  path: "/secret-scanning/alerts",
  operationId: "reportLeakedKeys",
  summary: "Report API keys that were found in public",
  description:
    "For GitHub's secret scanning, and others who report as it does: the body is signed, and the reporter's public key must be one " +
    "that this deployment believes. Keys of ours are revoked before the answer. Only API keys are taken: access tokens last for " +
    "minutes. May be repeated; an Idempotency-Key means nothing here.",
  tags: ["Service"],
  security: [],
  request: {
    headers: z.object({
      "github-public-key-identifier": z.string().openapi({ description: "Which of the reporter's keys has signed." }),
      "github-public-key-signature": z
        .string()
        .openapi({ description: "ECDSA on P-256 with SHA-256 over the raw body: DER in base64." }),
    }),
    body: jsonRequest(leaksSchema),
  },
  responses: { 200: json(verdictsSchema, "Which of them are keys of ours."), ...problems },
});

/** Leaked keys, by whoever finds them. The signature is over the bytes as they came, so the body is read here. */
export const leakRoutes = createRouter();
leakRoutes.openAPIRegistry.registerPath(leaksRoute);

leakRoutes.post(leaksRoute.getRoutingPath(), async (c) => {
  try {
    const body = await readReport(c);
    if (body instanceof Response) return body;
    const parsed = leaksSchema.safeParse(parseJsonBody(body).value);
    if (!parsed.success) return refuseFields(c, parsed.error);
    const by = { ...doerOf(c), actor: { kind: "unknown" } } as const;
    const ours = await revokeLeaked(c.var.services, parsed.data, by);
    return c.json(
      parsed.data.map(({ token, type }) => ({
        token_hash: createHash("sha256").update(token).digest("hex"),
        token_type: type,
        label: ours.has(token) ? "true_positive" : "false_positive",
      })),
      200,
    );
  } catch (error) {
    if (error instanceof Refusal) return refuseByEngine(c, error);
    throw error;
  }
});

/** The body, if a reporter has signed it. @throws Refusal when it is too large */
async function readReport(c: Context<AppEnv>): Promise<Uint8Array<ArrayBuffer> | Response> {
  const keyId = c.req.header("Github-Public-Key-Identifier");
  const signature = c.req.header("Github-Public-Key-Signature");
  if (keyId === undefined || signature === undefined) {
    const detail = "Send Github-Public-Key-Identifier and Github-Public-Key-Signature: reports are signed.";
    return problem(c, "signature-invalid", detail);
  }
  const stream = c.req.raw.body;
  const body = stream ? await readStream(stream, MAX_REPORT_BYTES) : new Uint8Array();
  const verified = await c.var.services.reporterKeys.verify(keyId, signature, body);
  if (verified === "genuine") return body;
  const fault = verified === "forged" ? "The signature does not fit the body." : "No reporter has a key of this id.";
  return problem(c, "signature-invalid", fault);
}
