/** core/SEMANTICS.md, S15.6 to S15.8: what behaviours and spawns declare, and the configuration of an actor that runs. */
import { expect, test } from "@jest/globals";
import { type Ref, type RefData, refKey } from "../../../core/index.ts";
import { EventRecorder } from "../../../testing/index.ts";
import { byEnvironment, changing, configured, fixed, guarded, hostVariable, plain } from "../../fixtures/configured.ts";
import { puppet } from "../../fixtures/puppet.ts";
import { describePlacements } from "../../support/describe-placements.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem();
const thrice = <T>(value: T): T[] => [value, value, value];

const readers = () =>
  Promise.all([0, 1, 2].map((thread) => system().spawn(puppet, undefined, { placement: { thread } })));

interface Found {
  readonly ref: RefData;
  readonly declaration: unknown;
  readonly configuration: { readonly value: unknown; readonly origins: unknown } | undefined;
}

/** What each thread's copy has of an actor. */
async function seenEverywhere(ref: RefData): Promise<(Found | undefined)[]> {
  await system().settled();
  const key = refKey(ref);
  return await Promise.all(
    (await readers()).map(async (reader) =>
      ((await reader.call("run", ["find", {}])) as Found[]).find((one) => refKey(one.ref) === key),
    ),
  );
}

const settingsOf = async (ref: RefData) => (await seenEverywhere(ref)).map((found) => found?.configuration?.value);
const failureOf = (asked: Promise<unknown>) =>
  asked.then(
    () => "none",
    ({ code, message }: { code: string; message: string }) => `${code}: ${message}`,
  );

const initial = { port: 1, host: "default", tags: [] };

