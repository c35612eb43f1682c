import type { AuthServer } from "./server/auth-server.ts";
import type { AuthWorld } from "./server/auth-world.ts";
import type { SigningKeyRow } from "./signing-keys.store.ts";

/** Servers of this isolate, by the origin that they are reached at: making one costs some 80 ms of CPU. */
const servers = new Map<string, Promise<AuthServer>>();
/** A deployment is reached at few origins; whoever invents more gets no more servers. */
const MAX_SERVERS = 4;

/** The authorization server, which is loaded when it is first asked for: an inference never does. */
export function authServer(world: AuthWorld): Promise<AuthServer> {
  const known = servers.get(world.issuer);
  if (known) return known;
  const made = makeServer(world);
  if (servers.size >= MAX_SERVERS) servers.clear();
  servers.set(world.issuer, made);
  made.catch(() => servers.delete(world.issuer));
  return made;
}

async function makeServer(world: AuthWorld): Promise<AuthServer> {
  const { createAuthServer } = await import("./server/auth-server.ts");
  return createAuthServer(world);
}

/** A key pair whose private half is encrypted as the server reads it. */
export async function newSigningKey(secret: string, signsFromMs: number): Promise<SigningKeyRow> {
  const module = await import("./server/new-signing-key.ts");
  return await module.newSigningKey(secret, signsFromMs);
}
