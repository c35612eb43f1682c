import { z } from "zod";

const credential = z.string().default("");

/** The variables of providers that people may log in with, besides this deployment's own passwords and passkeys. */
export const logInVariables = {
  GOOGLE_CLIENT_ID: credential,
  GOOGLE_CLIENT_SECRET: credential,
  GITHUB_CLIENT_ID: credential,
  GITHUB_CLIENT_SECRET: credential,
  OIDC_ISSUER: z
    .url({ protocol: /^https$/, error: "must be empty or the issuer's URL, such as https://id.example.com" })
    .or(z.literal(""))
    .default(""),
  OIDC_CLIENT_ID: credential,
  OIDC_CLIENT_SECRET: credential,
  OIDC_ALLOWED_DOMAINS: z
    .string()
    .default("")
    .transform((list) => list.split(/[\s,]+/).filter((domain) => domain !== ""))
    .pipe(
      z.array(
        z
          .string()
          .regex(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/, "must be domains in lower case, parted by commas, such as example.com"),
      ),
    ),
};

type LogInVariables = z.infer<z.ZodObject<typeof logInVariables>>;

/** What a provider knows this deployment by. */
export interface ProviderClient {
  readonly clientId: string;
  readonly clientSecret: string;
}

/** Where else people may log in; undefined where that is not set up. */
export interface LogInProviders {
  readonly google?: ProviderClient | undefined;
  readonly github?: ProviderClient | undefined;
  readonly oidc?: (ProviderClient & OidcProvider) | undefined;
}

interface OidcProvider {
  readonly issuer: string;
  /** Domains of e-mail addresses that the provider speaks for; empty: any. */
  readonly allowedDomains: readonly string[];
}

const TOGETHER = [
  ["GOOGLE_CLIENT_ID", "GOOGLE_CLIENT_SECRET"],
  ["GITHUB_CLIENT_ID", "GITHUB_CLIENT_SECRET"],
  ["OIDC_ISSUER", "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET"],
] as const satisfies (keyof LogInVariables)[][];

/** A provider is set up with all of its variables, or with none. */
export function requireWholeProviders(variables: LogInVariables, ctx: z.RefinementCtx): void {
  for (const names of TOGETHER) {
    const missing = names.filter((name) => variables[name] === "");
    if (missing.length === 0 || missing.length === names.length) continue;
    const given = names.filter((name) => !missing.includes(name));
    for (const name of missing) {
      ctx.addIssue({ code: "custom", path: [name], message: `is missing; ${given.join(" and ")} can't do without it` });
    }
  }
}

export function readLogInProviders(variables: LogInVariables): LogInProviders {
  const { GOOGLE_CLIENT_ID, GOOGLE_CLIENT_SECRET, GITHUB_CLIENT_ID, GITHUB_CLIENT_SECRET } = variables;
  const oidc = clientFrom(variables.OIDC_CLIENT_ID, variables.OIDC_CLIENT_SECRET);
  const { OIDC_ISSUER: issuer, OIDC_ALLOWED_DOMAINS: allowedDomains } = variables;
  return {
    google: clientFrom(GOOGLE_CLIENT_ID, GOOGLE_CLIENT_SECRET),
    github: clientFrom(GITHUB_CLIENT_ID, GITHUB_CLIENT_SECRET),
    oidc: oidc && { ...oidc, issuer, allowedDomains },
  };
}

function clientFrom(clientId: string, clientSecret: string): ProviderClient | undefined {
  return clientId === "" ? undefined : { clientId, clientSecret };
}