describePlacements("S15 Declarations and configuration", (place) => {
  const start = (configuration?: Readonly<Record<string, unknown>>): Promise<Ref> =>
    place.spawn(system(), configured, undefined, configuration === undefined ? {} : { configuration });

  /** A child under a supervisor. */
  async function child(configuration?: Readonly<Record<string, unknown>>) {
    const tree = await system().supervise({ intensity: 10, children: [] });
    const spec = { id: "child", start: [configured] as const, ...place.options };
    const outcome = await tree.startChild({ ...spec, ...(configuration && { configuration }) });
    if (!outcome.ok) throw new Error(outcome.error.code);
    const now = async () => {
      await system().settled();
      const found = await tree.whichChild("child");
      if (!found.ok) throw new Error(found.error.code);
      return found.child.ref as Ref<never>;
    };
    return { tree, spec, now };
  }

  test("S15.6: what a behaviour declares, and a spawn adds, is found as soon as the start has resolved", async () => {
    const name = `skill of ${place.name}`;
    const ref = await place.spawn(system(), configured, undefined, {
      declaration: {
        version: "2",
        tags: ["more"],
        capabilities: [{ name: "configured", cost: 2 }, { name }],
        metadata: { b: 2 },
      },
    });
    expect(
      system()
        .find({ capability: name })
        .map(({ ref: one }) => refKey(one)),
    ).toEqual([refKey(ref)]);
    const declaration = {
      version: "2",
      tags: ["own", "more"],
      capabilities: [{ name: "configured", cost: 2 }, { name }],
      metadata: { a: 1, b: 2 },
    };
    expect((await seenEverywhere(ref)).map((found) => found?.declaration)).toEqual(thrice(declaration));
    system().exit(ref, "kill");
    expect(await seenEverywhere(ref)).toEqual(thrice(undefined));
  });

  test("S15.6: the same for an actor of any thread that starts one, and `declare` takes the place of it", async () => {
    for (const [at, starter] of (await readers()).entries()) {
      const name = `skill ${at} of ${place.name}`;
      const options = { ...place.options, declaration: { capabilities: [{ name }] } };
      const found = await starter.call("runEach", [["startThenFind", options, { capability: name }]]);
      expect(found).toBe(1);
      expect(await starter.call("seen")).toEqual([["found", 1]]);
      const [agent] = system().find({ capability: name });
      await system().call(agent?.ref as Ref, "run", ["declare", { tags: ["other"] }]);
      await system().settled();
      expect(system().find({ capability: name })).toEqual([]);
    }
  });

  test("S15.6: a behaviour's own declaration stands without a configuration", async () => {
    const ref = await place.spawn(system(), plain, undefined);
    expect(await seenEverywhere(ref)).toMatchObject(
      thrice({ declaration: { tags: ["plain"] }, configuration: undefined }),
    );
  });

  test("S15.7: init gets the configuration, and every thread sees it with where each value came from", async () => {
    const ref = await start({ port: 8080, tags: ["x"] });
    const value = { port: 8080, host: "default", tags: ["x"] };
    expect(await ref.call("settings")).toEqual(value);
    const origins = { port: "argument", host: "default", tags: "argument" };
    expect((await seenEverywhere(ref)).map((found) => found?.configuration)).toEqual(thrice({ value, origins }));
  });

  test("S15.7: a start with a configuration that the schema refuses fails, with path, value and origin", async () => {
    expect(await failureOf(start({ port: "many", host: 7 }))).toMatch(
      /^bad_configuration: \w+ <[\d.]+>: port: a number \(got "many" from argument\); host: a text \(got 7 from argument\)$/,
    );
    expect(await failureOf(place.spawn(system(), plain, undefined, { configuration: { port: 1 } }))).toMatch(
      /^(bad_argument|start_failed): .*plain declares no configuration/,
    );
  });

  test("S15.7: variables are those that main has at that moment, on every thread; a process has those that it was granted", async () => {
    const isProcess = place.options.isolation === "process";
    process.env[hostVariable] = "first";
    const ref = await place.spawn(system(), byEnvironment, undefined);
    expect(await ref.call("host")).toBe(isProcess ? "default" : "first");
    process.env[hostVariable] = "second";
    expect(await system().reconfigure(ref, {})).toMatchObject({ value: { host: isProcess ? "default" : "second" } });
    delete process.env[hostVariable];
    expect(await system().reconfigure(ref, {})).toMatchObject({ value: { host: "default" } });
  });

  test("S15.7: what an actor does to its configuration is not seen by another one, in no copy, and not by its next life", async () => {
    const tree = await system().supervise({ children: [{ id: 1, start: [changing], ...place.options }] });
    const now = async () => {
      await system().settled();
      const found = await tree.whichChild(1);
      return (found.ok ? found.child.ref : undefined) as Ref<never>;
    };
    const first = await now();
    expect(await system().call(first, "push", 2)).toBe(2);
    expect(await settingsOf(first)).toEqual(thrice({ list: [1] }));
    system().exit(first, "kill");
    expect(await system().call(await now(), "push", 2)).toBe(2);
  });

  test("S15.8: a new configuration is offered with the former, and is the actor's for everybody from then on", async () => {
    const ref = await start({ port: 2 });
    const next = { port: 2, host: "next", tags: [] };
    expect(await system().reconfigure(ref, { host: "next" })).toEqual({
      value: next,
      origins: { port: "argument", host: "reconfigure", tags: "default" },
    });
    expect(await ref.call("settings")).toEqual(next);
    expect(await ref.call("offers")).toEqual([[next, { port: 2, host: "default", tags: [] }]]);
    expect(await settingsOf(ref)).toEqual(thrice(next));
    const late = { ...next, host: "late" };
    expect(await system().reconfigure(ref, { host: "late" })).toMatchObject({ value: late });
    expect([await ref.call("settings"), await settingsOf(ref)]).toEqual([late, thrice(late)]);
  });

  test("S15.8: actors of any thread may ask, and watchers of any thread are told, once", async () => {
    const ref = await start();
    await system().settled();
    for (const [at, asker] of (await readers()).entries()) {
      const { id } = (await asker.call("run", ["watch", { capability: "configured" }])) as { id: number };
      const host = `host ${at}`;
      expect(await asker.call("run", ["reconfigure", ref, { host }])).toMatchObject({ value: { ...initial, host } });
      await system().settled();
      expect(await asker.call("seen")).toMatchObject([
        { type: "agent", watch: id, change: "changed", ref, configuration: { value: { ...initial, host } } },
      ]);
      await asker.call("run", ["unwatch", id]);
    }
  });

  test("S15.8: what the schema refuses is not offered, what the actor refuses is not taken, and nothing has changed", async () => {
    const ref = await start();
    const watcher = await system().spawn(puppet);
    await watcher.call("run", ["watch", { capability: "configured" }]);
    expect(await failureOf(system().reconfigure(ref, { port: "x" }))).toMatch(
      /^bad_configuration: .*port: a number \(got "x" from reconfigure\)/,
    );
    expect(await failureOf(system().reconfigure(ref, { host: "a bug of the schema" }))).toMatch(
      /^bad_configuration: .*the schema fails over it: it did not think of that$/,
    );
    expect(await ref.call("offers")).toEqual([]);
    expect(await failureOf(system().reconfigure(ref, { host: "refuse" }))).toMatch(/^refused: .*: not that host$/);
    expect(await failureOf(system().reconfigure(ref, { host: "late refusal" }))).toMatch(
      /^refused: .*: after a while$/,
    );
    expect([await ref.call("settings"), await settingsOf(ref)]).toEqual([initial, thrice(initial)]);
    expect(await watcher.call("seen")).toEqual([]);
    // Nor does it count for the next.
    expect(await system().reconfigure(ref, { port: 3 })).toMatchObject({ value: { ...initial, port: 3 } });
  });

  test("S15.8: an actor without a hook, or without a configuration, takes none", async () => {
    const without = await place.spawn(system(), fixed, undefined);
    expect(await failureOf(system().reconfigure(without, { host: "x" }))).toMatch(/^refused: .*no hook `configure`/);
    const none = await place.spawn(system(), puppet, undefined);
    expect(await failureOf(system().reconfigure(none, { host: "x" }))).toMatch(/^refused: .*declares no configuration/);
  });

  test("S15.8: a crash in the hook ends the actor, its asker gets it, and the former configuration stands for the next life", async () => {
    const { now } = await child({ port: 5 });
    const first = await now();
    await system().reconfigure(first, { host: "kept" });
    expect(await failureOf(system().reconfigure(first, { host: "crash" }))).toBe("crashed: no such host");
    expect(system().isAlive(first)).toBe(false);
    const next = await now();
    const kept = { port: 5, host: "kept", tags: [] };
    expect(await settingsOf(next)).toEqual(thrice(kept));
    expect(await system().call(next, "settings")).toEqual(kept);
  });

  test("S15.8: whatever ends it in the hook answers its asker", async () => {
    const ref = await start();
    const asked = failureOf(system().reconfigure(ref, { host: "never" }));
    // Its hook runs, and waits for ever.
    while ((await system().info(ref)).state !== "running") await new Promise(setImmediate);
    system().exit(ref, "kill");
    expect(await asked).toMatch(/^killed: /);
    const other = await start();
    expect(await failureOf(system().reconfigure(other, { host: "exit" }))).toMatch(/^(none|shutdown: )/);
    expect(await failureOf(system().reconfigure(other, { host: "x" }))).toMatch(/^noproc: /);
  });

  test("S15.8: what was accepted goes on in the next life of a listed child, and not in another child of that id", async () => {
    const { tree, spec, now } = await child();
    await system().reconfigure(await now(), { port: 7 });
    await system().reconfigure(await now(), { host: "two" });
    for (let life = 0; life < 2; life++) {
      system().exit(await now(), "kill");
      expect(await settingsOf(await now())).toEqual(thrice({ port: 7, host: "two", tags: [] }));
    }
    await tree.terminateChild("child");
    await tree.restartChild("child");
    expect(await settingsOf(await now())).toEqual(thrice({ port: 7, host: "two", tags: [] }));
    await tree.terminateChild("child");
    await tree.deleteChild("child");
    await tree.startChild(spec);
    expect(await settingsOf(await now())).toEqual(thrice(initial));
  });

  test("S15.8: between two turns, and in a pause too", async () => {
    const ref = await start();
    await system().pause(ref);
    expect(await system().reconfigure(ref, { port: 9 })).toMatchObject({ value: { port: 9 } });
    await system().resume(ref);
    expect(await ref.call("settings")).toEqual({ ...initial, port: 9 });
  });

  test("S15.10: a secret is the actor's, in every life, and is in no copy, no refusal, no report and no error of its", async () => {
    const [first, second] = ["first-key-of-the-test", "second-key\nof two lines"];
    const lines = [first, ...second.split("\n")];
    using events = new EventRecorder(system());
    const watcher = await system().spawn(puppet);
    await watcher.call("run", ["watch", { capability: "guarded" }]);
    const tree = await system().supervise({ intensity: 10, children: [] });
    const configuration = { key: first };
    await tree.startChild({ id: 1, start: [guarded] as const, configuration, ...place.options });
    const now = async () => {
      await system().settled();
      const found = await tree.whichChild(1);
      return (found.ok ? found.child.ref : undefined) as Ref<never>;
    };
    const ref = await now();
    const seen: unknown[] = [await system().getState(ref, { hideSecrets: true })];
    expect(await system().call(ref, "key")).toBe(first);
    expect(await settingsOf(ref)).toEqual(thrice({ key: "[secret]" }));
    seen.push(await failureOf(system().reconfigure(ref, { key: second, mode: "refuse" })));
    seen.push(await failureOf(system().reconfigure(ref, { key: "short" })));
    seen.push(await system().reconfigure(ref, { key: second }));
    expect(await system().call(ref, "key")).toBe(second);
    seen.push(await system().getState(ref, { hideSecrets: true }));
    seen.push(await failureOf(system().reconfigure(ref, { mode: "crash" })));
    const next = await now();
    expect(await system().call(next, "key")).toBe(second);
    seen.push(await failureOf(system().call(next, "crash", "a call") as Promise<unknown>));
    const start = place.spawn(system(), guarded, undefined, { configuration: { key: "tiny" } });
    seen.push(await failureOf(start), await watcher.call("seen"));
    await system().settled();
    expect(seen).toEqual([
      { settings: { key: "[secret]" }, note: "uses [secret]" },
      expect.stringMatching(/^refused: .*: \[secret\] is no better than \[secret\]$/),
      expect.stringMatching(/^bad_configuration: .*key: refused \(got a secret from reconfigure\)$/),
      { value: { key: "[secret]" }, origins: { key: "reconfigure" } },
      expect.objectContaining({ settings: { key: "[secret]" } }),
      expect.stringMatching(/^crashed: no such key: \[secret\]/),
      expect.stringMatching(/^\[secret\]: a call with \[secret\]/),
      expect.stringMatching(/^bad_configuration: .*key: refused \(got a secret from argument\)$/),
      expect.anything(),
    ]);
    const told = JSON.stringify([seen, events.events, system().crashes()]);
    for (const line of [...lines, "tiny"]) expect(told).not.toContain(line);
    expect(events.of("crashed")).toHaveLength(3);
  });

  test.each([
    ["no object", 7],
    ["nothing", undefined],
    ["a list", [1]],
  ])("S15.8: %s is no change", async (_what, changes) => {
    const ref = await start();
    expect(await failureOf(system().reconfigure(ref, changes as never))).toMatch(/^bad_argument: reconfigure wants/);
    const asker = await system().spawn(puppet);
    expect(await asker.call("codeOf", ["reconfigure", ref, changes])).toBe("bad_argument");
  });

  test("S15.8: a function is no data, nobody is reconfigured by itself, and no name has nobody", async () => {
    const ref = await start();
    expect(await failureOf(system().reconfigure(ref, { host: () => "x" }))).toMatch(/^not_cloneable: /);
    const asker = await place.spawn(system(), puppet, undefined);
    expect(await asker.call("codeOf", ["reconfigure", asker, {}])).toBe("calling_self");
    expect(await failureOf(system().reconfigure("nobody at all", {}))).toMatch(/^noproc: /);
  });
});
