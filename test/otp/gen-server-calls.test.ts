/** Erlang/OTP, gen_server_SUITE: calls, casts, raw messages. Cases by their names there; see cases.json. Not in every placement: the server is on a scheduler thread and who asks it on main, unless a case says otherwise. */
import { describe, expect, test } from "@jest/globals";
import { startSystem } from "../../index.ts";
import { Probe } from "../../testing/index.ts";
import { bareServer, genServer } from "../fixtures/gen-server.ts";
import { puppet } from "../fixtures/puppet.ts";
import { useSystem } from "../support/use-system.ts";

const system = useSystem();

const other = { placement: { thread: 1 } } as const;
const codeOf = (error: { code: string }) => error.code;
const code = (promise: Promise<unknown>) => promise.then(() => "no error", codeOf);

describe("gen_server_SUITE", () => {
  test("call: answers may be delayed, time-outs hit the caller and not the server", async () => {
    const ref = await system().spawn(genServer, undefined, { ...other, name: "my_test_name" });
    expect(await system().call("my_test_name", "started")).toBe("ok");
    const delayed = ref.call("delayed", 10);
    const inTime = ref.call("delayed", 10, { timeoutMs: 30 });
    const tooLate = code(ref.call("delayed", 30, { timeoutMs: 1 }));
    await system().settled();
    await system().clock.advance(30);
    expect([await delayed, await inTime, await tooLate]).toEqual(["delayed", "delayed", "timeout"]);
    expect(await ref.call("started")).toBe("ok");
    await system().stopActor(ref);
  });

  test("send_request: several requests of one caller may be open at once and fail each for itself", async () => {
    const [one, two] = [await system().spawn(genServer, undefined, other), await system().spawn(genServer)];
    const arrived: string[] = [];
    const requests = [
      one.call("delayed", 40).then(() => arrived.push("one")),
      two.call("delayed", 10).then(() => arrived.push("two")),
      one.call("delayed", 500, { timeoutMs: 20 }).catch((error: { code: string }) => arrived.push(error.code)),
      system()
        .call("non_existing", "started")
        .catch((error: { code: string }) => arrived.push(error.code)),
    ];
    await system().settled();
    await system().clock.advance(100);
    await Promise.all(requests);
    expect(arrived).toEqual(["noproc", "two", "timeout", "one"]);

    const stopping = code(two.call("stopUnanswered", "shutdown"));
    expect(await stopping).toBe("shutdown");
    expect(await code(two.call("started"))).toBe("noproc");
  });

  test("cast: casts are handled, may take their time and may stop the server", async () => {
    await using probe = await Probe.start(system());
    const ref = await system().spawn(genServer, { listener: probe.ref }, other);
    ref.cast("tell", "handled");
    expect(await probe.next()).toBe("handled");
    ref.cast("delayedTell", 10);
    await system().settled();
    await system().clock.advance(10);
    expect(await probe.next()).toBe("delayed");
    ref.cast("stop");
    expect(await probe.all()).toEqual(["stopped", "terminate normal"]);
  });

  test("info: raw messages reach info, which may take its time and may stop the server", async () => {
    await using probe = await Probe.start(system());
    const ref = await system().spawn(genServer, { listener: probe.ref }, other);
    ref.send({ tell: "handled info" });
    expect(await probe.next()).toBe("handled info");
    ref.send({ delayedMs: 10 });
    await system().settled();
    await system().clock.advance(10);
    expect(await probe.next()).toBe("delayed info");
    ref.send({ stop: true });
    expect(await probe.all()).toEqual(["stopped info", "terminate normal"]);
  });

  test("continue: continue runs before the next message, from init, call, cast and info, and again from continue", async () => {
    await using probe = await Probe.start(system());
    const ref = await probe.run((ctx) => {
      const server = ctx.spawn(genServer, { listener: probe.ref, continueFirst: true }, other);
      server.cast("tell", "next message");
      return server;
    });
    expect(await probe.all()).toEqual(["continue", "next message"]);
    const ways: [string, () => unknown][] = [
      ["call", () => probe.run((ctx) => [ctx.call(ref, "continueWith", "go"), ctx.cast(ref, "tell", "next message")])],
      ["cast", () => probe.run((ctx) => [ctx.cast(ref, "continueWith", "go"), ctx.cast(ref, "tell", "next message")])],
      ["info", () => probe.run((ctx) => [ctx.send(ref, { next: "go" }), ctx.cast(ref, "tell", "next message")])],
    ];
    for (const [way, act] of ways) {
      await act();
      expect([way, await probe.all()]).toEqual([way, ["continue", "next message"]]);
    }
    await probe.run((ctx) => [ctx.send(ref, { next: { again: "go" } }), ctx.cast(ref, "tell", "next message")]);
    expect(await probe.all()).toEqual(["before continue", "continue", "next message"]);
    const watch = await probe.watch(ref);
    ref.send({ next: "stop" });
    expect(await watch.reason()).toBe("normal");
  });

  test("calling_self: a server that calls itself gets calling_self, with and without a time limit", async () => {
    for (const timeoutMs of [undefined, 100, Number.POSITIVE_INFINITY]) {
      const ref = await system().spawn(genServer, undefined, other);
      expect([timeoutMs, await code(ref.call("callSelf", timeoutMs))]).toEqual([timeoutMs, "calling_self"]);
    }
  });

  test("call_remote1: a call by a name known everywhere fails once its holder on another thread is gone", async () => {
    const ref = await system().spawn(genServer, undefined, { ...other, name: "hubba" });
    expect(await system().call("hubba", "started")).toBe("ok");
    system().exit(ref, "boom");
    await system().settled();
    expect(await code(system().call("hubba", "started"))).toBe("noproc");
  });

  test("call_remote2: a call by ref fails once its receiver on another thread is gone", async () => {
    const ref = await system().spawn(genServer, undefined, other);
    expect(await ref.call("started")).toBe("ok");
    system().exit(ref, "boom");
    // Told before the call: the exit is received first.
    expect(await code(ref.call("started", undefined, { timeoutMs: Number.POSITIVE_INFINITY }))).toMatch(
      /^(noproc|boom)$/,
    );
  });

  test("call_remote3: a call from an actor on a third thread fails once its receiver is gone", async () => {
    const ref = await system().spawn(genServer, undefined, { ...other, name: "piller" });
    const caller = await system().spawn(puppet, undefined, { placement: { thread: 2 } });
    expect(await caller.call("run", ["call", "piller", "started"])).toBe("ok");
    system().exit(ref, "boom");
    await system().settled();
    expect(await caller.call("codeOf", ["call", "piller", "started"])).toBe("noproc");
    expect(await caller.call("codeOf", ["call", ref, "started"])).toBe("noproc");
  });

  const forEver = { timeoutMs: Number.POSITIVE_INFINITY };

  test("call_remote_n1: a call by name is noproc once the holder's thread is lost", async () => {
    await using own = await startSystem({ threads: 1, clock: "manual" });
    await own.spawn(genServer, undefined, { ...other, name: "hubba" });
    await own.terminateThread(1, "test");
    expect(await code(own.call("hubba", "started", undefined, forEver))).toBe("noproc");
  });

  test("call_remote_n2: an open call by ref fails with thread_lost when the receiver's thread is lost", async () => {
    await using own = await startSystem({ threads: 1, clock: "manual" });
    const ref = await own.spawn(genServer, undefined, other);
    const open = code(ref.call("delayed", 10, forEver));
    await own.settled();
    await own.terminateThread(1, "test");
    expect(await open).toBe("thread_lost");
  });

  test("call_remote_n3: an open call by name fails with thread_lost when the holder's thread is lost", async () => {
    await using own = await startSystem({ threads: 1, clock: "manual" });
    await own.spawn(genServer, undefined, { ...other, name: "piller" });
    const open = code(own.call("piller", "delayed", 10, forEver));
    await own.settled();
    await own.terminateThread(1, "test");
    expect(await open).toBe("thread_lost");
  });

  test("cast_fast: a cast to a thread that is lost returns at once", async () => {
    await using own = await startSystem({ threads: 1, clock: "manual" });
    const ref = await own.spawn(genServer, undefined, other);
    await own.terminateThread(1, "test");
    expect(ref.cast("tell", "anything")).toBeUndefined();
  });

  test("call_with_huge_message_queue: an answer does not stand behind 100,000 messages in the caller's mailbox", async () => {
    const [caller, callee] = [await system().spawn(genServer, undefined, other), await system().spawn(genServer)];
    // The turn that asks ends with the answer, so the messages are all still there when it comes.
    expect(await caller.call("callBehindQueue", { other: callee, count: 100_000 })).toBe("ok");
  });

  test("undef_handle_call: a call to a server without that handler is undef at the caller and ends the server", async () => {
    await using probe = await Probe.start(system());
    const ref = await system().spawn(bareServer, undefined, other);
    const watch = await probe.watch(ref);
    expect(await code(system().call(ref, "call_test"))).toBe("undef");
    expect(await watch.reason()).toMatchObject({ error: { code: "undef" } });
  });

  test("undef_handle_cast: a cast to a server without that handler ends it with undef", async () => {
    await using probe = await Probe.start(system());
    const ref = await system().spawn(bareServer, undefined, other);
    const watch = await probe.watch(ref);
    system().cast(ref, "cast_test");
    expect(await watch.reason()).toMatchObject({ error: { code: "undef" } });
  });

  test("undef_handle_info: a raw message to a server without info is logged and dropped", async () => {
    const logged: unknown[] = [];
    const stop = system().events.on("log", ({ level, message, data }) => void logged.push([level, message, data]));
    const ref = await system().spawn(bareServer, undefined, other);
    ref.send("hello");
    await system().settled();
    stop();
    expect(logged).toEqual([["warning", "unexpected message", { message: "hello" }]]);
    expect(system().isAlive(ref)).toBe(true);
  });

  test("reply_by_alias_with_payload: a large answer given by another actor reaches the caller", async () => {
    const server = await system().spawn(genServer, undefined, other);
    const replier = await system().spawn(puppet, undefined, { placement: { thread: 2 } });
    const payload = Array.from({ length: 100_000 }, (_, n) => n);
    await replier.call("onMessage", ["replyToLast", payload]);
    expect(await server.call("handOver", replier)).toEqual(payload);
  });
});
