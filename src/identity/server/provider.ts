import { type OAuthProviderApi, getOAuthProviderApi } from "@better-auth/oauth-provider";

type EndpointContext = Parameters<typeof getOAuthProviderApi>[0];

/** A refresh token as the provider keeps it. */
export interface RefreshTokenRow {
  readonly id: string;
  readonly clientId: string;
  readonly userId: string;
  readonly sessionId?: string | null;
  readonly referenceId?: string | null;
  /** Null for one of the device flow. */
  readonly authorizationCodeId?: string | null;
  readonly revoked?: Date | null;
}

/** The provider's own authentication of clients and hashing of tokens, for what is answered before it. */
export function providerOf(ctx: EndpointContext): OAuthProviderApi {
  const provider = ctx.context.getPlugin("oauth-provider");
  if (!provider) throw new Error("The authorization server runs without its provider.");
  return getOAuthProviderApi(ctx, provider.options);
}

/** The refresh token of this text; undefined where there is none. */
export async function findRefreshToken(ctx: EndpointContext, token: string): Promise<RefreshTokenRow | undefined> {
  const value = await providerOf(ctx).hashToken(token, "refresh_token");
  const where = [{ field: "token", value }];
  return (await ctx.context.adapter.findOne<RefreshTokenRow>({ model: "oauthRefreshToken", where })) ?? undefined;
}
