/** Plugins of a running system. Those of `isolation` are in each; the others wherever they may be spread to. */
import { afterEach, describe, expect, test } from "@jest/globals";
import { definePlugin, type Isolation, type Ref, RuntimeError, type SupervisorHandle } from "../../index.ts";
import { blocking, hanging, observer, oldReader, otherStore, reader, store } from "../fixtures/plugins.ts";
import { puppet } from "../fixtures/puppet.ts";
import { useSystem } from "../support/use-system.ts";

const system = useSystem({ clock: "system" });
let handle: SupervisorHandle | undefined;

async function end(): Promise<void> {
  if (handle === undefined) return;
  system().exit(handle.ref, "shutdown");
  await handle.exit;
  handle = undefined;
}

afterEach(end);

const call = (plugin: "store" | "reader" | "observer", name: string, argument?: unknown) =>
  system().call(`plugin.${plugin}`, name, argument);

const failure = async (promise: Promise<unknown>) =>
  await promise.then(
    (value) => ({ value }),
    (error: unknown) => error,
  );

describe.each<Isolation>(["shared", "thread", "process"])("isolation %s", (isolation) => {
  const start = async () => {
    handle = await system().startPlugins([reader, { plugin: store, isolation }]);
    await call("store", "put", { key: "a", text: "A" });
  };

  // With options of the bus alone a request goes by topic.
  const ways = [{}, { options: { headers: { by: "topic" } } }] as const;

  test.each(ways)("one plugin asks another for what it requires, over the bus: %j", async (way) => {
    await start();
    expect(await call("reader", "read", { call: "get", key: "a", ...way })).toBe("A");
    expect(await call("reader", "read", { call: "getLater", key: "a", ...way })).toBe("A");
    expect(await call("reader", "read", { call: "putOff", key: "a", ...way })).toBe("A");
  });

  test("what it has asked fails with the end of who was asked, also where that has taken it without an answer", async () => {
    await start();
    const asked = failure(call("reader", "read", { call: "held", options: { timeoutMs: Number.POSITIVE_INFINITY } }));
    await system().settled();
    const restarted = new Promise((resolve) => system().events.on("restarted", resolve));
    system().exit(system().whereis("plugin.store") as Ref, "kill");
    expect(await asked).toMatchObject({ code: "killed" });
    await restarted;
    expect(await call("reader", "read", { call: "greeting" })).toBe("hello");
  });

  test("what is answered by noproc was asked once", async () => {
    await start();
    expect(await failure(call("reader", "read", { call: "askInVain" }))).toMatchObject({ code: "noproc" });
    expect(await call("store", "get", "asked")).toBe(".");
  });

  test("a call that throws a RuntimeError is answered by it, by each way, and the plugin goes on", async () => {
    await start();
    const { slot } = system().whereis("plugin.store") as { slot: number };
    for (const name of ["get", "getLater"]) {
      expect(await failure(call("store", name, "b"))).toMatchObject({ code: "no_text" });
      for (const way of ways)
        expect(await failure(call("reader", "read", { call: name, key: "b", ...way }))).toMatchObject({
          code: "no_text",
        });
    }
    expect(system().whereis("plugin.store")).toMatchObject({ slot });
    expect(await call("store", "get", "a")).toBe("A");
  });

  test("a bug ends it, who asked learns of it, and its supervisor starts it again", async () => {
    await start();
    const restarted = new Promise((resolve) => system().events.on("restarted", resolve));
    expect(await failure(call("reader", "read", { call: "crash" }))).toBeInstanceOf(RuntimeError);
    await restarted;
    expect(await failure(call("reader", "read", { call: "get", key: "a" }))).toMatchObject({ code: "no_text" });
  });

  test("chunks of a stream go over the bus in order", async () => {
    await start();
    await call("store", "put", { key: "b", text: "B" });
    expect(await call("reader", "readAll")).toEqual(["A", "B"]);
  });

  test("the token of the call in hand is there to its end, by either way", async () => {
    await start();
    expect(await call("store", "tokens")).toEqual([true, true]);
    expect(await call("reader", "read", { call: "tokens" })).toEqual([true, true]);
  });

  test("it answers by the tokens that it was given, and by no other", async () => {
    await start();
    const held = call("store", "held");
    for (const how of ["reply", "replyError", "stream"])
      expect(await call("store", "forge", { how, by: "copy" })).toMatch(
        /^bad_argument: plugin store: (reply|replyError|stream) wants a token that bus.from has given it, got \{/,
      );
    expect(await call("store", "forge", { how: "reply", by: "itself" })).toBe("done");
    expect(await held).toBe("forged");
    expect(await call("reader", "read", { call: "putOff", key: "a" })).toBe("A");
  });

  test("a call that it does not have is undef, by either way, a cast is told of, and the plugin goes on", async () => {
    await start();
    const undef = {
      code: "undef",
      message: expect.stringContaining('store has no call "toString" (defined: greeting, put'),
    };
    const warned = new Promise((resolve) =>
      system().events.on("log", ({ level, message }) => level === "warning" && resolve(message)),
    );
    expect(await failure(call("reader", "read", { call: "toString" }))).toMatchObject(undef);
    expect(await failure(call("store", "toString"))).toMatchObject(undef);
    system().cast("plugin.store", "put", { key: "a", text: "B" });
    expect(await warned).toBe('"put" was cast, and a plugin has calls alone: nothing was done');
    expect(await call("store", "get", "a")).toBe("A");
  });
});

/** What plugins say in the log until `run` has ended. */
async function saidWhile(run: () => Promise<void>): Promise<string[]> {
  const said: string[] = [];
  const quiet = system().events.on("log", ({ message }) => / (starts|ends)$/.test(message) && said.push(message));
  await run();
  quiet();
  return said;
}

test("plugins start after what they require, and stop before it", async () => {
  const said = await saidWhile(async () => {
    handle = await system().startPlugins([reader, store]);
    await end();
    await system().settled();
  });
  expect(said).toEqual(["store starts", "reader starts", "reader ends", "store ends"]);
});

test("a plugin that was started before provides, and its name and what it provides are taken", async () => {
  handle = await system().startPlugins([store]);
  const later = await system().startPlugins([reader]);
  expect(await call("reader", "read", { call: "greeting" })).toBe("hello");
  expect(await failure(system().startPlugins([store]))).toMatchObject({ code: "plugin_conflict" });
  system().exit(later.ref, "shutdown");
  await later.exit;
});

test("what nobody provides in that version is plugin_missing, and nothing has started", async () => {
  const said = await saidWhile(async () => {
    expect(await failure(system().startPlugins([oldReader, store]))).toMatchObject({
      code: "plugin_missing",
      message:
        "plugin old-reader requires texts from 2.0.0 on, and store provides texts 1.2.0: take versions of the two that fit",
    });
  });
  expect(said).toEqual([]);
  expect(await system().plugins()).toEqual([]);
});

test.each([
  ["the default", {}, "hello"],
  ["what its use says", { config: { greeting: "good day" } }, "good day"],
])("its configuration is %s", async (_what, use, expected) => {
  handle = await system().startPlugins([{ plugin: store, ...use }]);
  expect(await call("store", "greeting")).toBe(expected);
});

test("of a wrong configuration every key is named, and no plugin runs", async () => {
  const started = system().startPlugins([reader, { plugin: store, config: { greeting: "a", wrong: 1, other: 2 } }]);
  expect(await failure(started)).toMatchObject({
    code: "start_failed",
    message: expect.stringMatching(/wrong.*no such key.*other.*no such key/s),
  });
  expect(system().whereis("plugin.store")).toBeUndefined();
  expect(await system().plugins()).toEqual([]);
});

test("a plugin that hangs at its start is given up after startTimeoutMs, and no plugin runs", async () => {
  const use = { plugin: store, config: { slow: true }, startTimeoutMs: 50 };
  expect(await failure(system().startPlugins([reader, use]))).toMatchObject({
    code: "start_failed",
    message: expect.stringContaining("init_timeout"),
  });
  expect(system().whereis("plugin.store")).toBeUndefined();
});

test("a plugin that hangs at its stop is killed after its shutdown time", async () => {
  handle = await system().startPlugins([{ plugin: hanging, shutdown: 50 }]);
  const ref = system().whereis("plugin.hanging") as Ref;
  const { down } = await system().monitor(ref);
  await end();
  expect((await down).reason).toBe("killed");
});

test("a capability that its requires do not name is refused to it", async () => {
  handle = await system().startPlugins([store, reader]);
  expect(await failure(call("reader", "stray", "secrets"))).toMatchObject({
    code: "not_required",
    message: 'plugin reader asks for capability "secrets", and requires texts: name it in requires',
  });
});

test("a plugin has no verb by which it could reach an actor, or what is another's", async () => {
  handle = await system().startPlugins([store, reader]);
  const verbs = [
    "from",
    "log",
    "noReply",
    "observe",
    "publish",
    "reply",
    "replyError",
    "request",
    "requestStream",
    "signal",
    "stats",
    "stream",
    "trace",
    "wallMs",
  ];
  const inner = ["answering", "constructor", "isHeard", "tellContent", "tellOperation"];
  expect(await call("reader", "verbs")).toEqual([...inner, ...verbs].sort());
});

test("what the system does is shown to nobody who does not say that it observes, on main either", async () => {
  const onMain = await system().spawn(reader, undefined, { placement: { thread: 0 } });
  for (const verb of ["observe", "stats"])
    expect(await failure(onMain.call("look", verb as "stats"))).toMatchObject({
      code: "bad_argument",
      message: `plugin reader: ${verb} is for a plugin that observes the system: definePlugin({ observes: true })`,
    });
  system().exit(onMain, "kill");
});

test("one that observes is told of events and counts, on main, until it ends", async () => {
  handle = await system().startPlugins([observer]);
  expect(system().whereis("plugin.observer")?.thread).toBe(system().self.thread);
  system().exit(await system().spawn(puppet, {}), "kill");
  await system().settled();
  expect(await call("observer", "seen")).toMatchObject({ exits: ["killed"], actors: (await system().stats()).actors });
});

test.each(["thread", "process"] as const)("one that observes cannot have isolation %s", async (isolation) => {
  expect(await failure(system().startPlugins([{ plugin: observer, isolation }]))).toMatchObject({
    code: "bad_argument",
  });
  const wrong = { name: "wrong", version: "1.0.0", observes: true, isolation, behaviour: {} };
  expect(() => definePlugin(wrong)).toThrow('one that observes is on main, so isolation is "shared"');
});

test("what it publishes stands below its own name", async () => {
  handle = await system().startPlugins([store]);
  const news = await system().subscribe("plugin.store.>");
  await call("store", "put", { key: "a", text: "A" });
  for await (const { topic, message } of news) {
    expect([topic, message]).toEqual(["plugin.store.put", { key: "a" }]);
    break;
  }
});

test("a message that is no call is told of, and nothing else comes of it", async () => {
  handle = await system().startPlugins([store]);
  const logs: unknown[] = [];
  const quiet = system().events.on("log", ({ level, message, data }) => logs.push([level, message, data]));
  system().send("plugin.store", "what is this?");
  system().publish("capability.texts.greeting", undefined);
  await call("store", "greeting");
  await system().settled();
  quiet();
  expect(logs).toEqual([
    ["warning", "unexpected message", { message: "what is this?" }],
    ["warning", "capability.texts.greeting was published, and not requested: nobody waits for an answer", undefined],
  ]);
});

test("what is nobody's call is told of, whatever it looks like, and the plugin goes on", async () => {
  handle = await system().startPlugins([store]);
  const { slot } = system().whereis("plugin.store") as { slot: number };
  const creation = 1 + (system().whereis("plugin.store") as Ref).creation;
  const elsewhere = { caller: { node: "", thread: 0, slot: 1, generation: 0, creation }, id: 1 };
  const topic = "capability.texts.greeting";
  const forged = [
    ...[null, undefined, { type: "published" }, { type: "published", topic, replyTo: {} }],
    ...[
      { type: "published", topic, replyTo: elsewhere },
      { type: "published", topic: {}, replyTo: 1 },
    ],
  ];
  const logs: unknown[] = [];
  const quiet = system().events.on("log", ({ level, message, data }) => logs.push([level, message, data]));
  for (const message of forged) system().send("plugin.store", message);
  expect(await call("store", "greeting")).toBe("hello");
  await system().settled();
  quiet();
  expect(logs).toEqual(forged.map((message) => ["warning", "unexpected message", { message }]));
  expect(system().whereis("plugin.store")).toMatchObject({ slot });
});

test.each([
  ["greeting", "hello"],
  ["later", "hello"],
])("an object with a then is awaited, whatever its then gives back: %s", async (name, expected) => {
  handle = await system().startPlugins([store, reader]);
  expect(await call("store", name)).toBe(expected);
  expect(await call("reader", "read", { call: name })).toBe(expected);
});

test.each([
  ["no object", "fine"],
  ["nothing", undefined],
  ["another word", { status: "great" }],
  ["a detail that is no text", { status: "up", detail: 7 }],
])("a health that is %s is down, says why, and costs the plugin nothing", async (_what, health) => {
  handle = await system().startPlugins([store]);
  await call("store", "put", { key: "a", text: "A" });
  for (const isLate of [false, true]) {
    await call("store", "feel", health);
    await call("store", "feelLate", isLate);
    expect(await system().plugins()).toMatchObject([
      {
        health: {
          status: "down",
          detail: expect.stringMatching(
            /^its hook health gives \{ status, detail \} with one of up, degraded, down and a text, got /,
          ),
        },
      },
    ]);
  }
  expect(await call("store", "get", "a")).toBe("A");
});

test("of two lists that start at once and have a plugin in common, one is refused at once, and the other runs", async () => {
  const [first, second, third] = await Promise.allSettled([
    system().startPlugins([store]),
    system().startPlugins([store]),
    system().startPlugins([otherStore]),
  ]);
  expect(first).toMatchObject({ status: "fulfilled" });
  if (first.status === "fulfilled") handle = first.value;
  expect(second).toMatchObject({
    reason: { code: "plugin_conflict", message: expect.stringContaining("two plugins are named store") },
  });
  expect(third).toMatchObject({
    reason: {
      code: "plugin_conflict",
      message: expect.stringContaining("capability texts is provided by both store and other-store"),
    },
  });
  expect(await call("store", "greeting")).toBe("hello");
  await end();
  handle = await system().startPlugins([otherStore]);
});

test("plugins() tells of each what it is and how it feels", async () => {
  handle = await system().startPlugins([reader, store]);
  await call("store", "feel", { status: "degraded", detail: "slow" });
  expect(await system().plugins()).toMatchObject([
    {
      name: "store",
      version: "2.0.1",
      provides: [{ name: "texts", version: "1.2.0" }],
      health: { status: "degraded", detail: "slow" },
    },
    { name: "reader", version: "1.0.0", requires: [{ name: "texts", version: "1.1.0" }], health: { status: "up" } },
  ]);
});

test("a plugin that says so has a thread of its own, and others share one", async () => {
  handle = await system().startPlugins([blocking, store]);
  const [own, other] = await Promise.all(["plugin.blocking", "plugin.store"].map((name) => system().info(name)));
  expect(own).toMatchObject({ isolation: "thread", position: -1 }); // of a dedicated one
  expect([other?.isolation, other?.position]).toEqual(["shared", expect.any(Number)]);
  expect(other?.position).toBeGreaterThanOrEqual(0);
  expect(await system().plugins()).toMatchObject([{ isolation: "thread" }, { isolation: "shared" }]);
});

test.each<Isolation>(["shared", "thread", "process"])(
  "where its use says isolation %s, that holds, whatever the plugin says",
  async (isolation) => {
    handle = await system().startPlugins([{ plugin: blocking, isolation }]);
    expect(await system().info("plugin.blocking")).toMatchObject({ isolation });
    expect(await system().plugins()).toMatchObject([{ isolation }]);
    const isElsewhere = (await system().call("plugin.blocking", "pid")) !== process.pid;
    expect(isElsewhere).toBe(isolation === "process");
  },
);
