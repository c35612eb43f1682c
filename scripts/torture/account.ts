/** What a run knows of one tenant, and the form of what is found in it. */
import type { Books } from "./books.ts";
import type { CallRecord } from "./call-record.ts";
import type { Tenant } from "./tenants.ts";

/** A tenant with all that its clients and its books say of its calls. */
export interface Account {
  readonly tenant: Tenant;
  readonly records: readonly CallRecord[];
  readonly books: Books;
}

/** What was looked at, and one sentence for each thing that is not as it must be. */
export interface Check {
  readonly name: string;
  readonly looked: number;
  readonly differences: readonly string[];
}

/** Look at each, and take what is said of it; nothing is said of what is as it must be. */
export function look<Item>(
  name: string,
  items: readonly Item[],
  fault: (item: Item, index: number) => string | undefined,
): Check {
  return { name, looked: items.length, differences: items.flatMap((item, index) => fault(item, index) ?? []) };
}
