/** What the API shows already. Where it does not, the check is left out. */

/** `GET /v1/usage/current`. */
export const HAS_CURRENT_ROUTE: boolean = false;
