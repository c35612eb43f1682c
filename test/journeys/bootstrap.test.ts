import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { execute } from "../../scripts/bootstrap/database.ts";
import { ROOT, freePort, npmStart, outputOf, printed, startScript } from "./npm-start.ts";

const START_WITHIN_MS = 180_000;
const PASSWORD = "correct horse battery staple";
const EMAIL = "ada@example.com";

let state = "";
beforeAll(async () => {
  state = await mkdtemp(join(tmpdir(), "tensorgate-bootstrap-"));
});
afterAll(async () => {
  await rm(state, { recursive: true, force: true });
});

test(
  "from the command line to the operator's API: a link, a password, a log-in, a token of the platform, and no further than the role",
  { timeout: START_WITHIN_MS },
  async () => {
    const port = await freePort();
    const origin = `http://127.0.0.1:${port}`;
    await printed(npmStart({ state, port }), "Serving on");
    const args = ["scripts/bootstrap.ts", "--email", EMAIL, "--state", state];
    const { output } = await outputOf(startScript(ROOT, args, { PORT: String(port) }));
    const link = /https?:\S+\/auth\/reset-password\/\S+/.exec(output)?.[0] ?? "";

    const opened = await fetch(link, { redirect: "manual" });
    const token = new URL(opened.headers.get("Location") ?? "", origin).searchParams.get("token");
    const ask = async (path: string, json: unknown, cookie = ""): Promise<Response> =>
      await fetch(origin + path, {
        method: "POST",
        headers: { "Content-Type": "application/json", Origin: origin, Cookie: cookie },
        body: JSON.stringify(json),
      });
    expect((await ask("/auth/sign-in/email", { email: EMAIL, password: PASSWORD })).ok).toBe(false);
    expect((await ask("/auth/reset-password", { token, newPassword: PASSWORD })).status).toBe(200);
    expect((await ask("/auth/reset-password", { token, newPassword: `${PASSWORD}!` })).status).toBe(400);

    const loggedIn = await ask("/auth/sign-in/email", { email: EMAIL, password: PASSWORD });
    const cookie = loggedIn.headers
      .getSetCookie()
      .map((line) => line.split(";")[0])
      .join("; ");
    const administer = async (method: string): Promise<number> => {
      const wish = { tenant_id: "ten_000000000000000000p1atf0rm" };
      const given = await ask("/auth/tenant-token", wish, cookie);
      const { access_token: bearer } = z.object({ access_token: z.string() }).parse(await given.json());
      const headers = { Authorization: `Bearer ${bearer}`, "Content-Type": "application/json" };
      const body = method === "POST" ? JSON.stringify({ name: "Acme" }) : null;
      return (await fetch(`${origin}/admin/tenants`, { method, headers, body })).status;
    };
    expect([await administer("GET"), await administer("POST")]).toEqual([200, 201]);
    await execute({ kind: "local", state }, `UPDATE members SET roles = '["support"]'`);
    expect([await administer("GET"), await administer("POST")]).toEqual([200, 403]);
  },
);
