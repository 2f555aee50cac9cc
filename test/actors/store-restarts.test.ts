/** Actors whose store is killed while they keep something, under a supervisor. Not in every placement: it is the store that comes and goes. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { Ref } from "../../index.ts";
import { storageSqlite } from "../../plugins/storage-sqlite/index.ts";
import { account } from "../fixtures/accounts.ts";
import { cart } from "../fixtures/carts.ts";
import { useSystem } from "../support/use-system.ts";

const system = useSystem({ clock: "system" });
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "mofa-restarts-"));
  const file = join(folder, "store.sqlite");
  await system().startPlugins([{ plugin: storageSqlite, config: { file } }]);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Asks one after the other. Returns how many were answered, when it is told to end. */
function asking(name: string, call: string) {
  let isOver = false;
  let answered = 0;
  const asked = (async () => {
    while (!isOver) {
      const isAnswered = await system()
        .call(name, call, 1)
        .then(
          () => true,
          () => false,
        );
      if (isAnswered) answered++;
    }
  })();
  return {
    answeredAtLeast: async (count: number) => {
      while (answered < count) await new Promise((resolve) => setImmediate(resolve));
    },
    answered: () => answered,
    end: async () => {
      isOver = true;
      await asked;
      return answered;
    },
  };
}

const kill = () => system().exit(system().whereis("plugin.storage-sqlite") as Ref, "kill");

test("a store that is killed again and again ends no actor's supervisor, and nothing that was answered is lost", async () => {
  const top = await system().supervise({
    intensity: 3,
    children: [
      { id: "ann", start: [cart, "ann"], name: "ann" },
      { id: "bob", start: [account, "bob"], name: "bob" },
      { id: "idle", start: [cart, "idle"], name: "idle" },
    ],
  });
  const idle = system().whereis("idle");
  const [ann, bob] = [asking("ann", "add"), asking("bob", "pay")];
  for (let round = 1; round <= 3; round++) {
    const [annHad, bobHad] = [ann.answered(), bob.answered()];
    await Promise.all([ann.answeredAtLeast(annHad + 5), bob.answeredAtLeast(bobHad + 5)]);
    kill();
    while (system().whereis("plugin.storage-sqlite") === undefined)
      await new Promise((resolve) => setImmediate(resolve));
  }
  const had = [ann.answered(), bob.answered()] as const;
  await Promise.all([ann.answeredAtLeast(had[0] + 5), bob.answeredAtLeast(had[1] + 5)]);
  const answered = [await ann.end(), await bob.end()] as const;
  expect(system().isAlive(top.ref)).toBe(true);
  expect(system().whereis("idle")).toEqual(idle);
  const { items } = (await system().call("ann", "look", undefined)) as { items: unknown[] };
  expect(items.length).toBeGreaterThanOrEqual(answered[0]);
  // A call that failed may have been kept all the same: one for each kill at most.
  expect(items.length).toBeLessThanOrEqual(answered[0] + 3);
  const { balance } = (await system().call("bob", "look", undefined)) as { balance: number };
  expect(balance).toBeGreaterThanOrEqual(answered[1]);
  expect(balance).toBeLessThanOrEqual(answered[1] + 3);
}, 60_000);
