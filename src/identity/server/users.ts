import type { BetterAuthOptions, GenericEndpointContext } from "better-auth";
import { APIError } from "better-auth/api";
import { decodeJwt } from "jose";
import { leftWithoutOwner } from "../../members/standing.service.ts";
import { isId } from "../../shared/ids.ts";
import { deleteBelongings, deleteResetLinks } from "../people.store.ts";
import type { AuthContext } from "./auth-world.ts";
import { refuseProfile } from "./log-in-providers.ts";
import { recordAct } from "./records.ts";
import { textOf } from "./request.ts";
import { linkFor } from "./unverified-accounts.ts";

type UserHooks = NonNullable<NonNullable<BetterAuthOptions["databaseHooks"]>["user"]>;

/** What people may do with their accounts, besides logging in. */
export function userOptions(world: AuthContext) {
  return {
    additionalFields: { status: { type: "string", input: false, defaultValue: "active" } },
    validateUserInfo: ({ user, source }) =>
      source.oauth
        ? refuseProfile(world, { ...user, email: user.email ?? undefined }, source.oauth.providerId)
        : undefined,
    changeEmail: {
      enabled: true,
      sendChangeEmailConfirmation: async ({ user, newEmail, url }) => {
        const data = { newAddress: newEmail, atMs: world.now(), url: linkFor(url, user.id) };
        await world.mailer.send({ to: user.email, template: "address-is-changing", data });
      },
    },
    deleteUser: {
      enabled: true,
      beforeDelete: async ({ id }) => {
        const owned = isId("usr", id) ? await leftWithoutOwner(world.db, id) : [];
        if (owned.length > 0) throw lastOwner(owned);
      },
    },
  } satisfies BetterAuthOptions["user"];
}

function lastOwner(owned: readonly { readonly id: string; readonly name: string }[]): APIError {
  const names = owned.map(({ id, name }) => `“${name}” (${id})`).join(", ");
  const message = `You are the only owner of ${names}: make somebody else an owner, or delete the organisation, first.`;
  return new APIError("CONFLICT", { code: "LAST_OWNER", message, organizations: owned.map(({ id }) => id) });
}

/** What becomes of people is recorded, and what they held is void before they are gone. */
export function userHooks(world: AuthContext): UserHooks {
  return {
    create: {
      after: async ({ id }, ctx) => {
        await recordAct(world, ctx?.headers, { act: "person.signed_up", userId: id });
      },
    },
    update: {
      after: async (user, ctx) => {
        if (ctx) await recordChange(world, ctx, user);
      },
    },
    delete: {
      before: async ({ id }) => {
        if (!isId("usr", id)) return;
        const tenantIds = await world.voidPerson(id);
        await deleteBelongings(world.db, id);
        await world.followKeys(id, tenantIds);
      },
      after: async ({ id }, ctx) => {
        await recordAct(world, ctx?.headers, { act: "person.deleted", userId: id });
      },
    },
  };
}

async function recordChange(
  world: AuthContext,
  ctx: GenericEndpointContext,
  user: { readonly id: string; readonly email: string },
): Promise<void> {
  const { headers, path } = ctx;
  if (path === "/verify-email") {
    const isChange = "updateTo" in decodeJwt(textOf(ctx.query, "token") ?? "");
    if (isChange) await deleteResetLinks(world.db, user.id);
    await recordAct(world, headers, {
      act: isChange ? "person.changed_address" : "person.verified_address",
      userId: user.id,
    });
  }
  if (path !== "/two-factor/verify-totp" && path !== "/two-factor/disable") return;
  const isOn = path === "/two-factor/verify-totp";
  await recordAct(world, headers, {
    act: isOn ? "second_factor.switched_on" : "second_factor.switched_off",
    userId: user.id,
  });
  const data = { isOn, atMs: world.now(), url: `${world.issuer}/security` };
  world.mailer.sendLater({ to: user.email, template: "second-factor-switched", data });
}
