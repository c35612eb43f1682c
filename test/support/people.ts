import { env } from "cloudflare:workers";
import { z } from "zod";
import { type TenantId, isId } from "../../src/shared/ids.ts";
import { call } from "./tenant.ts";

export const PASSWORD = "correct horse battery staple";

const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0";

/** A person of one test, who may be logged in. */
export interface Person {
  readonly email: string;
  readonly id: string;
  /** Call the authorization server as this person's browser does. */
  call(method: string, path: string, json?: unknown): Promise<Response>;
}

/** What a browser keeps of the cookies that it was sent: names with their values. */
class CookieJar {
  readonly #cookies = new Map<string, string>();

  take(response: Response): void {
    for (const line of response.headers.getSetCookie()) {
      const [pair = ""] = line.split(";");
      const [name = "", value = ""] = pair.split(/=(.*)/s);
      if (/max-age=0/i.test(line)) this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
  }

  get header(): string {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  }
}

/** An IPv6 network of 64 bits that no other test calls from: attempts are limited per network. */
export function newAddressOfNetwork(): string {
  const [a = 0, b = 0] = crypto.getRandomValues(new Uint16Array(2));
  return `2001:db8:${a.toString(16)}:${b.toString(16)}::1`;
}

/** A browser that nobody is logged in with, in a network of its own and on a page of this origin. */
export function newBrowser(
  own: Record<string, string> = {},
  origin = "http://tensorgate.test",
): { call: Person["call"] } {
  const jar = new CookieJar();
  const network = { "CF-Connecting-IP": newAddressOfNetwork(), "User-Agent": FIREFOX };
  return {
    call: async (method, path, json) => {
      const headers = { ...network, ...cookieOf(jar), Origin: origin, ...own };
      const response = await call(method, path, { headers, origin, ...(json !== undefined && { json }) });
      jar.take(response);
      return response;
    },
  };
}

/** As browsers send it: not at all while they hold none. */
function cookieOf({ header }: CookieJar): Record<string, string> {
  return header === "" ? {} : { Cookie: header };
}

/** The links of the mails to an address, the newest first. */
export async function linksTo(email: string): Promise<string[]> {
  const { results } = await env.DB.prepare("SELECT text FROM outbox_emails WHERE recipient = ? ORDER BY number DESC")
    .bind(email)
    .all<{ text: string }>();
  return results.flatMap(({ text }) => text.match(/https?:\/\/\S+/g) ?? []);
}

/** Sign a person up, follow the link of the mail, and log in. */
export async function newPerson(name = "Ada", origin?: string): Promise<Person> {
  const email = `${crypto.randomUUID()}@example.com`;
  const browser = newBrowser({}, origin);
  await browser.call("POST", "/auth/sign-up/email", { name, email, password: PASSWORD });
  const [link = ""] = await linksTo(email);
  const { pathname, search } = new URL(link);
  await browser.call("GET", pathname + search);
  const loggedIn = await browser.call("POST", "/auth/sign-in/email", { email, password: PASSWORD });
  const { user } = z.object({ user: z.object({ id: z.string() }) }).parse(await loggedIn.json());
  return { email, id: user.id, call: browser.call };
}

/** Make a person a member of a tenant, with these roles. */
export async function addMember(tenantId: TenantId, person: Person, ...roles: string[]): Promise<void> {
  await env.DB.prepare("INSERT INTO members (tenant_id, user_id, roles, created_at_ms) VALUES (?, ?, ?, ?)")
    .bind(tenantId, person.id, JSON.stringify(roles), Date.now())
    .run();
}

/** An access token of a person for a tenant. */
export async function tokenOf(person: Person, tenantId: TenantId, scope?: string): Promise<string> {
  const wish = { tenant_id: tenantId, ...(scope !== undefined && { scope }) };
  const answer = await person.call("POST", "/auth/tenant-token", wish);
  return z.object({ access_token: z.string() }).parse(await answer.json()).access_token;
}

/** The token of the newest invitation to an address, as its mail has it. */
export async function invitationTo(email: string): Promise<string> {
  const links = await linksTo(email);
  return new URL(links.find((url) => url.includes("/invitations/accept")) ?? "").searchParams.get("token") ?? "";
}

/** An organisation of one test, made by a person as its owner. */
export async function newOrganization(owner: Person, wish: Record<string, unknown> = {}): Promise<TenantId> {
  const made = await owner.call("POST", "/auth/organizations", { name: "Acme", ...wish });
  const { id } = z.object({ id: z.string() }).parse(await made.json());
  if (!isId("ten", id)) throw new Error(`The Worker made an organization with the id ${id}.`);
  return id;
}

/** How a person calls the API of a tenant, with one token until another is asked for. */
export async function callerIn(person: Person, tenantId: TenantId, scope?: string) {
  const token = await tokenOf(person, tenantId, scope);
  const headers = { Authorization: `Bearer ${token}`, "CF-Connecting-IP": newAddressOfNetwork() };
  return async (method: string, path: string, json?: unknown): Promise<Response> =>
    await call(method, path, json === undefined ? { headers } : { headers, json });
}
