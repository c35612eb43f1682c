import type { Brand } from "../brand.rules.ts";
import { momentInWords, nameInText } from "../wording.rules.ts";
import { type AccountEvent, type Letter, type TimedLink, button, facts, paragraph } from "./letter.ts";

/** To somebody who can't log in. */
export function resetPassword({ url, expiresAtMs }: TimedLink, { productName }: Brand): Letter {
  return {
    subject: `Set a new password for ${productName}`,
    preheader: "The link works once, and not for long.",
    heading: "Set a new password",
    parts: [
      paragraph(`Somebody asked to set a new password for your account at ${productName}. If it was you, go on here.`),
      button("Set a new password", url),
      paragraph(`The link works once, until ${momentInWords(expiresAtMs)}.`),
      paragraph("If it was not you, ignore this e-mail: your password stays as it is. Never pass the link on."),
    ],
  };
}

/** To the owner of an account whose password is another one now. The link sets a new one. */
export function passwordChanged({ atMs, url }: AccountEvent, { productName }: Brand): Letter {
  return {
    subject: `Your ${productName} password was changed`,
    preheader: "If this was not you, set a new password now.",
    heading: "Your password was changed",
    parts: [
      facts(["When", momentInWords(atMs)]),
      paragraph(
        "If it was you, there is nothing to do. If it was not, somebody else can log in: set a new password now.",
      ),
      button("Set a new password", url),
    ],
  };
}

/** A log-in as its device and network name themselves. */
export interface LogInData extends AccountEvent {
  /** Such as "Firefox on Linux". */
  readonly device: string;
  /** Of the network: IPv4 or IPv6. */
  readonly ipAddress: string;
  /** Such as "Lisbon, Portugal", where it is known. */
  readonly place?: string | undefined;
}

/** To the owner of an account that was entered from a device for the first time. */
export function newLogIn(data: LogInData, { productName }: Brand): Letter {
  const device = nameInText(data.device);
  return {
    subject: `New log-in to your ${productName} account`,
    preheader: `${device}, ${momentInWords(data.atMs)}`,
    heading: "New log-in to your account",
    parts: [
      paragraph("Your account was entered from a device that was not seen before."),
      facts(
        ["Device", device],
        ["IP address", nameInText(data.ipAddress)],
        ["Place", data.place === undefined ? undefined : `near ${nameInText(data.place)}`],
        ["When", momentInWords(data.atMs)],
      ),
      paragraph("If it was you, there is nothing to do. If it was not, end that session and set a new password."),
      button("Look at your sessions", data.url),
    ],
  };
}

/** How an account came to be locked, and for how long. The link sets a new password. */
export interface LockOutData extends AccountEvent {
  readonly attempts: number;
  /** ms since 1970. */
  readonly lockedUntilMs: number;
}

/** To the owner of an account at which somebody guesses passwords. */
export function lockedOut({ attempts, lockedUntilMs, atMs, url }: LockOutData, { productName }: Brand): Letter {
  return {
    subject: `Your ${productName} account is locked for a while`,
    preheader: `${attempts} wrong passwords in a row.`,
    heading: "Your account is locked for a while",
    parts: [
      paragraph(`After ${attempts} wrong passwords in a row nobody can log in to your account with a password.`),
      facts(["Since", momentInWords(atMs)], ["Until", momentInWords(lockedUntilMs)]),
      paragraph("If it was you, wait, or set a new password. If it was not, your password still holds: nobody got in."),
      button("Set a new password", url),
    ],
  };
}

/** Whether the second factor is on now. */
export interface SecondFactorData extends AccountEvent {
  readonly isOn: boolean;
}

/** To the owner of an account that asks for a code of an authenticator app, or no longer does. */
export function secondFactorSwitched({ isOn, atMs, url }: SecondFactorData, { productName }: Brand): Letter {
  const state = isOn ? "on" : "off";
  return {
    subject: `Two-step log-in of your ${productName} account was switched ${state}`,
    preheader: "If this was not you, set a new password now.",
    heading: `Two-step log-in was switched ${state}`,
    parts: [
      paragraph(
        isOn
          ? "From now on a code of your authenticator app is needed to log in. Keep your recovery codes where you find them."
          : "From now on your password alone is enough to log in.",
      ),
      facts(["When", momentInWords(atMs)]),
      paragraph("If it was not you, somebody else is in your account: set a new password and end all sessions."),
      button("Look at your security settings", url),
    ],
  };
}

/** A key that was found where others can read it. */
export interface LeakedKeyData extends AccountEvent {
  readonly organisation: string;
  readonly keyName: string;
  /** The key's last four characters. */
  readonly lastFour: string;
  /** Where it was found, if that was told. */
  readonly foundAt?: string | undefined;
}

/** To those who look after an organisation's keys. */
export function keyLeaked(data: LeakedKeyData, { productName }: Brand): Letter {
  const [keyName, organisation] = [nameInText(data.keyName), nameInText(data.organisation)];
  return {
    subject: `The API key “${keyName}” of “${organisation}” was public and is revoked`,
    preheader: "Make a new key, and look at what the old one was used for.",
    heading: "An API key was public and is revoked",
    parts: [
      paragraph(`An API key of your organisation on ${productName} was found where others can read it.`),
      facts(
        ["Key", `${keyName}, ending in ${nameInText(data.lastFour)}`],
        ["Organisation", organisation],
        ["Found at", data.foundAt],
        ["Revoked", momentInWords(data.atMs)],
      ),
      paragraph("It can't be used any more. Make a new key, put it where the old one was used, and look at the usage."),
      button("Look at your keys", data.url),
    ],
  };
}
