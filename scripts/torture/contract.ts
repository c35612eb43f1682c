/** What the API shows already. Where it does not, the run asks the cell itself, or leaves the check out. */

/** `GET /v1/usage/ledger` and `GET /v1/usage/ledger/verify`. */
export const HAS_LEDGER_ROUTES: boolean = false;
/** `GET /v1/usage/current`. */
export const HAS_CURRENT_ROUTE: boolean = false;
