/**
 * Where a cut lands decides what is left of the rest of the thread (core/thread/README.md, Where a cut lands). Real threads
 * and real time; on main no turn is cut, so placements do not matter here.
 */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { RuntimeEvent } from "../../../index.ts";
import { EventRecorder } from "../../../testing/index.ts";
import { type Callback, culprit, type Loop, type Queue, restless, user, witness } from "../../fixtures/landing.ts";
import { bystander, runaway } from "../../fixtures/runaway.ts";
import { useSystem } from "../../support/use-system.ts";

const shared = useSystem({ threads: 1, spare: false, clock: "system" });
const there = { placement: { thread: 1 } } as const;
/** The culprit alone has the short limit: on a busy machine a thread may well stand still for so long. */
const limited = { ...there, turnLimitMs: 50 } as const;

const cutDown = { code: "turn_limit" };

test.each(["loop", "storage", "target", "regex", "wait"] as const)(
  "a cut in the synchronous part of a turn leaves everything in the thread's queues as it is: %s",
  async (kind) => {
    const system = shared();
    const seen = await system.spawn(witness, undefined, there);
    const ref = await system.spawn(runaway, undefined, limited);
    // One publication, so one drain: what the witness has left behind waits for its end.
    seen.cast("leave");
    await expect(ref.call(kind)).rejects.toMatchObject(cutDown);
    expect(await seen.call("lost")).toEqual([]);
  },
);

test.each<[Queue, Queue[]]>([
  ["microtask", ["microtask", "continuation"]],
  ["continuation", ["microtask", "continuation"]],
  ["tick", []],
  ["timer", []],
  ["immediate", ["immediate"]],
  ["port", []],
  ["file", []],
])("a cut in a callback of the kind %s takes of what stands behind it %j, and later ones run", async (queue, lost) => {
  const system = shared();
  const seen = await system.spawn(witness, undefined, there);
  const ref = await system.spawn(culprit, undefined, limited);
  const call = ref.call("queued", queue);
  seen.cast("leave");
  await expect(call).rejects.toMatchObject(cutDown);
  expect(await seen.call("lost")).toEqual(lost);
});

test.each<Loop>(["wasm", "vm", "toJSON", "sort", "replace", "getter", "proxy", "iterator", "constructor"])(
  "a loop that is not the handler's own is cut down as well: %s",
  async (where) => {
    const system = shared();
    const ref = await system.spawn(culprit, undefined, limited);
    await expect(ref.call("loop", where)).rejects.toMatchObject(cutDown);
  },
);

test("S8.3: of a turn that is cut down neither catch nor finally runs, and what it had sent by then is sent", async () => {
  const system = shared();
  const neighbour = await system.spawn(bystander, undefined, there);
  const ref = await system.spawn(culprit, undefined, limited);
  await expect(ref.call("cleanup", neighbour)).rejects.toMatchObject(cutDown);
  expect(await neighbour.call("count")).toBe(1);
});

test("every global that Node makes on first use is there soon after its thread is, so no cut can leave one half made", async () => {
  const ref = await shared().spawn(user, undefined, there);
  // The last piece of it.
  while (!(await ref.call("hasLoaded", "zlib")));
  const [before, after] = (await ref.call("globals")) as [number, number];
  expect(before).toBe(after);
  expect(before).toBeGreaterThan(100);
});

test("timers and files of Node's get their turns beside actors that never rest", async () => {
  const system = shared();
  const busy = await system.spawn(restless, undefined, there);
  busy.cast("go");
  const sleeper = await system.spawn(bystander, undefined, there);
  const before = await busy.call("turns");
  const reader = await system.spawn(user, undefined, there);
  for (let round = 0; round < 5; round++) await Promise.all([sleeper.call("sleep", 1), reader.call("everything", url)]);
  expect(await busy.call("turns")).toBeGreaterThan(before);
  await system.stopActor(busy);
});

test("an actor that is flooded while it loops is killed all the same, and its mail is counted", async () => {
  const system = shared();
  const before = (await system.stats()).deadLetters.noproc;
  const ref = await system.spawn(runaway, undefined, { ...there, turnLimitMs: Number.POSITIVE_INFINITY });
  const { down } = await system.monitor(ref);
  ref.cast("loop");
  for (let n = 0; n < 20_000; n++) ref.send(n);
  system.exit(ref, "kill");
  expect((await down).reason).toBe("killed");
  await system.settled();
  expect((await system.stats()).deadLetters.noproc - before).toBeGreaterThanOrEqual(20_000);
});

let server: Server;
let url: string;
/** Answers wait for it. */
let release = Promise.resolve();
beforeAll(async () => {
  server = createServer((_request, response) => {
    response.write("an");
    void release.then(() => response.end("swer"));
  }).listen(0, "127.0.0.1");
  await new Promise((listening) => server.once("listening", listening));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

test.each<Callback>(["stream", "file", "message port", "server", "fetch", "body", "abort"])(
  "a cut in a callback of Node's leaves streams, servers and requests of the thread in order: %s",
  async (where) => {
    const system = shared();
    const ref = await system.spawn(culprit, undefined, limited);
    await expect(ref.call("callback", { where, url })).rejects.toMatchObject(cutDown);
    const other = await system.spawn(user, undefined, there);
    expect(await other.call("everything", url)).toEqual(["own", "answer", "ab"]);
  },
);

test.each(["loop", "afterAwait"] as const)(
  "a request that is under way while a turn is cut down is answered: %s",
  async (kind) => {
    const system = shared();
    const gate = Promise.withResolvers<void>();
    release = gate.promise;
    const asked = new Promise((resolve) => server.once("request", resolve));
    const other = await system.spawn(user, undefined, there);
    const answer = other.call("fetch", url);
    await asked;
    const ref = await system.spawn(runaway, undefined, limited);
    await expect(ref.call(kind)).rejects.toMatchObject(cutDown);
    gate.resolve();
    expect(await answer).toBe("answer");
  },
);

describe("of two threads", () => {
  const pair = useSystem({ threads: 2, spare: false, clock: "system" });

  test("both loop at once, and both are freed", async () => {
    const system = pair();
    using recorder = new EventRecorder(system, ["threadLost"]);
    const ends = [1, 2].map(async (thread) => {
      const placement = { thread };
      const ref = await system.spawn(runaway, undefined, { placement, turnLimitMs: 50 });
      const code = await ref.call("loop").catch((error: { code: string }) => error.code);
      const after = await system.spawn(bystander, undefined, { placement });
      return [code, await after.call("ping")];
    });
    expect(await Promise.all(ends)).toEqual(Array(2).fill(["turn_limit", "pong"]));
    expect(recorder.events).toEqual([]);
  });

  test("one has a turn that stands in Node's own code: it is cut down there, and that thread gets no new actors", async () => {
    const system = pair();
    const tainted = new Promise<RuntimeEvent>((resolve) => system.events.on("threadTainted", resolve));
    const neighbour = await system.spawn(bystander, undefined, there);
    const ref = await system.spawn(culprit, undefined, limited);
    await expect(ref.call("inNode")).rejects.toMatchObject(cutDown);
    expect(await neighbour.call("ping")).toBe("pong");
    expect(await tainted).toEqual({ type: "threadTainted", thread: 1, position: 1 });
    const later = await Promise.all(Array.from({ length: 10 }, () => system.spawn(bystander)));
    expect(new Set(later.map(({ thread }) => thread))).toEqual(new Set([2]));
  });
});
