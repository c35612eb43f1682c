import { randomBase32 } from "../shared/ids.ts";
import { type Grant, grantFrom } from "./permissions.rules.ts";

/** What clients may exchange for tokens. @see RFC 6749, RFC 8628 */
export const CLIENT_GRANT_TYPES = [
  "authorization_code",
  "refresh_token",
  "client_credentials",
  "urn:ietf:params:oauth:grant-type:device_code",
] as const;
export type ClientGrantType = (typeof CLIENT_GRANT_TYPES)[number];

/** Scopes that let a client know who somebody is, or come back without them. @see https://openid.net/specs/openid-connect-core-1_0.html#ScopeClaims */
export const OPENID_SCOPES = ["openid", "profile", "email", "offline_access"] as const;

/** Whether a client can keep a secret, and how it shows that it knows it. @see RFC 6749 section 2.3, RFC 7591 section 2 */
export const CLIENT_AUTH_METHODS = ["client_secret_basic", "client_secret_post", "none"] as const;
export type ClientAuthMethod = (typeof CLIENT_AUTH_METHODS)[number];

export type ClientScope = Grant | (typeof OPENID_SCOPES)[number];

/** What a tenant decides about a client of its own. */
export interface ClientWish {
  readonly name: string;
  readonly redirectUris: readonly string[];
  readonly grantTypes: readonly ClientGrantType[];
  readonly scopes: readonly ClientScope[];
  /** `none`: a public client, which proves by PKCE that it asked for a code. */
  readonly authMethod: ClientAuthMethod;
  readonly disabled: boolean;
}

/** How many clients a tenant may have. */
export const MOST_CLIENTS = 100;

const SECRET_LENGTH = 52;

/** A secret of 260 random bits. */
export function newClientSecret(): string {
  return `tg_secret_${randomBase32(SECRET_LENGTH)}`;
}

/** What of a client's scopes is a permission. */
export function grantsOfScopes(scopes: readonly string[]): Grant[] {
  return scopes.map(grantFrom).filter((grant) => grant !== undefined);
}

/** A client's fields as the API names them, for the audit. */
export function fieldsOf(wish: Partial<ClientWish>): Record<string, unknown> {
  return {
    name: wish.name,
    redirect_uris: wish.redirectUris,
    grant_types: wish.grantTypes,
    scopes: wish.scopes,
    token_endpoint_auth_method: wish.authMethod,
    disabled: wish.disabled,
  };
}

/** One thing about a client that doesn't go with the rest: the field of the API, and what to do. */
export interface ClientFault {
  readonly field: "redirect_uris" | "grant_types" | "scopes" | "token_endpoint_auth_method";
  readonly message: string;
}

/** What doesn't fit together. @see RFC 9700 section 2 */
export function faultsOf({ redirectUris, grantTypes, scopes, authMethod }: ClientWish): ClientFault[] {
  const faults: ClientFault[] = [];
  const takes = (grantType: ClientGrantType): boolean => grantTypes.includes(grantType);
  if (takes("authorization_code") !== redirectUris.length > 0) {
    faults.push({ field: "redirect_uris", message: "is needed with authorization_code, and with nothing else" });
  }
  if (takes("refresh_token") && !takes("authorization_code") && !takes(CLIENT_GRANT_TYPES[3])) {
    faults.push({ field: "grant_types", message: "refresh_token needs authorization_code or device_code beside it" });
  }
  if (!takes("client_credentials")) return faults;
  if (authMethod === "none") {
    faults.push({ field: "token_endpoint_auth_method", message: "client_credentials needs a client with a secret" });
  }
  if (grantsOfScopes(scopes).length === 0) {
    faults.push({ field: "scopes", message: "client_credentials needs a permission, such as models:infer" });
  }
  return faults;
}

const LOOPBACK: ReadonlySet<string> = new Set(["127.0.0.1", "[::1]", "localhost"]);

/**
 * Whether codes may be sent to this address: https, or http on the person's own machine, without a fragment, user or wildcard.
 *
 * @see RFC 6749 section 3.1.2, RFC 8252 section 7.3
 */
export function isRedirectUri(text: string): boolean {
  if (!URL.canParse(text) || text.includes("#") || text.includes("*")) return false;
  const { protocol, hostname, username, password } = new URL(text);
  if (username !== "" || password !== "") return false;
  return protocol === "https:" || (protocol === "http:" && LOOPBACK.has(hostname));
}
