import { describe, expect, test } from "vitest";
import {
  type ClientWish,
  faultsOf,
  grantsOfScopes,
  isRedirectUri,
  newClientSecret,
} from "../../src/identity/clients.rules.ts";

const APP: ClientWish = {
  name: "App",
  redirectUris: ["https://app.example.com/callback"],
  grantTypes: ["authorization_code", "refresh_token"],
  scopes: ["openid", "models:read"],
  authMethod: "none",
  disabled: false,
};

describe("an address that codes are sent to", () => {
  test.each([
    "https://app.example.com/callback?tenant=1",
    "http://127.0.0.1/cb",
    "http://[::1]:80/cb",
    "http://localhost:1/",
  ])("may be %s", (uri) => expect(isRedirectUri(uri)).toBe(true));

  test.each([
    "http://app.example.com/callback",
    "http://localhost.example.com/",
    "http://127.0.0.1.example.com/",
    "https://app.example.com/#",
    "https://user:secret@app.example.com/",
    "https://*.example.com/",
    "com.example.app:/callback",
    "javascript:alert(1)",
    "data:text/html,x",
    "//app.example.com",
    "/callback",
    "",
  ])("may not be %j", (uri) => expect(isRedirectUri(uri)).toBe(false));
});

describe("what a client is given goes together", () => {
  test.each<[Partial<ClientWish>, string[]]>([
    [{}, []],
    [{ redirectUris: [] }, ["redirect_uris"]],
    [{ grantTypes: ["refresh_token"], redirectUris: [] }, ["grant_types"]],
    [{ grantTypes: ["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"], redirectUris: [] }, []],
    [{ grantTypes: ["client_credentials"], redirectUris: [], authMethod: "client_secret_basic" }, []],
    [
      { grantTypes: ["client_credentials"], redirectUris: [], scopes: ["openid"] },
      ["token_endpoint_auth_method", "scopes"],
    ],
  ])("%j is at fault in %j", (change, fields) => {
    expect(faultsOf({ ...APP, ...change }).map(({ field }) => field)).toEqual(fields);
  });

  test("the permissions among its scopes are those that there are", () => {
    expect(grantsOfScopes(["openid", "models:read", "models:everything"])).toEqual(["models:read"]);
  });
});

test("no two secrets are alike", () => {
  expect(new Set(Array.from({ length: 100 }, newClientSecret)).size).toBe(100);
});
