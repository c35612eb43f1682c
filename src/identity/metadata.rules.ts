/** What clients of this server can show that they know a secret by. */
const SECRET_METHODS = ["client_secret_basic", "client_secret_post"];

const ID_TOKEN_CLAIMS = ["sub", "iss", "aud", "exp", "iat", "auth_time", "acr", "at_hash", "nonce"];
const USER_INFO_CLAIMS = ["name", "given_name", "family_name", "picture", "email", "email_verified"];

/** What the provider's document says and doesn't hold here: clients register no keys, logout addresses or DPoP. */
const NOT_OFFERED: ReadonlySet<string> = new Set([
  "token_endpoint_auth_signing_alg_values_supported",
  "introspection_endpoint_auth_signing_alg_values_supported",
  "revocation_endpoint_auth_signing_alg_values_supported",
  "dpop_signing_alg_values_supported",
  "backchannel_logout_supported",
  "backchannel_logout_session_supported",
  "end_session_endpoint",
]);

/**
 * The server's metadata, as far as it is true of this deployment.
 *
 * @param provided  what the provider says of itself
 * @see RFC 8414 section 2, https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata
 */
export function metadataOf(provided: Readonly<Record<string, unknown>>, issuer: string): Record<string, unknown> {
  return {
    ...Object.fromEntries(Object.entries(provided).filter(([name]) => !NOT_OFFERED.has(name))),
    issuer,
    token_endpoint_auth_methods_supported: [...SECRET_METHODS, "none"],
    revocation_endpoint_auth_methods_supported: [...SECRET_METHODS, "none"],
    introspection_endpoint_auth_methods_supported: SECRET_METHODS,
    prompt_values_supported: ["login", "consent", "none"],
    claims_supported: [...ID_TOKEN_CLAIMS, ...USER_INFO_CLAIMS],
  };
}
