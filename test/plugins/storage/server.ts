/** What a store behind a connection must bear: the connection goes, others write to the same tables, the pool is small. */
import { afterEach, describe, expect, test } from "@jest/globals";
import type { AnyPlugin } from "../../../index.ts";
import { TcpRelay } from "../../support/tcp-relay.ts";
import { useSystem } from "../../support/use-system.ts";
import { expectSpoiledIsTold } from "./spoiled.ts";
import { storeOf } from "./store.ts";

export interface ServerCase {
  readonly plugin: AnyPlugin;
  readonly config: { readonly url: string };
  /** Ends connections from the server's side that came from these ports. How many there were. */
  disconnect(ports: readonly number[]): Promise<number>;
  /** Makes the tables those of a newer version, and undoes that. */
  age(version: number): Promise<unknown>;
  unage(): Promise<unknown>;
  /** Cuts the last byte off every value in that column. */
  spoil(table: string, column: string): Promise<unknown>;
  /** Where nobody listens. */
  readonly wrongUrl: string;
}

export function describeServer(
  title: string,
  { plugin, config, disconnect, age, unage, spoil, wrongUrl }: ServerCase,
): void {
  describe(title, () => {
    const systems = [useSystem({ clock: "system", threads: 1 }), useSystem({ clock: "system", threads: 1 })] as const;
    const [system, other] = systems;
    const name = title.split(",")[0] as string;
    const stops: (() => Promise<void>)[] = [];

    afterEach(async () => {
      for (const stop of stops.splice(0)) await stop();
    });

    /** Returns what stops it; the end of the test does, too. */
    const open = async (at: typeof system, more: object = {}): Promise<() => Promise<void>> => {
      const handle = await at().startPlugins([{ plugin, config: { ...config, ...more } }]);
      const stop = async () => {
        if (at().isAlive(handle.ref)) at().exit(handle.ref, "shutdown");
        await handle.exit;
      };
      stops.push(stop);
      return stop;
    };
    const call = async (at: typeof system, verb: string, argument: unknown) =>
      await at().call(`plugin.${name}`, verb, argument);
    const failure = async (promise: Promise<unknown>) =>
      await promise.then(
        (value) => ({ value }),
        (error: unknown) => error,
      );

    test("a connection that goes while nobody uses it costs nothing", async () => {
      await using relay = await TcpRelay.open(config.url);
      const stop = await open(system, { url: relay.url });
      await call(system, "put", { key: "kept", value: 1 });
      expect(await disconnect(relay.ports())).toBeGreaterThan(0);
      let result: unknown;
      // The first one after that may meet the end of the connection.
      do result = await failure(call(system, "get", "kept"));
      while (result instanceof Error);
      expect(result).toMatchObject({ value: { value: 1 } });
      await stop();
    });

    test("a connection that goes in the midst of writes: each is kept, or its caller learns that it may not be", async () => {
      await using relay = await TcpRelay.open(config.url);
      const stop = await open(system, { url: relay.url });
      const results = Promise.all(
        Array.from(
          { length: 300 },
          async (_, n) => await failure(call(system, "put", { key: `midst ${n}`, value: n })),
        ),
      );
      await disconnect(relay.ports());
      for (const [n, result] of (await results).entries()) {
        if (result instanceof Error) {
          expect(result).toMatchObject({ code: expect.stringMatching(/^storage_(failed|in_doubt)$/) });
          continue;
        }
        let read: unknown;
        do read = await failure(call(system, "get", `midst ${n}`));
        while (read instanceof Error);
        expect(read).toMatchObject({ value: { value: n } });
      }
      await stop();
    });

    // Whether a commit that was sent has got there its client cannot know.
    test.each([
      ["in the midst of it has kept nothing, and says so", "FOR UPDATE", "after", "storage_failed", undefined],
      [
        "before its commit is there is in doubt, and has kept nothing",
        "COMMIT",
        "before",
        "storage_in_doubt",
        undefined,
      ],
      ["before its commit is answered is in doubt, and is kept", "COMMIT", "after", "storage_in_doubt", { value: 2 }],
    ] as const)("a write whose connection goes %s", async (_what, text, when, code, kept) => {
      await using relay = await TcpRelay.open(config.url);
      const stop = await open(system, { url: relay.url });
      const write = { key: `cut ${code} ${when}`, value: 2, ifVersion: 0 };
      const cut = relay.cutAt(text, when);
      expect(await failure(call(system, "put", write))).toMatchObject({ code });
      await cut;
      const again = await failure(call(system, "put", write));
      expect(again).toMatchObject(
        kept === undefined ? { value: { version: expect.any(Number) } } : { code: "version_conflict" },
      );
      expect(await call(system, "get", write.key)).toMatchObject({ value: 2 });
      await stop();
    });

    // Statements of a transaction go one by one, and its commit last.
    test.each([
      ["at its first statement has kept nothing of it", "FOR UPDATE", "after", "storage_failed", false],
      ["before its commit is there has kept nothing of it", "COMMIT", "before", "storage_in_doubt", false],
      ["before its commit is answered has kept all of it", "COMMIT", "after", "storage_in_doubt", true],
    ] as const)(
      "a transaction whose database goes away %s, and calls fail until it is back",
      async (_what, text, when, code, isKept) => {
        const relay = await TcpRelay.open(config.url);
        const stop = await open(system, { url: relay.url, poolSize: 1 });
        const own = `gone ${code} ${when}`;
        const cut = relay.cutAt(text, when);
        const writes = failure(
          call(system, "transact", [
            { type: "put", key: own, value: 1, ifVersion: 0 },
            { type: "append", journal: own, events: ["a", "b"], ifSeq: 0 },
            { type: "snapshot", journal: own, seq: 2, state: "ab" },
          ]),
        );
        await cut;
        await relay[Symbol.asyncDispose]();
        expect(await writes).toMatchObject({ code });
        expect(await failure(call(system, "get", own))).toMatchObject({ code: "storage_failed" });
        expect(await failure(call(system, "put", { key: own, value: 2 }))).toMatchObject({ code: "storage_failed" });
        await using _back = await TcpRelay.open(config.url, Number(new URL(relay.url).port));
        expect(await call(system, "get", own)).toEqual(isKept ? expect.objectContaining({ value: 1 }) : undefined);
        expect(await call(system, "lastSeq", own)).toBe(isKept ? 2 : 0);
        expect(await call(system, "loadSnapshot", own)).toEqual(isKept ? { seq: 2, state: "ab" } : undefined);
        await stop();
      },
    );

    test("of two systems that write one key depending on its version, one has it", async () => {
      await open(system);
      await open(other);
      const tries = Array.from(
        { length: 40 },
        async (_, n) =>
          await failure(call(n % 2 === 0 ? system : other, "put", { key: "raced", value: n, ifVersion: 0 })),
      );
      const won = (await Promise.all(tries)).filter((result) => !(result instanceof Error));
      expect(won).toHaveLength(1);
    });

    test("a pool of one connection does all that is asked, one after the other", async () => {
      await open(system, { poolSize: 1 });
      const all = Array.from({ length: 200 }, async (_, n) => {
        await call(system, "put", { key: `one ${n}`, value: n });
        return ((await call(system, "get", `one ${n}`)) as { value: unknown }).value;
      });
      expect(await Promise.all(all)).toEqual(all.map((_, n) => n));
    });

    test("its health says that the server cannot be reached, and why, until it can", async () => {
      const relay = await TcpRelay.open(config.url);
      const stop = await open(system, { url: relay.url });
      const health = async () => (await system().plugins()).find((one) => one.name === name)?.health;
      expect(await health()).toEqual({ status: "up" });
      await relay[Symbol.asyncDispose]();
      let down: unknown;
      // The first one after that may meet the end of the connection.
      do down = await health();
      while (!/ECONNREFUSED/.test(JSON.stringify(down)));
      expect(down).toEqual({
        status: "down",
        detail: expect.stringMatching(/^connect ECONNREFUSED 127\.0\.0\.1:\d+$/),
      });
      await using _back = await TcpRelay.open(config.url, Number(new URL(relay.url).port));
      expect(await health()).toEqual({ status: "up" });
      await stop();
    });

    test("values that are not what was written are told by the reads that meet them", async () => {
      await open(system);
      await expectSpoiledIsTold(storeOf(system, name), spoil);
    });

    test("tables of a newer version are refused", async () => {
      const stop = await open(system);
      await stop();
      await age(99);
      try {
        expect(await failure(open(system))).toMatchObject({
          code: "start_failed",
          message: expect.stringMatching(/version 99, and this plugin knows up to \d+: use the newer one/),
        });
      } finally {
        await unage();
      }
    });

    test("a server that is not there is told, without the URL, which has a password", async () => {
      const result = (await failure(open(system, { url: wrongUrl.replace("root", "root:hunter2") }))) as Error;
      expect(result).toMatchObject({ code: "start_failed", message: expect.stringMatching(/ECONNREFUSED/) });
      expect(JSON.stringify([result.message, result.cause])).not.toContain("hunter2");
    });
  });
}
