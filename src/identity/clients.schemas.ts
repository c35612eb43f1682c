import { z } from "@hono/zod-openapi";
import { timestamp } from "../http/contract.schemas.ts";
import { toTimestamp } from "../shared/clock.ts";
import {
  CLIENT_AUTH_METHODS,
  CLIENT_GRANT_TYPES,
  type ClientWish,
  OPENID_SCOPES,
  isRedirectUri,
} from "./clients.rules.ts";
import { TENANT_GRANTS } from "./permissions.rules.ts";

const scope = z.enum([...OPENID_SCOPES, ...TENANT_GRANTS]);
const name = z.string().trim().min(1).max(100);
const redirectUris = z
  .array(
    z
      .string()
      .max(2_000)
      .refine(isRedirectUri, "must be https, or http on 127.0.0.1, [::1] or localhost, with no fragment, user or *"),
  )
  .max(20)
  .openapi({
    example: ["https://app.example.com/callback"],
    description: "Where codes are sent, compared character by character. On a loopback address any port will do.",
  });
const grantTypes = z
  .array(z.enum(CLIENT_GRANT_TYPES))
  .min(1)
  .transform((types) => [...new Set(types)])
  .openapi({ example: ["authorization_code", "refresh_token"] });
const scopes = z
  .array(scope)
  .min(1)
  .transform((all) => [...new Set(all)])
  .openapi({ example: ["openid", "offline_access", "models:infer"] });
const authMethod = z.enum(CLIENT_AUTH_METHODS).openapi({
  example: "client_secret_basic",
  description: "`none`: a public client, such as an app on somebody's machine, which can keep no secret.",
});

export const newClientSchema = z
  .strictObject({
    name,
    redirect_uris: redirectUris.default([]),
    grant_types: grantTypes,
    scopes,
    token_endpoint_auth_method: authMethod.default("client_secret_basic"),
  })
  .openapi("NewOAuthClient");

export const clientChangeSchema = z
  .strictObject({ name, redirect_uris: redirectUris, grant_types: grantTypes, scopes, disabled: z.boolean() })
  .partial()
  .openapi("OAuthClientChange");

export const clientSchema = z
  .object({
    client_id: z.string().openapi({ example: "cli_01jd8x3v5cq0q4m2n8h6y7z9ab" }),
    name: z.string(),
    redirect_uris: z.array(z.string()),
    grant_types: z.array(z.enum(CLIENT_GRANT_TYPES)),
    scopes: z.array(scope),
    token_endpoint_auth_method: authMethod,
    disabled: z.boolean(),
    created_by: z.string().nullable(),
    created_at: timestamp,
  })
  .openapi("OAuthClient");

export const clientWithSecretSchema = clientSchema
  .extend({
    client_secret: z
      .string()
      .optional()
      .openapi({ description: "The secret. It is shown this once and not stored. A public client has none." }),
  })
  .openapi("OAuthClientWithSecret");

/** A new client as the service takes it. */
export function clientWishFrom(wish: z.infer<typeof newClientSchema>): ClientWish {
  const { name: called, redirect_uris: uris, grant_types: types, token_endpoint_auth_method: method } = wish;
  const fields = { name: called, redirectUris: uris, grantTypes: types, authMethod: method };
  return { ...fields, scopes: wish.scopes, disabled: false };
}

/** What is to change, as the service takes it. */
export function clientChangeFrom(change: z.infer<typeof clientChangeSchema>): Partial<ClientWish> {
  const { redirect_uris: uris, grant_types: types, name: called, scopes: all, disabled } = change;
  return {
    ...(called !== undefined && { name: called }),
    ...(all !== undefined && { scopes: all }),
    ...(disabled !== undefined && { disabled }),
    ...(uris !== undefined && { redirectUris: uris }),
    ...(types !== undefined && { grantTypes: types }),
  };
}

/** A client as the API shows it. */
export function presentClient(
  client: ClientWish & { readonly id: string; readonly createdBy: string | null; readonly createdAtMs: number },
) {
  return {
    client_id: client.id,
    name: client.name,
    redirect_uris: [...client.redirectUris],
    grant_types: [...client.grantTypes],
    scopes: client.scopes.map((one) => scope.parse(one)),
    token_endpoint_auth_method: client.authMethod,
    disabled: client.disabled,
    created_by: client.createdBy,
    created_at: toTimestamp(client.createdAtMs),
  };
}
