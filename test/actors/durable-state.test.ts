/** Actors whose whole state a store keeps, over a store in a file. In every placement. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { defineDurableState } from "../../actors/index.ts";
import type { Ref } from "../../index.ts";
import { storageSqlite } from "../../plugins/storage-sqlite/index.ts";
import { cart, newCart } from "../fixtures/carts.ts";
import { describePlacements } from "../support/describe-placements.ts";
import { useSystem } from "../support/use-system.ts";

describePlacements("Durable state", (place) => {
  const system = useSystem({ clock: "system" });
  let folder: string;
  let count = 0;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "mofa-carts-"));
    await system().startPlugins([{ plugin: storageSqlite, config: { file: join(folder, "store.sqlite") } }]);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const owner = () => `owner ${count++}`;
  const store = async (call: string, argument: unknown) => await system().call("plugin.storage-sqlite", call, argument);
  const spawn = async (name: string) => await place.spawn(system(), cart, name, {});
  const end = async (ref: Ref) => await system().stopActor(ref);

  test("persist resolves when the store has the state, with its version, and the next call sees it", async () => {
    const name = owner();
    const ref = await spawn(name);
    expect(await ref.call("add", "pear")).toBe(0);
    expect(await store("get", `cart ${name}`)).toMatchObject({
      value: { version: 1, value: { owner: name, items: ["pear"] } },
    });
    expect(await ref.call("add", "plum")).toBe(1);
  });

  test("a new incarnation has the state of the one before, also of one that was killed", async () => {
    const name = owner();
    const first = await spawn(name);
    await first.call("add", "pear");
    await end(first);
    const second = await spawn(name);
    await second.call("add", new Map([["plum", 5n]]));
    system().exit(second, "kill");
    const items = ["pear", new Map([["plum", 5n]])];
    expect(await (await spawn(name)).call("look")).toEqual({ owner: name, items });
  });

  test("a hundred calls at once are decided one after the other, and all of them are kept", async () => {
    const name = owner();
    const ref = await spawn(name);
    const answers = await Promise.all(Array.from({ length: 100 }, (_, n) => ref.call("add", n)));
    expect(answers).toEqual(Array.from({ length: 100 }, (_, n) => n));
    await end(ref);
    expect(await (await spawn(name)).call("look")).toMatchObject({ items: answers });
  });

  test("what is to be kept is kept before its turn is over, also where the handler does not await it", async () => {
    const name = owner();
    const ref = await spawn(name);
    expect(await ref.call("addAndGo", "pear")).toBe("gone");
    expect(await store("get", `cart ${name}`)).toMatchObject({ value: { value: { items: ["pear"] } } });
    expect(await ref.call("look")).toMatchObject({ items: ["pear"] });
  });

  test("what is asked for when its turn is over is refused, and ends the actor also where nobody awaits it", async () => {
    for (const late of ["addLate", "clearLate", "addLateAndGo"] as const) {
      // Jest takes what nobody awaits on main for its own; the programs of `unawaited.test.ts` show that it ends the actor.
      if (late === "addLateAndGo" && place.name === "main") continue;
      const name = owner();
      const ref = await spawn(name);
      await ref.call("keepPersist", undefined);
      await ref.call("add", "pear");
      const answered = ref.call(late, "plum");
      if (late === "addLateAndGo") await answered;
      else
        await expect(answered).rejects.toMatchObject({
          message: expect.stringMatching(/^persist was called after its turn was over, and nothing of it is kept/),
        });
      // Its process may tell of it a moment later.
      while (system().isAlive(ref)) await new Promise(setImmediate);
      expect(await (await spawn(name)).call("look")).toMatchObject({ items: ["pear"] });
    }
  });

  test("what an interrupted turn has asked for is kept before the next turn decides", async () => {
    const name = owner();
    const ref = await spawn(name);
    const asked = ref.call("addWhenInterrupted", "pear").catch(({ code }: { code: string }) => code);
    while (!(await system().interrupt(ref))) await new Promise(setImmediate);
    const looked = ref.call("look");
    expect(await asked).toBe("interrupted");
    expect(await looked).toMatchObject({ items: ["pear"] });
  });

  test("a handler may keep one state after the other", async () => {
    const name = owner();
    const ref = await spawn(name);
    await ref.call("addTwice", "pear");
    await end(ref);
    expect(await (await spawn(name)).call("look")).toMatchObject({ items: ["pear", "pear"] });
  });

  test("a state that was deleted is in no store, and the actor begins anew", async () => {
    const name = owner();
    const ref = await spawn(name);
    await ref.call("clear", undefined);
    await ref.call("add", "pear");
    await ref.call("clear", undefined);
    expect(await ref.call("look")).toEqual({ owner: name, items: [] });
    expect(await store("get", `cart ${name}`)).toBeUndefined();
    await ref.call("add", "plum");
    await ref.call("clearAndAdd", "nut");
    await end(ref);
    expect(await (await spawn(name)).call("look")).toEqual({ owner: name, items: ["nut"] });
  });

  test("of two actors with one key the later one's persist is a conflict, and that one ends", async () => {
    const name = owner();
    const [first, second] = [await spawn(name), await spawn(name)];
    await first.call("add", "pear");
    await expect(second.call("add", "plum")).rejects.toMatchObject({
      message: expect.stringMatching(/key "cart owner \d+": somebody else has written to it/),
    });
    await system().settled();
    expect(system().isAlive(second)).toBe(false);
    expect(await first.call("add", "nut")).toBe(1);
    await expect((await spawn(name)).call("clear", undefined)).resolves.toBeUndefined();
    await expect(first.call("clear", undefined)).rejects.toMatchObject({
      message: expect.stringMatching(/somebody else has written to it/),
    });
  });

  test("one whose state is no data ends, whatever its handler catches, and what was kept stays", async () => {
    const name = owner();
    const ref = await spawn(name);
    await ref.call("add", "pear");
    await expect(ref.call("addParcelAndBear", undefined)).rejects.toMatchObject({
      message: expect.stringMatching(/key "cart owner \d+": its state: message\.items\[0\]/),
    });
    await system().settled();
    expect(system().isAlive(ref)).toBe(false);
    expect(await (await spawn(name)).call("look")).toEqual({ owner: name, items: ["pear"] });
  });

  test("a state of an older version is made a new one; one of a newer version is refused", async () => {
    const name = owner();
    const old = await spawn(name);
    await old.call("add", "pear");
    await end(old);
    const newer = await place.spawn(system(), newCart, name, {});
    expect(await newer.call("look")).toMatchObject({ items: [{ item: "pear", count: 1 }] });
    // Nothing is written before there is something to keep.
    expect(await store("get", `cart ${name}`)).toMatchObject({ value: { version: 1 } });
    await newer.call("add", "plum");
    await end(newer);
    await expect(spawn(name)).rejects.toMatchObject({
      code: "start_failed",
      message: expect.stringMatching(/its state is of version 2, and this behaviour knows up to 1: run the newer one/),
    });
  });

  test("a key that somebody else has written is refused, and stays as it is", async () => {
    const name = owner();
    await store("put", { key: `cart ${name}`, value: { items: [] } });
    await expect(spawn(name)).rejects.toMatchObject({
      message: expect.stringMatching(/its state was written by no actor with durable state: \{"items":\[\]\}/),
    });
    expect(await store("get", `cart ${name}`)).toMatchObject({ value: { items: [] } });
  });

  test("a state with spoiled bytes is refused, which names store and remedy", async () => {
    const name = owner();
    const ref = await spawn(name);
    await ref.call("add", "pear");
    await end(ref);
    {
      using database = new DatabaseSync(join(folder, "store.sqlite"));
      const sql = "UPDATE entries SET value = substr(value, 1, length(value) - 1) WHERE key = ?";
      expect(database.prepare(sql).run(`cart ${name}`).changes).toBe(1);
    }
    await expect(spawn(name)).rejects.toMatchObject({
      code: "start_failed",
      message: expect.stringMatching(
        /plugin storage-sqlite: the value of "cart .*" is not what was written there: take/,
      ),
    });
  });
});

test.each([0, 1.5, "1", Number.NaN])("version %j is refused", (version) => {
  const definition = { key: () => "a", empty: () => 0, calls: {}, version: version as number };
  expect(() => defineDurableState(definition)).toThrow(
    `defineDurableState: version is a whole number from 1, got ${typeof version === "string" ? `"${version}"` : version}`,
  );
});
