import type { Brand } from "../brand.rules.ts";
import { accountExists, addressIsChanging, confirmNewAddress, invitation, verifyAddress, welcome } from "./account.ts";
import type { Letter } from "./letter.ts";
import { keyLeaked, lockedOut, newLogIn, passwordChanged, resetPassword, secondFactorSwitched } from "./security.ts";

/** Every mail that is ever sent, by its name. */
const TEMPLATES = {
  "verify-address": verifyAddress,
  welcome,
  "account-exists": accountExists,
  "confirm-new-address": confirmNewAddress,
  "address-is-changing": addressIsChanging,
  invitation,
  "reset-password": resetPassword,
  "password-changed": passwordChanged,
  "new-log-in": newLogIn,
  "locked-out": lockedOut,
  "second-factor-switched": secondFactorSwitched,
  "key-leaked": keyLeaked,
};

export type TemplateName = keyof typeof TEMPLATES;

/** What each template is told. */
type TemplateData = { readonly [Name in TemplateName]: Parameters<(typeof TEMPLATES)[Name]>[0] };

/** A mail to one person: which one, and what it is told. */
export type Message = {
  readonly [Name in TemplateName]: {
    /** One address. */
    readonly to: string;
    readonly template: Name;
    readonly data: TemplateData[Name];
  };
}[TemplateName];

/** Write what a message says. */
export function writeLetter<Name extends TemplateName>(template: Name, data: TemplateData[Name], brand: Brand): Letter {
  const templates: { readonly [Each in TemplateName]: (data: TemplateData[Each], brand: Brand) => Letter } = TEMPLATES;
  return templates[template](data, brand);
}
