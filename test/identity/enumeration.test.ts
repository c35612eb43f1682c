import { describe, expect, test } from "vitest";
import { newAddress } from "../support/mail.ts";
import { PASSWORD, newBrowser, newPerson } from "../support/people.ts";

/** What differs between any two answers, and says nothing. */
const CHANGING = new Set(["x-request-id", "date"]);

interface Seen {
  readonly status: number;
  readonly headers: [string, string][];
  readonly body: unknown;
}

/** Ask as a browser that was never here, and see all that it is told. */
async function ask(path: string, json: Record<string, unknown>): Promise<Seen> {
  const answer = await newBrowser().call("POST", path, json);
  const headers = [...answer.headers].filter(([name]) => !CHANGING.has(name));
  return { status: answer.status, headers, body: JSON.parse(await answer.text(), hideOwn(json["email"])) };
}

/** Ids and times differ from one account to the next; that they are there, and their form, must not. */
function hideOwn(email: unknown) {
  return (_key: string, value: unknown): unknown => {
    if (typeof value !== "string") return value;
    if (value === email) return "the address";
    return value.replace(/^usr_[0-9a-z]{26}$/, "usr_…").replace(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, "a time");
  };
}

const WAYS: Record<string, (email: string) => Promise<Seen>> = {
  "signing up": async (email) => await ask("/auth/sign-up/email", { name: "Ada", email, password: PASSWORD }),
  "logging in": async (email) => await ask("/auth/sign-in/email", { email, password: "not my password" }),
  "asking for a new password": async (email) => await ask("/auth/request-password-reset", { email }),
  "asking for another link": async (email) => await ask("/auth/send-verification-email", { email }),
};

describe.each(Object.entries(WAYS))("%s", (_name, way) => {
  test("is answered the same whether there is such an account or not", async () => {
    const ada = await newPerson();
    expect(await way(ada.email)).toEqual(await way(newAddress()));
  });
});

describe("the time of an answer", () => {
  // Where no hash was made for accounts that there are not, a wrong password for one that there is took 3.6 times as long. With it
  // the medians of both ways were within 1.04 of each other.
  test.each(["signing up", "logging in"])("does not tell whether there is such an account: %s", async (name) => {
    const way = WAYS[name] ?? WAYS["logging in"];
    const times: Record<"known" | "unknown", number[]> = { known: [], unknown: [] };
    const timed = async (kind: "known" | "unknown", email: string) => {
      const startMs = performance.now();
      await way?.(email);
      times[kind].push(performance.now() - startMs);
    };
    for (let round = 0; round < 11; round++) {
      const known = (await newPerson()).email;
      await timed("known", known);
      await timed("unknown", newAddress());
    }
    const ratio = median(times.known) / median(times.unknown);
    expect(ratio).toBeGreaterThan(1 / 2);
    expect(ratio).toBeLessThan(2);
  });
});

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN;
}
