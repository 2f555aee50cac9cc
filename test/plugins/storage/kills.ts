/** A store behind a connection that is killed: the server is rid of it at once, and the one that is started after it has no harm. */
import { afterEach, describe, expect, test } from "@jest/globals";
import type { AnyPlugin, Isolation, Ref } from "../../../index.ts";
import { next } from "../../support/in-process.ts";
import { TcpRelay } from "../../support/tcp-relay.ts";
import { useSystem } from "../../support/use-system.ts";
import { failureOf, storeOf } from "./store.ts";

export interface KilledCase {
  readonly plugin: AnyPlugin;
  readonly config: { readonly url: string };
  /** How many connections the server has that came from these ports. */
  count(ports: readonly number[]): Promise<number>;
}

/** Of looks at the server, which takes its time to see an end. */
const looksMax = 1_000;

export function describeKills(name: string, { plugin, config, count }: KilledCase): void {
  describe(`${name}, killed`, () => {
    const system = useSystem({ clock: "system", threads: 1 });
    const store = storeOf(system, name);
    let stop = async () => {};

    afterEach(() => stop());

    const open = async (more: object, isolation: Isolation) => {
      const use = { plugin, isolation, config: { ...config, ...more }, startTimeoutMs: 60_000 };
      const handle = await system().startPlugins([use]);
      stop = async () => {
        system().exit(handle.ref, "shutdown");
        await handle.exit;
        stop = async () => {};
      };
    };
    /** Resolves when the supervisor has started the next one. */
    const kill = async () => {
      const restarted = next(system(), "restarted");
      system().exit(system().whereis(`plugin.${name}`) as Ref, "kill");
      await restarted;
    };
    const settled = async (ports: readonly number[], wanted: number) => {
      let found = await count(ports);
      for (let look = 0; found !== wanted && look < looksMax; look++) found = await count(ports);
      return found;
    };
    /** Asks for so much at once that its pool has all that it may have. */
    const fill = async (relay: TcpRelay, poolSize: number) => {
      for (let round = 0; relay.ports().length !== poolSize && round < looksMax; round++)
        await Promise.all(Array.from({ length: 20 }, (_, n) => store.get(`used ${n}`)));
      return relay.ports();
    };

    test.each<Isolation>(["shared", "thread", "process"])("in isolation %s: its connections go", async (isolation) => {
      await using relay = await TcpRelay.open(config.url);
      await open({ url: relay.url, poolSize: 3 }, isolation);
      const before = await fill(relay, 3);
      expect([before.length, await count(before)]).toEqual([3, 3]);
      await kill();
      expect(await settled(before, 0)).toBe(0);
      const after = await fill(relay, 3);
      expect([after.length, await count(after)]).toEqual([3, 3]);
      await stop();
      expect(await settled(after, 0)).toBe(0);
    });

    test("in the midst of a write: the next one writes at once, and waits for no lock of it", async () => {
      await using relay = await TcpRelay.open(config.url);
      await open({ url: relay.url }, "shared");
      const silent = relay.silenceAt("FOR UPDATE", "after");
      const write = failureOf(store.put({ key: "midst", value: 1, ifVersion: 0 }));
      // It waits behind the first, and belongs to the dead as well.
      await silent;
      const behind = failureOf(store.put({ key: "midst", value: 2 }));
      await kill();
      expect([await write, await behind]).toMatchObject([{ code: "killed" }, { code: "killed" }]);
      await store.put({ key: "midst", value: 3, ifVersion: 0 });
      expect(await store.get("midst")).toMatchObject({ value: 3 });
      await stop();
    });

    test("while it starts: nothing of it stays", async () => {
      await using relay = await TcpRelay.open(config.url);
      const silent = relay.silenceAt("migrations", "after");
      const started = failureOf(open({ url: relay.url }, "shared"));
      await silent;
      const ports = relay.ports();
      expect([ports.length, await count(ports)]).toEqual([1, 1]);
      system().exit(system().whereis(`plugin.${name}`) as Ref, "kill");
      expect(await started).toMatchObject({ code: "start_failed" });
      expect(await settled(ports, 0)).toBe(0);
    });
  });
}
