/** What a caught value says: an Error's message, anything else as text. */
export function faultMessage(fault: unknown): string {
  return fault instanceof Error ? fault.message : String(fault);
}
