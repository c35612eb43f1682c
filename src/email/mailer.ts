import { logFault } from "../shared/log.ts";
import { isEmailAddress } from "./address.rules.ts";
import type { Brand } from "./brand.rules.ts";
import { type LaidOut, layOut } from "./layout.ts";
import { type Message, type TemplateName, writeLetter } from "./templates/templates.ts";

/** A mail as it leaves: to one address, whose form was checked. */
export interface Email extends LaidOut {
  readonly to: string;
  readonly template: TemplateName;
}

/** The way out of the Worker for a mail. It resolves when the mail was taken over, and throws when it was not. */
export type Delivery = (email: Email) => Promise<void>;

/** What became of a mail. */
export type Sending = "sent" | "address-refused" | "failed";

/** How the Worker writes to people. No method throws: the change that a mail tells of is made, and stays made. */
export interface Mailer {
  /** Send a mail now. One that fails is in the log, and is not tried again: whoever waits for it asks for another. */
  send(message: Message): Promise<Sending>;
  /**
   * Send a mail after the response, whose time then doesn't tell whether there was one: for answers that must not show
   * whether an address has an account.
   */
  sendLater(message: Message): void;
}

/** What a mailer needs of the world outside. */
export interface MailerParts {
  readonly brand: Brand;
  readonly deliver: Delivery;
  readonly waitUntil: (promise: Promise<unknown>) => void;
}

export function createMailer({ brand, deliver, waitUntil }: MailerParts): Mailer {
  const send = async ({ to, template, data }: Message): Promise<Sending> => {
    if (!isEmailAddress(to)) {
      logFault("An e-mail was to go to what is no address.", { template });
      return "address-refused";
    }
    try {
      await deliver({ ...(await layOut(writeLetter(template, data, brand), brand)), to, template });
      return "sent";
    } catch (error) {
      logFault("An e-mail was not sent.", { template, reason: reasonOf(error) });
      return "failed";
    }
  };
  return { send, sendLater: (message) => waitUntil(send(message)) };
}

/** A fault's code or name. Its message is left out: it may quote the mail, and with it a link that lets somebody in. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  return "code" in error && typeof error.code === "string" ? error.code : error.name;
}
