-- The deployment's own command line logs in by the device flow (RFC 8628). It is public, belongs to no tenant, and what it may do is what
-- the person may in the tenant that they let it into.
INSERT INTO oauth_clients (id, client_id, name, disabled, scopes, client_credentials_scopes, redirect_uris, token_endpoint_auth_method, grant_types, response_types, require_pkce, created_at, updated_at)
VALUES (
  'cli_0000000000000000tens0rgate', 'cli_0000000000000000tens0rgate', 'Tensorgate command line', 0,
  NULL, -- all scopes that there are
  '[]', '[]', 'none', '["urn:ietf:params:oauth:grant-type:device_code","refresh_token"]', '[]', 1, 0, 0
);
