import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { AppEnv } from "../http/context.ts";
import { pageQuery } from "../http/contract.schemas.ts";
import { json, jsonRequest, pageOf, problems, toPage } from "../http/contract.ts";
import { doerOf } from "../http/doer.ts";
import { jsonBody } from "../http/json-body.ts";
import { problem } from "../http/problem.ts";
import { createRouter } from "../http/router.ts";
import { isId } from "../shared/ids.ts";
import {
  clientChangeFrom,
  clientChangeSchema,
  clientSchema,
  clientWishFrom,
  clientWithSecretSchema,
  newClientSchema,
  presentClient,
} from "./clients.schemas.ts";
import {
  type ClientOutcome,
  type Registrar,
  changeClient,
  createClient,
  readClient,
  readClients,
  removeClient,
  rotateSecret,
} from "./clients.service.ts";
import { needs } from "./needs.ts";

const tags = ["OAuth clients"];
const params = z.object({ client_id: z.string().openapi({ example: "cli_01jd8x3v5cq0q4m2n8h6y7z9ab" }) });
const OWN = "With `:own` alone, only the clients that the caller registered are there.";

const createClientRoute = createRoute({
  method: "post",
  path: "/v1/clients",
  operationId: "createClient",
  summary: "Register an OAuth client",
  description: `Needs \`clients:write:own\`. A client is given no permission that its maker does not hold. ${OWN}`,
  tags,
  ...needs("clients:write:own", jsonBody),
  request: { body: jsonRequest(newClientSchema) },
  responses: { 201: json(clientWithSecretSchema, "The client; its secret is shown this once."), ...problems },
});

const listClientsRoute = createRoute({
  method: "get",
  path: "/v1/clients",
  operationId: "listClients",
  summary: "List OAuth clients",
  description: `Needs \`clients:read:own\`. ${OWN}`,
  tags,
  ...needs("clients:read:own"),
  request: { query: pageQuery },
  responses: { 200: json(pageOf(clientSchema), "One page of clients, oldest first."), ...problems },
});

const getClientRoute = createRoute({
  method: "get",
  path: "/v1/clients/{client_id}",
  operationId: "getClient",
  summary: "Read an OAuth client",
  description: `Needs \`clients:read:own\`. ${OWN}`,
  tags,
  ...needs("clients:read:own"),
  request: { params },
  responses: { 200: json(clientSchema, "The client."), ...problems },
});

const changeClientRoute = createRoute({
  method: "patch",
  path: "/v1/clients/{client_id}",
  operationId: "changeClient",
  summary: "Change or disable an OAuth client",
  description: `Needs \`clients:write:own\`. When the call returns, access tokens that the client got before are void. ${OWN}`,
  tags,
  ...needs("clients:write:own", jsonBody),
  request: { params, body: jsonRequest(clientChangeSchema) },
  responses: { 200: json(clientSchema, "The client as it is now."), ...problems },
});

const rotateSecretRoute = createRoute({
  method: "post",
  path: "/v1/clients/{client_id}/secret",
  operationId: "rotateClientSecret",
  summary: "Give an OAuth client a new secret",
  description: `Needs \`clients:write:own\`. When the call returns, the old secret is refused, and access tokens from before are void. ${OWN}`,
  tags,
  ...needs("clients:write:own"),
  request: { params },
  responses: { 200: json(clientWithSecretSchema, "The client; its secret is shown this once."), ...problems },
});

const deleteClientRoute = createRoute({
  method: "delete",
  path: "/v1/clients/{client_id}",
  operationId: "deleteClient",
  summary: "Delete an OAuth client",
  description: `Needs \`clients:write:own\`. When the call returns, no token of the client holds. ${OWN}`,
  tags,
  ...needs("clients:write:own"),
  request: { params },
  responses: { 204: { description: "The client is gone." }, ...problems },
});

/** OAuth clients, by the tenant that owns them. */
export const clientRoutes = createRouter()
  .openapi(createClientRoute, async (c) => {
    const outcome = await createClient(c.var.services, registrarOf(c), clientWishFrom(c.req.valid("json")));
    return outcome.kind === "done" ? c.json(presentWithSecret(outcome), 201) : refuseClient(c, outcome);
  })
  .openapi(listClientsRoute, async (c) => {
    const { limit, after } = c.req.valid("query");
    const clients = await readClients(c.var.services, c.var.caller, { limit, after });
    return c.json(
      toPage(clients, limit, ({ id }) => id, presentClient),
      200,
    );
  })
  .openapi(getClientRoute, async (c) => {
    const { client_id: id } = c.req.valid("param");
    const client = isId("cli", id) ? await readClient(c.var.services, c.var.caller, id) : undefined;
    return client ? c.json(presentClient(client), 200) : refuseClient(c, NOT_FOUND);
  })
  .openapi(changeClientRoute, async (c) => {
    const { client_id: id } = c.req.valid("param");
    const change = clientChangeFrom(c.req.valid("json"));
    const outcome = isId("cli", id) ? await changeClient(c.var.services, registrarOf(c), id, change) : NOT_FOUND;
    return outcome.kind === "done" ? c.json(presentClient(outcome.client), 200) : refuseClient(c, outcome);
  })
  .openapi(rotateSecretRoute, async (c) => {
    const { client_id: id } = c.req.valid("param");
    const outcome = isId("cli", id) ? await rotateSecret(c.var.services, registrarOf(c), id) : NOT_FOUND;
    return outcome.kind === "done" ? c.json(presentWithSecret(outcome), 200) : refuseClient(c, outcome);
  })
  .openapi(deleteClientRoute, async (c) => {
    const { client_id: id } = c.req.valid("param");
    const isGone = isId("cli", id) && (await removeClient(c.var.services, registrarOf(c), id));
    return isGone ? c.body(null, 204) : refuseClient(c, NOT_FOUND);
  });

const NOT_FOUND = { kind: "not-found" } as const;

function registrarOf(c: Context<AppEnv>): Registrar {
  return { ...c.var.caller, doer: doerOf(c) };
}

function presentWithSecret({ client, secret }: Extract<ClientOutcome, { kind: "done" }>) {
  return { ...presentClient(client), ...(secret !== undefined && { client_secret: secret }) };
}

function refuseClient(c: Context<AppEnv>, outcome: Exclude<ClientOutcome, { kind: "done" }>) {
  switch (outcome.kind) {
    case "not-found":
      return problem(c, "client-not-found", `There is no client "${c.req.param("client_id") ?? ""}".`);
    case "excess": {
      const detail = `scopes: you lack ${outcome.excess.join(", ")}, so you can't decide about a client that holds it.`;
      const members = { required: outcome.excess, held: c.var.caller.scopes };
      return problem(c, "insufficient-scope", detail, { members });
    }
    case "faulty": {
      const detail = outcome.faults.map(({ field, message }) => `${field}: ${message}`).join("; ");
      return problem(c, "invalid-request", detail, { members: { errors: outcome.faults } });
    }
    case "quota-reached":
      return problem(c, "quota-reached", `The tenant has ${outcome.max} clients, which is the most; delete one first.`);
    case "public": {
      const errors = [{ field: "client_id", message: "is a public client, which has no secret" }];
      return problem(c, "invalid-request", "client_id: is a public client, which has no secret.", {
        members: { errors },
      });
    }
  }
}
