/** Whose mails these are: what a reader recognises them by. */
export interface Brand {
  /** As the sender's name, and wherever a mail names the product. */
  readonly productName: string;
  /** `https://…`, shown 32 px high; a mail reads as well without it. */
  readonly logoUrl?: string | undefined;
  /** `#rrggbb`, of buttons. */
  readonly accentColor: string;
  /** Where a reader may ask. */
  readonly supportEmail?: string | undefined;
  /** One line at the end of every mail, such as the company's name and address. */
  readonly footer?: string | undefined;
}

/** The brand of a deployment that sets none. */
export const TENSORGATE_BRAND: Brand = { productName: "Tensorgate", accentColor: "#1d4ed8" };
