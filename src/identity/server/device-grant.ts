import {
  DEVICE_CODE_GRANT_TYPE,
  type OAuthExtensionGrantHandlerInput,
  extendOAuthProvider,
  oauthDeviceAuthorization,
} from "@better-auth/oauth-provider";
import type { BetterAuthPlugin } from "better-auth";
import { APIError, createAuthMiddleware, getSessionFromCtx } from "better-auth/api";
import { redeemDeviceCode } from "better-auth/plugins/device-authorization";
import { isId } from "../../shared/ids.ts";
import { recordAct } from "./acts.ts";
import type { AuthWorld } from "./auth-world.ts";
import { fieldOf } from "./default-resource.ts";
import type { providerOf } from "./provider.ts";
import { tenantOfSession } from "./session-tenant.ts";

/** How long a device stays logged in without anybody logging it in again: longer than any refresh token lives. */
const DEVICE_SESSION_MS = 90 * 86_400_000;

/** What the plugin keeps of a device that waits, and what we add to it. */
interface DeviceFields extends Record<string, unknown> {
  readonly id: string;
  readonly scope?: string | null;
  readonly oauthClientId?: string | null;
  readonly resources?: string[] | null;
  readonly tenantId?: string | null;
}

type EndpointContext = Parameters<typeof providerOf>[0];
type Plugin = ReturnType<typeof oauthDeviceAuthorization>;

/**
 * The device flow, with what the plugin leaves out: the tenant is bound when the person lets the device in, and the device's log-in is a
 * session of its own, which the person sees among theirs and can end.
 *
 * @see RFC 8628
 */
export function deviceGrant(world: AuthWorld): Plugin {
  const plugin = oauthDeviceAuthorization({
    verificationUri: `${world.issuer}/device`,
    expiresIn: "15m",
    interval: "5s",
  });
  const { fields } = plugin.schema.deviceCode;
  const tenantId = { type: "string", required: false, input: false } as const;
  const additions = {
    schema: { deviceCode: { fields: { ...fields, tenantId } } },
    hooks: {
      before: [{ matcher: isApproval, handler: bindTenant(world) }],
      after: [{ matcher: isApproval, handler: recordApproval(world) }],
    },
    init: (ctx) => {
      extendOAuthProvider(ctx, {
        grants: { [DEVICE_CODE_GRANT_TYPE]: redeem },
        metadata: () => ({ device_authorization_endpoint: `${ctx.baseURL}/device/code` }),
      });
    },
  } satisfies Partial<BetterAuthPlugin>;
  return Object.assign(plugin, additions);
}

function isApproval({ path }: { readonly path?: string | undefined }): boolean {
  return path === "/device/approve";
}

/** Note for which tenant the person is about to let a device in. A tenant's own client is let into that tenant alone. */
function bindTenant(world: AuthWorld) {
  return createAuthMiddleware(async (ctx) => {
    const loggedIn = await getSessionFromCtx(ctx);
    const device = loggedIn && (await deviceOf(ctx, loggedIn.user.id));
    if (!device) return; // the endpoint says so
    const tenantId = await tenantOfSession(world, loggedIn);
    if (tenantId === undefined) throw denied("Choose the tenant that the device is to work in first.");
    const client = await ctx.context.adapter.findOne<{ referenceId?: string | null }>({
      model: "oauthClient",
      where: [{ field: "clientId", value: device.oauthClientId ?? "" }],
    });
    if (typeof client?.referenceId === "string" && client.referenceId !== tenantId) {
      throw denied("The client belongs to another tenant than the one that you work in.");
    }
    const isPending = [
      { field: "id", value: device.id },
      { field: "status", value: "pending" },
    ] as const;
    await ctx.context.adapter.update({ model: "deviceCode", where: [...isPending], update: { tenantId } });
  });
}

function recordApproval(world: AuthWorld) {
  return createAuthMiddleware(async (ctx) => {
    const loggedIn = fieldOf(ctx.context.returned, "success") === true ? await getSessionFromCtx(ctx) : null;
    const device = loggedIn && (await deviceOf(ctx, loggedIn.user.id));
    const tenantId = device?.tenantId ?? "";
    if (!device || !isId("ten", tenantId)) return;
    const actor = { kind: "user", id: loggedIn.user.id } as const;
    const [targetId, after] = [device.oauthClientId ?? "", { scope: device.scope }];
    await recordAct(world, ctx.request, { act: "device.allowed", actor, tenantId, targetId, after });
  });
}

/** The device whose code the person types, once they have looked at what it asks for. */
async function deviceOf(ctx: EndpointContext, userId: string): Promise<DeviceFields | undefined> {
  const userCode = fieldOf(ctx.body, "userCode");
  if (typeof userCode !== "string") return undefined;
  const value = userCode.replaceAll(/[^a-z0-9]/gi, "").toUpperCase();
  const where = [
    { field: "userCode", value },
    { field: "userId", value: userId },
  ];
  return (await ctx.context.adapter.findOne<DeviceFields>({ model: "deviceCode", where })) ?? undefined;
}

/** Exchange a device code that was approved: once, for the client that asked for it, in the tenant that was chosen. */
async function redeem({ ctx, provider }: OAuthExtensionGrantHandlerInput) {
  const deviceCode = fieldOf(ctx.body, "device_code");
  if (typeof deviceCode !== "string") throw tokenError("invalid_request", "device_code is required.");
  const { user, claimedDeviceCode, authorizationContext, redemptionContext } = await redeemDeviceCode({
    ctx,
    deviceCode,
    authorizeRedemption: async (device: Partial<DeviceFields>) => {
      const scopes = (device.scope ?? "").split(" ").filter((scope) => scope !== "");
      const { client, confirmation } = await provider.authenticateClient({ scopes, requireCredentials: false });
      if (device.oauthClientId !== client.clientId) throw tokenError("invalid_grant", "This is another client's code.");
      const ownershipWhere = { field: "oauthClientId", value: client.clientId };
      return { ownershipWhere, context: { client, scopes, ...(confirmation && { confirmation }) } };
    },
    prepareRedemption: (device: Partial<DeviceFields>) => device.resources ?? [],
  });
  const tenantId = typeof claimedDeviceCode["tenantId"] === "string" ? claimedDeviceCode["tenantId"] : "";
  if (!isId("ten", tenantId)) throw tokenError("access_denied", "The device was let into no tenant.");
  const expiresAt = new Date(Date.now() + DEVICE_SESSION_MS);
  const session = await ctx.context.internalAdapter.createSession(user.id, false, { tenantId, expiresAt }, true);
  return await provider.issueTokens({
    ...authorizationContext,
    user,
    resources: redemptionContext,
    referenceId: tenantId,
    sessionId: session.id,
    authTime: session.createdAt,
  });
}

function denied(description: string): APIError {
  return new APIError("FORBIDDEN", { error: "access_denied", error_description: description });
}

function tokenError(error: string, description: string): APIError {
  return new APIError("BAD_REQUEST", { error, error_description: description });
}
