/** What the API has. */

/** `GET /v1/usage/ledger`, its verification, and `Tensorgate-Receipt` on answers. */
export const HAS_LEDGER: boolean = false;
/** Quotas of inferences per day. */
export const HAS_QUOTAS: boolean = false;
