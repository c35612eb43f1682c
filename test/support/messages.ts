import type { Message, TemplateName } from "../../src/email/templates/templates.ts";

const AT_MS = Date.parse("2026-11-21T03:47:12.345Z");
const url = "https://tensorgate.test/go?token=secret-token";
const timedLink = { url, expiresAtMs: AT_MS + 3_600_000 };
const event = { url, atMs: AT_MS };

type Data<Name extends TemplateName> = Extract<Message, { template: Name }>["data"];

/** What each template may be told. Whoever adds a template adds it here, and the tests go over it. */
const MESSAGE_DATA: { readonly [Name in TemplateName]: Data<Name> } = {
  "verify-address": timedLink,
  welcome: { organisation: "Acme", dashboardUrl: url, docsUrl: "https://tensorgate.test/docs" },
  "account-exists": { logInUrl: "https://tensorgate.test/log-in", resetUrl: url },
  "confirm-new-address": timedLink,
  "address-is-changing": { ...event, newAddress: "new@example.com" },
  invitation: { ...timedLink, inviter: "Ada", organisation: "Acme", role: "Developer" },
  "reset-password": timedLink,
  "password-changed": event,
  "new-log-in": { ...event, device: "Firefox on Linux", ipAddress: "203.0.113.7", place: "Lisbon, Portugal" },
  "locked-out": { ...event, attempts: 10, lockedUntilMs: AT_MS + 900_000 },
  "second-factor-switched": { ...event, isOn: true },
  "key-leaked": {
    ...event,
    organisation: "Acme",
    keyName: "backend",
    lastFour: "x7k2",
    foundAt: "a public repository",
  },
};

/** A message of each template to one address. */
export function messagesTo(to: string): Message[] {
  return Object.entries(MESSAGE_DATA).map(([template, data]) => {
    const message: unknown = { to, template, data };
    return message as Message;
  });
}

/** One message, of a template with names that people chose. */
export function invitationTo(to: string, names: Partial<Data<"invitation">> = {}): Message {
  return { to, template: "invitation", data: { ...MESSAGE_DATA.invitation, ...names } };
}
