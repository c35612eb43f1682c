import { hash, timingSafeEqual } from "node:crypto";

/** Whether this is the operator's token: compared by digests of one length, in constant time. */
export function isOperatorsToken(token: string, operatorsToken: string): boolean {
  return timingSafeEqual(hash("sha256", token, "buffer"), hash("sha256", operatorsToken, "buffer"));
}
