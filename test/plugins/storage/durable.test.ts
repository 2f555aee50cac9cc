/**
 * Durable topics and tasks over every store that endures (core/SEMANTICS.md, S21.1, S21.2, S21.8): processes under load are killed, and what is
 * left is done by another one, counted by id. Not in every placement: who is killed is the whole process.
 */
import { afterAll, describe, expect, test } from "@jest/globals";
import { failPoints } from "../../../core/index.ts";
import { DurableBook } from "../../stress/durable-book.ts";
import { type DurableStore, durableStores } from "../../stress/durable-stores.ts";
import { describeWith } from "../../support/service.ts";

/** So many kills find a store that forgets: most need one. */
const killsMax = 20;

function describeDurable(store: DurableStore): void {
  describe(`durable topics and tasks over ${store.name}`, () => {
    const config = store.config("durable");
    const forgetful = store.config("forgetful");
    afterAll(() => Promise.all([store.remove(config), store.remove(forgetful)]));

    test("no answered message and no accepted task is lost by kills, at random and at each fail point", async () => {
      const book = new DurableBook(store, config);
      expect(await book.run("load", { afterLines: 60 })).toBe("SIGKILL");
      for (const point of failPoints) expect(await book.run("load", { at: [point, 6] })).toBe("SIGKILL");
      expect(await book.run("load", { afterLines: 20 })).toBe("SIGKILL");
      expect(await book.drain()).toEqual([]);
      expect(Math.min(book.messages, book.tasks)).toBeGreaterThan(10);
      // All is done: another one finds nothing.
      const before = book.again;
      expect(await book.drain()).toEqual([]);
      expect(book.again).toBe(before);
    });

    test("a store that forgets some of what it answers is found out", async () => {
      const book = new DurableBook(store, forgetful);
      let faults: readonly string[] = [];
      for (let kill = 0; kill < killsMax && faults.length === 0; kill++) {
        await book.run("forget", { afterLines: 40 });
        faults = await book.drain();
      }
      expect(faults[0]).toMatch(/^(message|task) \S+ is lost$/);
    });
  });
}

for (const store of durableStores) {
  if (store.needs === undefined) describeDurable(store);
  else await describeWith(store.needs, () => describeDurable(store));
}
