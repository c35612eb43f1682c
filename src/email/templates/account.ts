import type { Brand } from "../brand.rules.ts";
import { momentInWords, nameInText } from "../wording.rules.ts";
import { type AccountEvent, type Letter, type TimedLink, button, facts, link, paragraph } from "./letter.ts";

/** To somebody who signed up: is this address theirs? */
export function verifyAddress({ url, expiresAtMs }: TimedLink, { productName }: Brand): Letter {
  return {
    subject: `Confirm your e-mail address for ${productName}`,
    preheader: "Confirm that this address is yours, and your account is ready.",
    heading: "Confirm your e-mail address",
    parts: [
      paragraph(`Somebody signed up for ${productName} with this address. If it was you, confirm that it is yours.`),
      button("Confirm address", url),
      paragraph(`The link works once, until ${momentInWords(expiresAtMs)}.`),
      paragraph("If it was not you, ignore this e-mail: without the link nothing happens."),
    ],
  };
}

/** What the welcome leads to. */
export interface WelcomeData {
  readonly organisation: string;
  readonly dashboardUrl: string;
  readonly docsUrl: string;
}

/** To somebody whose account is ready. */
export function welcome(data: WelcomeData, { productName }: Brand): Letter {
  return {
    subject: `Welcome to ${productName}`,
    preheader: "From an ONNX file to a prediction in three calls.",
    heading: `Welcome to ${productName}`,
    parts: [
      paragraph(`Your account is ready, and so is your organisation “${nameInText(data.organisation)}”.`),
      paragraph("Upload an ONNX model, make an API key, and call the model at its URL. Every call is counted once."),
      button("Open the dashboard", data.dashboardUrl),
      link("How it works", data.docsUrl),
    ],
  };
}

/** Where somebody goes who has an account already. */
export interface AccountExistsData {
  readonly logInUrl: string;
  readonly resetUrl: string;
}

/** To the owner of an address with which somebody tried to sign up again. Who tried is told nothing of it. */
export function accountExists(data: AccountExistsData, { productName }: Brand): Letter {
  return {
    subject: `You already have an account at ${productName}`,
    preheader: "Somebody tried to sign up with your address.",
    heading: "You already have an account",
    parts: [
      paragraph(`Somebody tried to sign up for ${productName} with this address, which has an account already.`),
      paragraph("If it was you, log in. If you don't know your password any more, set a new one."),
      button("Log in", data.logInUrl),
      link("Set a new password", data.resetUrl),
      paragraph("If it was not you, there is nothing to do: no second account was made, and yours is unchanged."),
    ],
  };
}

/** To the new address of an account: is it theirs? */
export function confirmNewAddress({ url, expiresAtMs }: TimedLink, { productName }: Brand): Letter {
  return {
    subject: `Confirm your new e-mail address for ${productName}`,
    preheader: "Your account keeps its old address until you confirm this one.",
    heading: "Confirm your new e-mail address",
    parts: [
      paragraph(`An account at ${productName} is to use this address. If it is your account, confirm the change.`),
      button("Confirm new address", url),
      paragraph(`The link works once, until ${momentInWords(expiresAtMs)}. Until then the old address stays in use.`),
      paragraph("If you know nothing of it, ignore this e-mail: without the link nothing changes."),
    ],
  };
}

/** What the old address is asked about a change. The link allows it. */
export interface AddressChangeData extends AccountEvent {
  readonly newAddress: string;
}

/** To the old address of an account, without whose owner nothing changes. */
export function addressIsChanging({ newAddress, atMs, url }: AddressChangeData, { productName }: Brand): Letter {
  return {
    subject: `The e-mail address of your ${productName} account is about to change`,
    preheader: "It changes only if you allow it.",
    heading: "Your e-mail address is about to change",
    parts: [
      paragraph(`Somebody asked to use another address for your account at ${productName}.`),
      facts(["New address", newAddress], ["Asked for", momentInWords(atMs)]),
      paragraph("If it was you, allow the change; then the new address is asked to confirm it."),
      button("Allow the change", url),
      paragraph("If it was not you, somebody else is in your account: don't allow it, and set a new password now."),
    ],
  };
}

/** What somebody is invited to, and by whom. */
export interface InvitationData extends TimedLink {
  readonly inviter: string;
  readonly organisation: string;
  /** As people call it: "Developer". */
  readonly role: string;
}

/** To somebody who is invited to an organisation, and may have no account yet. */
export function invitation(data: InvitationData, { productName }: Brand): Letter {
  const [inviter, organisation] = [nameInText(data.inviter), nameInText(data.organisation)];
  return {
    subject: `${inviter} invites you to “${organisation}” on ${productName}`,
    preheader: `Join as ${nameInText(data.role)}, until ${momentInWords(data.expiresAtMs)}.`,
    heading: `Join “${organisation}”`,
    parts: [
      paragraph(`${inviter} invites you to work in an organisation on ${productName}.`),
      facts(["Organisation", organisation], ["Your role", nameInText(data.role)], ["Invited by", inviter]),
      button("Accept the invitation", data.url),
      paragraph(`The invitation holds until ${momentInWords(data.expiresAtMs)}.`),
      paragraph("If you don't know who this is from, ignore it: you join nothing without accepting."),
    ],
  };
}
