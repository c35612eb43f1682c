import type { Database } from "../shared/database.ts";
import { logFault } from "../shared/log.ts";
import type { ToldHour } from "./fleet.rules.ts";
import { toldHourSchema } from "./fleet.schemas.ts";
import { upsertHours } from "./fleet.store.ts";

/** The queue on which cells tell what their hours came to. */
export const USAGE_QUEUE = "tensorgate-usage";

/** How long a message that could not be recorded waits, in seconds: at first, and at most. It doubles each time. */
const RETRY_SECONDS = { first: 30, most: 3_600 } as const;

interface Told {
  readonly message: Message;
  readonly hour: ToldHour;
}

/**
 * Record what cells told. May be repeated, in any order.
 *
 * A message that no cell of ours can have sent is logged and gone: another attempt would not mend it. Where the batch can't be
 * recorded together, each message is tried alone, so that none keeps others back.
 */
export async function recordHours(batch: MessageBatch, db: Database): Promise<void> {
  const told = batch.messages.flatMap((message) => readTold(message));
  if (told.length === 0) return;
  try {
    await record(told, db);
  } catch {
    for (const one of told) await recordAlone(one, db);
  }
}

function readTold(message: Message): Told[] {
  const parsed = toldHourSchema.safeParse(message.body);
  if (parsed.success) return [{ message, hour: parsed.data }];
  const faults = parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  logFault("A message on the usage queue is none of ours.", { messageId: message.id, faults });
  message.ack();
  return [];
}

async function recordAlone(told: Told, db: Database): Promise<void> {
  try {
    await record([told], db);
  } catch (error) {
    const { message, hour } = told;
    const { tenantId, hourMs } = hour;
    logFault("An hour's totals could not be recorded.", { tenantId, hourMs, error: String(error) });
    const delaySeconds = RETRY_SECONDS.first * 2 ** (message.attempts - 1);
    message.retry({ delaySeconds: Math.min(delaySeconds, RETRY_SECONDS.most) });
  }
}

async function record(told: readonly Told[], db: Database): Promise<void> {
  await upsertHours(
    db,
    told.map(({ hour }) => hour),
  );
  for (const { message } of told) message.ack();
}
