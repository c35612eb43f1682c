import { base32 } from "@better-auth/utils/base32";
import { createOTP } from "@better-auth/utils/otp";
import { z } from "zod";
import { PASSWORD, type Person } from "./people.ts";

const STEP_MS = 30_000;

/** What an authenticator app and a piece of paper hold. */
export interface SecondFactor {
  readonly backupCodes: string[];
  /** The code that is shown now, or so many steps later. */
  readonly code: (stepsLater?: number) => Promise<string>;
}

/** Set up a second factor, as far as the first code. */
export async function startSecondFactor(person: Person): Promise<SecondFactor> {
  const answer = await person.call("POST", "/auth/two-factor/enable", { password: PASSWORD });
  const { totpURI, backupCodes } = z
    .object({ totpURI: z.string(), backupCodes: z.array(z.string()) })
    .parse(await answer.json());
  const secret = new TextDecoder().decode(base32.decode(new URL(totpURI).searchParams.get("secret") ?? ""));
  const otp = createOTP(secret);
  return { backupCodes, code: async (stepsLater = 0) => await otp.hotp(Math.floor(Date.now() / STEP_MS) + stepsLater) };
}

/** Set up a second factor. The code of the step before this one is used up by it. */
export async function addSecondFactor(person: Person): Promise<SecondFactor> {
  const factor = await startSecondFactor(person);
  const done = await person.call("POST", "/auth/two-factor/verify-totp", { code: await factor.code(-1) });
  if (done.status !== 200) throw new Error(`No second factor: ${await done.text()}`);
  return factor;
}
