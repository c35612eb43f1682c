import { env } from "cloudflare:workers";
import { z } from "zod";
import type { TenantId } from "../../src/shared/ids.ts";
import { call } from "./tenant.ts";

export const PASSWORD = "correct horse battery staple";

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

/** An address of a network that no other test calls from. */
export function newNetwork(): string {
  const [a = 0, b = 0, c = 0] = crypto.getRandomValues(new Uint8Array(3));
  return `10.${a}.${b}.${c}`;
}

/** A browser that nobody is logged in with, on a page of this origin. */
export function newBrowser(origin = "http://tensorgate.test"): { call: Person["call"] } {
  const jar = new CookieJar();
  const address = newNetwork();
  return {
    call: async (method, path, json) => {
      const headers = { Cookie: jar.header, Origin: origin, "CF-Connecting-IP": address };
      const response = await call(method, path, { headers, origin, ...(json !== undefined && { json }) });
      jar.take(response);
      return response;
    },
  };
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
  const browser = newBrowser(origin);
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
