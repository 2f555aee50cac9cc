/** A program's side: what those that are attached can do to it, and leave behind when they go away: nothing. */
import { once } from "node:events";
import { chownSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { AttachClient } from "../../../cli/attach/attach-client.ts";
import { AttachServer } from "../../../cli/attach/attach-server.ts";
import { withAttached } from "../../../cli/attach/attached-command.ts";
import { AttachedVerbs } from "../../../cli/attach/attached-verbs.ts";
import { openSocketFolder, socketsIn } from "../../../cli/attach/socket-folder.ts";
import { type MofaSystem, RuntimeError, refKey, toolsOf } from "../../../index.ts";
import { guarded } from "../../fixtures/configured.ts";
import { puppet } from "../../fixtures/puppet.ts";
import { workshop } from "../../fixtures/tools.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem({ clock: "system" });
const before = process.env["XDG_RUNTIME_DIR"];
let runtime: string;

beforeAll(() => {
  runtime = mkdtempSync(join(realpathSync(tmpdir()), "mofa-test-"));
  process.env["XDG_RUNTIME_DIR"] = runtime;
});

afterAll(() => {
  if (before === undefined) delete process.env["XDG_RUNTIME_DIR"];
  else process.env["XDG_RUNTIME_DIR"] = before;
  rmSync(runtime, { recursive: true });
});

/** The system, whose listeners are counted. */
function counted(of: MofaSystem): { readonly system: MofaSystem; readonly listeners: () => number } {
  let listeners = 0;
  const on = (...args: Parameters<MofaSystem["events"]["on"]>) => {
    const stop = of.events.on(...args);
    let isStopped = false;
    listeners++;
    return () => {
      if (!isStopped) listeners--;
      isStopped = true;
      stop();
    };
  };
  const events = new Proxy(of.events, { get: (target, key) => (key === "on" ? on : Reflect.get(target, key)) });
  const proxy = new Proxy(of, {
    get(target, key) {
      if (key === "events") return events;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
  return { system: proxy, listeners: () => listeners };
}

/** The system, of whose actors `info` tells this. */
function telling(of: MofaSystem, info: () => Promise<unknown>): MofaSystem {
  return new Proxy(of, { get: (target, key) => (key === "info" ? info : Reflect.get(target, key, target)) });
}

/** A server whose socket stands. */
async function opened(of: MofaSystem): Promise<{ readonly path: string } & Disposable> {
  const server = AttachServer.open(of, "test", () => {}) as AttachServer;
  await until(() => socketsIn(join(runtime, "mofa")).size === 1);
  return { path: join(runtime, "mofa", `${process.pid}.sock`), [Symbol.dispose]: () => server[Symbol.dispose]() };
}

/** Of whose tools each waits for approval. */
async function startWorkshop(): Promise<AsyncDisposable> {
  const { ref, exit } = await system().startPlugins([{ plugin: workshop, config: { approval: "all" } }]);
  return {
    async [Symbol.asyncDispose]() {
      system().exit(ref, "shutdown");
      await exit;
    },
  };
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setImmediate(resolve));
}

test.each(["events", "trace", "top", "all of them, on the way"])("of %s", async (what) => {
  const { system: watched, listeners } = counted(system());
  const said: string[] = [];
  using _server = AttachServer.open(watched, "test", (line) => void said.push(line));
  expect(said).toEqual([]);
  const own = listeners();
  const actor = await system().spawn(puppet);
  const path = join(runtime, "mofa", `${process.pid}.sock`);
  await until(() => socketsIn(join(runtime, "mofa")).size === 1);
  const requests = [
    { id: 1, verb: "watch", types: ["*"] },
    { id: 2, verb: "trace", target: refKey(actor) },
    { id: 3, verb: "top", sort: "busy", limit: 5 },
  ];
  const isOnTheWay = what.startsWith("all");
  const chosen = isOnTheWay ? requests : requests.filter(({ verb }) => verb === (what === "events" ? "watch" : what));
  const client = connect(path);
  client.on("error", () => {});
  client.write(chosen.map((request) => `${JSON.stringify(request)}\n`).join(""));
  if (isOnTheWay) await until(() => listeners() > own);
  else {
    // In the middle: it has heard something, and more comes.
    await once(client, "data");
    await actor.call("run", ["log", "info", "heard"]);
  }
  client.destroy();
  await until(() => listeners() === own);
  // Nobody traces it any more: of what it gets now no event is made.
  const traced: unknown[] = [];
  await until(async () => {
    const stop = system().events.on("trace", (event) => traced.push(event), { of: actor });
    traced.length = 0;
    await actor.call("echo", 1);
    await system().settled();
    stop();
    return traced.length === 0;
  });
});

test("who sends a line without end is cut off, and costs the program no more than a million characters", async () => {
  using server = await opened(system());
  const client = connect(server.path);
  client.on("error", () => {});
  client.write("x".repeat(2 ** 20 + 1));
  await once(client, "close");
});

test("who asks for more than it reads is answered as it reads", async () => {
  let asked = 0;
  let answered = 0;
  let ahead = 0;
  const info = async () => {
    ahead = Math.max(ahead, ++asked - answered);
    return await Promise.resolve("x".repeat(2 ** 23));
  };
  using server = await opened(telling(system(), info));
  const client = connect(server.path).setEncoding("utf8");
  client.write('{"id":1,"verb":"info","target":"a"}\n'.repeat(8));
  for await (const text of client as AsyncIterable<string>) {
    answered += text.split("\n").length - 1;
    if (answered === 8) break;
  }
  expect([asked, ahead]).toEqual([8, 2]);
});

test("a command that is told to end waits for no answer", async () => {
  const told = new AbortController();
  const info = () => {
    told.abort();
    return new Promise(() => {});
  };
  using _server = await opened(telling(system(), info));
  const context = { out: process.stdout, err: process.stderr, signal: told.signal };
  const ended = withAttached({}, context, async (client) => {
    await client.ask({ verb: "info", target: "a" });
    return 0;
  });
  await expect(ended).rejects.toMatchObject({ code: "noconnection" });
});

test("a folder is made with those above it, and where none can be made that is said", () => {
  const path = join(runtime, "not", "there", "mofa");
  expect(openSocketFolder(path)).toBe(path);
  expect(openSocketFolder(path)).toBe(path);
  if (process.platform === "linux") expect(() => openSocketFolder("/proc/mofa")).toThrow(/mkdir '\/proc\/mofa'/);
});

const isRoot = process.getuid?.() === 0;
(isRoot ? test : test.skip)("a folder of another user is refused, by both sides, however closed", () => {
  const path = join(runtime, "others");
  mkdirSync(path, { mode: 0o700 });
  chownSync(path, 12_345, 12_345);
  const words = { code: "bad_argument", message: expect.stringMatching(/of owner 12345 with mode 700/) as unknown };
  expect(() => openSocketFolder(path)).toThrow(expect.objectContaining(words));
  expect(() => socketsIn(path)).toThrow(expect.objectContaining(words));
});

test("S15.10: who looks at an actor's state sees none of its secrets", async () => {
  const ref = await system().spawn(guarded, undefined, { configuration: { key: "the-key-itself" } });
  const verbs = new AttachedVerbs(system(), "test", undefined as never);
  expect(await verbs.answer({ id: 1, verb: "getState", target: refKey(ref) })).toEqual({
    settings: { key: "[secret]" },
    note: "uses [secret]",
  });
});

test("who does not answer in time is told with whose turn holds the thread", async () => {
  const held = {
    whereis: () => ({ node: "", thread: 3, slot: 64, generation: 0 }),
    remaining: () => ({
      actors: 2,
      turns: [{ ref: { node: "", thread: 3, slot: 65, generation: 0 }, name: "bob", thread: 3, position: 1, turn: 7 }],
    }),
    info: () => Promise.reject(new RuntimeError("timeout", '<3.64.0> did not answer "info" within 5000 ms')),
  };
  const verbs = new AttachedVerbs(held as unknown as MofaSystem, "test", undefined as never);
  await expect(verbs.answer({ id: 1, verb: "info", target: "ann" })).rejects.toMatchObject({
    code: "timeout",
    message:
      '<3.64.0> did not answer "info" within 5000 ms: it is on thread 1, and bob is in its turn there (mofa interrupt or mofa kill ends such a turn)',
  });
});

test("as many calls of tools as may be under way keep no word from coming through, and more are refused", async () => {
  await using _workshop = await startWorkshop();
  using server = await opened(system());
  using client = await AttachClient.connect(server.path);
  const call = { plugin: "workshop", tool: "shout", arguments: { text: "a" } };
  const asked = Promise.withResolvers<string>();
  const first = client.callTool(call, {
    onDelta: (delta) => delta.type === "approval" && asked.resolve(delta.id),
  });
  const calls = Array.from({ length: 255 }, () => client.callTool(call).catch((error: unknown) => error));
  await expect(client.callTool(call)).rejects.toMatchObject({ code: "queue_full" });
  const decision = { id: await asked.promise, isApproved: true };
  expect(await client.ask({ verb: "decide", plugin: "workshop", decision })).toBe(true);
  expect(await first).toBe('"A"');
  client[Symbol.dispose]();
  await Promise.all(calls);
  // Whose line is closed gives up what it has asked for.
  const waiting = async () => (await toolsOf(system(), "workshop").approvals()).length;
  await until(async () => (await waiting()) === 0);
});

test("a second call by the id of one that is under way is refused, and the first goes on", async () => {
  await using _workshop = await startWorkshop();
  using server = await opened(system());
  const socket = connect(server.path);
  const answers = createInterface({ input: socket })[Symbol.asyncIterator]();
  const next = async () => JSON.parse((await answers.next()).value as string) as Record<string, unknown>;
  const say = (request: object) => socket.write(`${JSON.stringify(request)}\n`);
  const call = { id: 7, verb: "callTool", plugin: "workshop", tool: "shout", arguments: { text: "a" } };
  say(call);
  const { delta } = (await next()) as { readonly delta: { readonly id: string } };
  say(call);
  expect(await next()).toEqual({
    id: 7,
    ok: false,
    error: { code: "bad_argument", message: "a call with the id 7 is under way already" },
  });
  say({ id: 8, verb: "decide", plugin: "workshop", decision: { id: delta.id, isApproved: true } });
  const two = [await next(), await next()].sort((a, b) => Number(a["id"]) - Number(b["id"]));
  expect(two).toEqual([
    { id: 7, ok: true, value: '"A"' },
    { id: 8, ok: true, value: true },
  ]);
  socket.destroy();
});
