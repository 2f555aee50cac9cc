/** What a store behind a connection must bear where packets are dropped: nothing comes any more, and nobody says that it ended. */
import { existsSync, readFileSync } from "node:fs";
import { afterEach, describe, expect, test } from "@jest/globals";
import type { AnyPlugin } from "../../../index.ts";
import { TcpRelay } from "../../support/tcp-relay.ts";
import { useSystem } from "../../support/use-system.ts";
import { failureOf, storeOf } from "./store.ts";

const said = "the server has said nothing for silenceTimeoutMs (600)";
/** Connections of this machine, as its kernel tells of them. */
const table = "/proc/net/tcp";

export function describeSilence(name: string, plugin: AnyPlugin, config: { readonly url: string }): void {
  describe(`${name}, whose server falls silent`, () => {
    const system = useSystem({ clock: "system", threads: 1 });
    const store = storeOf(system, name);
    let stop = async () => {};

    afterEach(() => stop());

    /** One connection, so that a call can have no other. */
    const open = async (more: object) => {
      const handle = await system().startPlugins([{ plugin, config: { ...config, poolSize: 1, ...more } }]);
      stop = async () => {
        system().exit(handle.ref, "shutdown");
        await handle.exit;
        stop = async () => {};
      };
    };

    test("a read fails in time, and the next one has another connection", async () => {
      await using relay = await TcpRelay.open(config.url);
      await open({ url: relay.url, silenceTimeoutMs: 600 });
      await store.put({ key: "silent key", value: 1 });
      for (const when of ["before", "after"] as const) {
        const silent = relay.silenceAt("silent key", when);
        expect(await failureOf(store.get("silent key"))).toMatchObject({ code: "storage_failed", message: said });
        await silent;
        expect(await store.get("silent key")).toMatchObject({ value: 1 });
      }
      await stop();
    });

    // Whether a commit that was sent has got there its client cannot know.
    test.each([
      ["in the midst of it has kept nothing, and says so", "FOR UPDATE", "after", "storage_failed", false],
      ["before its commit is there is in doubt, and has kept nothing", "COMMIT", "before", "storage_in_doubt", false],
      ["before its commit is answered is in doubt, and is kept", "COMMIT", "after", "storage_in_doubt", true],
    ] as const)("a write whose server falls silent %s", async (_what, text, when, code, isKept) => {
      await using relay = await TcpRelay.open(config.url);
      await open({ url: relay.url, silenceTimeoutMs: 600 });
      const write = { key: `silent ${code} ${when}`, value: 2, ifVersion: 0 };
      const silent = relay.silenceAt(text, when);
      const refused = (await failureOf(store.put(write))) as Error;
      expect(refused).toMatchObject({ code, message: expect.stringContaining(said) });
      await silent;
      // It waits for no lock of the one before: that connection has ended.
      expect(await failureOf(store.put(write))).toMatchObject(
        isKept ? { code: "version_conflict" } : { value: { version: expect.any(Number) } },
      );
      expect(await store.get(write.key)).toMatchObject({ value: 2 });
      await stop();
    });

    test("a start fails in time, and says why", async () => {
      await using relay = await TcpRelay.open(config.url);
      const silent = relay.silenceAt("migrations", "after");
      expect(await failureOf(open({ url: relay.url, silenceTimeoutMs: 600 }))).toMatchObject({
        code: "start_failed",
        message: expect.stringContaining(said),
      });
      await silent;
    });

    test("answers that take longer, and are under way all the time, are awaited", async () => {
      await using relay = await TcpRelay.open(config.url);
      const value = "x".repeat(1_000_000);
      // To keep so much may take a server long, and it says nothing meanwhile.
      await open({});
      await store.put({ key: "long", value });
      await stop();
      await open({ url: relay.url, silenceTimeoutMs: 1_000 });
      relay.slowDown(100_000, 100);
      expect(await store.get("long")).toMatchObject({ value });
      await stop();
    });

    // What the kernel's columns mean stands in its Documentation/networking/proc_net_tcp.rst.
    (existsSync(table) ? test : test.skip)("the kernel asks whether its server is there", async () => {
      await using relay = await TcpRelay.open(config.url);
      await open({ url: relay.url });
      const to = `:${Number(new URL(relay.url).port).toString(16).toUpperCase().padStart(4, "0")}`;
      const timers = () =>
        readFileSync(table, "utf8")
          .split("\n")
          .map((line) => line.trim().split(/\s+/))
          .filter(([, , remote, state]) => remote?.endsWith(to) && state === "01")
          .map((columns) => columns[5]?.slice(0, 2));
      // A timer of what was just sent would be another one.
      while (timers().includes("01")) await store.get("anything");
      expect(timers()).toEqual(["02"]);
      await stop();
    });
  });
}
