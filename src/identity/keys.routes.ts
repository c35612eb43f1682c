import { createRoute } from "@hono/zod-openapi";
import { createRouter } from "../http/router.ts";
import { pageQuery } from "../http/contract.schemas.ts";
import { json, jsonRequest, pageOf, problems, toPage } from "../http/contract.ts";
import { doerOf } from "../http/doer.ts";
import { jsonBody } from "../http/json-body.ts";
import { isId } from "../shared/ids.ts";
import { noKey, refuseExcess, refuseKey } from "./keys.problems.ts";
import { excessOf } from "./keys.rules.ts";
import {
  createdKeySchema,
  keyChangeFrom,
  keyChangeSchema,
  keyParams,
  keySchema,
  keyWishFrom,
  newKeySchema,
  presentKey,
  rotationSchema,
} from "./keys.schemas.ts";
import { changeKey, createKey, readKey, readKeys, revokeKey } from "./keys.service.ts";
import { needs } from "./needs.ts";
import { rotateKey } from "./rotation.service.ts";

const tags = ["API keys"];
const READS = "Needs the scope `keys:read`, or `keys:read:own` for the keys of one's own.";
const WRITES = "Needs the scope `keys:write`, or `keys:write:own` for the keys of one's own.";

const createKeyRoute = createRoute({
  method: "post",
  path: "/v1/keys",
  operationId: "createKey",
  summary: "Make an API key",
  description: `${WRITES} A key is given no scope that its maker does not hold, and never allows more than the roles of the person who made it.`,
  tags,
  ...needs("keys:write:own", jsonBody),
  request: { body: jsonRequest(newKeySchema) },
  responses: { 201: json(createdKeySchema, "The key, shown this once."), ...problems },
});

const listKeysRoute = createRoute({
  method: "get",
  path: "/v1/keys",
  operationId: "listKeys",
  summary: "List API keys, revoked ones included",
  description: READS,
  tags,
  ...needs("keys:read:own"),
  request: { query: pageQuery },
  responses: { 200: json(pageOf(keySchema), "One page of keys, oldest first."), ...problems },
});

const readKeyRoute = createRoute({
  method: "get",
  path: "/v1/keys/{key_id}",
  operationId: "readKey",
  summary: "Read an API key",
  description: `${READS} The key itself is not kept and can't be read.`,
  tags,
  ...needs("keys:read:own"),
  request: { params: keyParams },
  responses: { 200: json(keySchema, "The key."), ...problems },
});

const changeKeyRoute = createRoute({
  method: "patch",
  path: "/v1/keys/{key_id}",
  operationId: "changeKey",
  summary: "Change an API key",
  description:
    `${WRITES} What is left out stays. Scopes and models may be those that the key has already, and those of the caller. ` +
    "When the call returns, the next request with the key meets the change.",
  tags,
  ...needs("keys:write:own", jsonBody),
  request: { params: keyParams, body: jsonRequest(keyChangeSchema) },
  responses: { 200: json(keySchema, "The key as it is now."), ...problems },
});

const rotateKeyRoute = createRoute({
  method: "post",
  path: "/v1/keys/{key_id}/rotate",
  operationId: "rotateKey",
  summary: "Replace an API key",
  description:
    `${WRITES} The new key has the old one's settings, and the caller's reach must cover them. Both work until the grace period ` +
    "is over; then the old one is refused. The new key is made by the caller.",
  tags,
  ...needs("keys:write:own", jsonBody),
  request: { params: keyParams, body: jsonRequest(rotationSchema) },
  responses: { 201: json(createdKeySchema, "The new key, shown this once."), ...problems },
});

const revokeKeyRoute = createRoute({
  method: "delete",
  path: "/v1/keys/{key_id}",
  operationId: "revokeKey",
  summary: "Revoke an API key",
  description: `${WRITES} When the call returns, the next request with the key is refused.`,
  tags,
  ...needs("keys:write:own"),
  request: { params: keyParams },
  responses: { 204: { description: "The key is revoked." }, ...problems },
});

/** API keys, by their own tenant. */
export const keyRoutes = createRouter()
  .openapi(createKeyRoute, async (c) => {
    const wish = keyWishFrom(c.req.valid("json"));
    const { caller } = c.var;
    const excess = excessOf(wish, caller);
    if (excess) return refuseExcess(c, excess);
    const maker = { ...doerOf(c), createdBy: caller.callerId, userId: caller.userId };
    const { key, row } = await createKey(caller.tenantId, c.var.services, wish, maker);
    return c.json({ ...presentKey(row), key }, 201);
  })
  .openapi(listKeysRoute, async (c) => {
    const { limit, after } = c.req.valid("query");
    const { caller, services } = c.var;
    const keys = await readKeys(caller.tenantId, services, caller, { limit, after });
    return c.json(
      toPage(
        keys,
        limit,
        ({ row }) => row.id,
        ({ row, lastUsedMs }) => presentKey(row, lastUsedMs),
      ),
      200,
    );
  })
  .openapi(readKeyRoute, async (c) => {
    const { key_id: keyId } = c.req.valid("param");
    const { caller, services } = c.var;
    const found = isId("key", keyId) ? await readKey(caller.tenantId, services, caller, keyId) : undefined;
    return found ? c.json(presentKey(found.row, found.lastUsedMs), 200) : noKey(c, keyId);
  })
  .openapi(changeKeyRoute, async (c) => {
    const { key_id: keyId } = c.req.valid("param");
    if (!isId("key", keyId)) return noKey(c, keyId);
    const { caller, services } = c.var;
    const change = keyChangeFrom(c.req.valid("json"));
    const done = await changeKey(caller.tenantId, services, { caller, keyId, change, by: doerOf(c) });
    if (done.kind !== "changed") return refuseKey(c, keyId, done);
    return c.json(presentKey(done.changed.row, done.changed.lastUsedMs), 200);
  })
  .openapi(rotateKeyRoute, async (c) => {
    const { key_id: keyId } = c.req.valid("param");
    if (!isId("key", keyId)) return noKey(c, keyId);
    const { caller, services } = c.var;
    const maker = { ...doerOf(c), createdBy: caller.callerId, userId: caller.userId };
    const graceMs = c.req.valid("json").grace_period_seconds * 1000;
    const done = await rotateKey(caller.tenantId, services, { caller, keyId, graceMs, maker });
    if (done.kind !== "rotated") return refuseKey(c, keyId, done);
    return c.json({ ...presentKey(done.row), key: done.key }, 201);
  })
  .openapi(revokeKeyRoute, async (c) => {
    const { key_id: keyId } = c.req.valid("param");
    const { caller, services } = c.var;
    const revoked =
      isId("key", keyId) && (await revokeKey(caller.tenantId, services, { caller, keyId, by: doerOf(c) }));
    return revoked ? c.body(null, 204) : noKey(c, keyId);
  });
