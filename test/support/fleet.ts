import {
  createExecutionContext,
  createMessageBatch,
  getQueueResult,
  runDurableObjectAlarm,
  runInDurableObject,
} from "cloudflare:test";
import { env } from "cloudflare:workers";
import { vi } from "vitest";
import worker from "../../src/index.ts";
import type { ToldHour } from "../../src/usage/fleet.rules.ts";
import { cellOf, inferRequest, requireAdmitted, settlementOf } from "./cell.ts";
import type { TestTenant } from "./tenant.ts";

/** Let one inference be admitted and end well. */
export async function inferOnce(tenant: TestTenant, model: string): Promise<void> {
  const cell = cellOf(tenant);
  const [answer] = await cell.admit([inferRequest(tenant, model)]);
  await cell.settle([settlementOf(requireAdmitted(answer).entryId)]);
}

/** Run the alarm of a tenant's cell, and take what it tells in the place of the queue. */
export async function tellHours(tenant: TestTenant): Promise<ToldHour[]> {
  return await withQueue(
    tenant,
    async () => {},
    async () => {
      await runDurableObjectAlarm(cellOf(tenant));
    },
  );
}

/** Stand in for the queue of a tenant's cell while something is done. @returns what it was told and took */
export async function withQueue(
  tenant: TestTenant,
  take: () => Promise<void>,
  act: () => Promise<void>,
): Promise<ToldHour[]> {
  const told: ToldHour[] = [];
  const queue = await runInDurableObject(cellOf(tenant), (cell) =>
    vi.spyOn(cell["env"].USAGE_QUEUE, "sendBatch").mockImplementation(async (messages) => {
      await take();
      // As they would arrive: what can't be cloned can't be sent.
      const bodies = structuredClone([...messages].map(({ body }) => body as ToldHour));
      told.push(...bodies.filter(({ tenantId }) => tenantId === tenant.id)); // other cells' alarms tell theirs here too
      return { metadata: { metrics: { backlogCount: 0, backlogBytes: 0 } } };
    }),
  );
  try {
    await act();
  } finally {
    queue.mockRestore();
  }
  return told;
}

/** Deliver messages as one batch of the queue. @returns which were acknowledged, and which are to come again, in how many seconds */
export async function deliver(
  bodies: readonly unknown[],
  options: { attempts?: number; bindings?: Partial<Env> } = {},
) {
  const { attempts = 1, bindings = {} } = options;
  const messages = bodies.map((body, index) => ({ id: `m${index}`, timestamp: new Date(0), attempts, body }));
  const batch = createMessageBatch("tensorgate-usage", messages);
  const delays = new Map<string, number | undefined>();
  for (const message of batch.messages) {
    const { retry } = message;
    vi.spyOn(message, "retry").mockImplementation((later) => {
      delays.set(message.id, later?.delaySeconds);
      retry.call(message, later);
    });
  }
  const context = createExecutionContext();
  await worker.queue(batch, { ...env, ...bindings });
  const { explicitAcks, retryMessages } = await getQueueResult(batch, context);
  return { acked: explicitAcks, retried: retryMessages.map(({ msgId }) => [msgId, delays.get(msgId)]) };
}

/** What D1 has of a tenant's hours. */
export async function storedHours(tenant: Pick<TestTenant, "id">): Promise<Record<string, number>[]> {
  const { results } = await env.DB.prepare("SELECT * FROM usage_hours WHERE tenant_id = ? ORDER BY hour_ms")
    .bind(tenant.id)
    .all<Record<string, number>>();
  return results;
}
