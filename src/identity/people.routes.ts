import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { json, problems } from "../http/contract.ts";
import type { AppEnv } from "../http/context.ts";
import { doerOf } from "../http/doer.ts";
import { problem } from "../http/problem.ts";
import { createRouter } from "../http/router.ts";
import { toTimestamp } from "../shared/clock.ts";
import { isId } from "../shared/ids.ts";
import { needsPlatform } from "./needs.ts";
import { type Person, personOf, reinstatePerson, suspendPerson } from "./people.service.ts";

const personSchema = z
  .object({
    id: z.string().openapi({ example: "usr_01jd8x3v5cq0q4m2n8h6y7z9ab" }),
    email: z.string(),
    name: z.string(),
    email_verified: z.boolean(),
    has_second_factor: z.boolean().openapi({ description: "Whether codes of an authenticator app are asked for." }),
    status: z.enum(["active", "suspended"]),
    created_at: z.string(),
  })
  .openapi("Person");

const personParam = z.object({ user_id: z.string().openapi({ example: "usr_01jd8x3v5cq0q4m2n8h6y7z9ab" }) });

const findPersonRoute = createRoute({
  method: "get",
  path: "/admin/people",
  operationId: "findPerson",
  summary: "Find a person by e-mail address",
  tags: ["Operator"],
  ...needsPlatform("people:read:platform"),
  request: { query: z.object({ email: z.email("must be an e-mail address") }) },
  responses: { 200: json(personSchema, "The person."), ...problems },
});

const suspendPersonRoute = createRoute({
  method: "post",
  path: "/admin/people/{user_id}/suspend",
  operationId: "suspendPerson",
  summary: "Suspend a person",
  description: "When the call returns, their log-ins have ended, their tokens are refused, and they log in nowhere.",
  tags: ["Operator"],
  ...needsPlatform("people:write:platform"),
  request: { params: personParam },
  responses: { 200: json(personSchema, "The person as they are now."), ...problems },
});

const reinstatePersonRoute = createRoute({
  method: "post",
  path: "/admin/people/{user_id}/reinstate",
  operationId: "reinstatePerson",
  summary: "Let a suspended person in again",
  description: "They log in anew: what they held before stays void.",
  tags: ["Operator"],
  ...needsPlatform("people:write:platform"),
  request: { params: personParam },
  responses: { 200: json(personSchema, "The person as they are now."), ...problems },
});

/** People, by the platform's own. */
export const peopleRoutes = createRouter()
  .openapi(findPersonRoute, async (c) => {
    const { email } = c.req.valid("query");
    const person = await personOf(c.var.services, email);
    return person ? c.json(presentPerson(person), 200) : noPerson(c, email);
  })
  .openapi(suspendPersonRoute, async (c) => {
    const { user_id: userId } = c.req.valid("param");
    const person = isId("usr", userId) ? await suspendPerson(c.var.services, userId, doerOf(c)) : undefined;
    return person ? c.json(presentPerson(person), 200) : noPerson(c, userId);
  })
  .openapi(reinstatePersonRoute, async (c) => {
    const { user_id: userId } = c.req.valid("param");
    const person = isId("usr", userId) ? await reinstatePerson(c.var.services, userId, doerOf(c)) : undefined;
    return person ? c.json(presentPerson(person), 200) : noPerson(c, userId);
  });

function noPerson(c: Context<AppEnv>, who: string) {
  return problem(c, "person-not-found", `There is no person "${who}".`);
}

function presentPerson(person: Person): z.infer<typeof personSchema> {
  return {
    id: person.id,
    email: person.email,
    name: person.name,
    email_verified: person.emailVerified,
    has_second_factor: person.twoFactorEnabled === true,
    status: person.status,
    created_at: toTimestamp(person.createdAt.getTime()),
  };
}
