import { runInDurableObject } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import { type OutboxEvent, appendEvents, deleteEvents, readEvents } from "../../src/events/outbox.store.ts";
import { newId } from "../../src/shared/ids.ts";
import { cellOf } from "../support/cell.ts";
import { newTenant } from "../support/tenant.ts";

function event(number: number): OutboxEvent {
  return { id: newId("evt", number), type: "test.happened", atMs: number, body: { number, text: `"${number}" ü` } };
}

/** Run within a cell, whose outbox is empty. */
async function withOutbox(run: (sql: SqlStorage) => void): Promise<void> {
  await runInDurableObject(cellOf(await newTenant()), (_cell, state) => {
    run(state.storage.sql);
  });
}

describe("the outbox", () => {
  test("gives events back as they were put in, in their order, from where a reader stands", async () => {
    await withOutbox((sql) => {
      const events = Array.from({ length: 12 }, (_, index) => event(index));
      appendEvents(sql, events);
      const all = readEvents(sql, 0, 100);
      expect(all).toEqual(events.map((one) => ({ ...one, seq: expect.any(Number) as number })));
      expect(readEvents(sql, all[4]?.seq ?? 0, 3).map(({ atMs }) => atMs)).toEqual([5, 6, 7]);
    });
  });

  test("forgets what was delivered, and gives none of its numbers again", async () => {
    await withOutbox((sql) => {
      appendEvents(sql, [event(1), event(2), event(3)]);
      const [, second, third] = readEvents(sql, 0, 3).map(({ seq }) => seq);
      deleteEvents(sql, second ?? 0);
      expect(readEvents(sql, 0, 100).map(({ atMs }) => atMs)).toEqual([3]);
      deleteEvents(sql, third ?? 0);
      appendEvents(sql, [event(4)]);
      expect(readEvents(sql, third ?? 0, 100).map(({ atMs }) => atMs)).toEqual([4]);
    });
  });

  test("takes an id once, and an empty list", async () => {
    await withOutbox((sql) => {
      const once = event(1);
      appendEvents(sql, []);
      appendEvents(sql, [once]);
      expect(() => {
        appendEvents(sql, [once]);
      }).toThrow("UNIQUE");
      expect(readEvents(sql, 0, 100)).toHaveLength(1);
    });
  });
});
