/** Erlang/OTP, gen_server_SUITE: starting and stopping. Cases by their names there; see cases.json. Not in every placement: the server is on a scheduler thread and who asks it on main, unless a case says otherwise. */
import { describe, expect, test } from "@jest/globals";
import { startSystem } from "../../index.ts";
import { Probe } from "../../testing/index.ts";
import { bareServer, type GenServerStart, genServer } from "../fixtures/gen-server.ts";
import { useSystem } from "../support/use-system.ts";

const system = useSystem();

const other = { placement: { thread: 1 } } as const;
const code = (promise: Promise<unknown>) =>
  promise.then(
    () => "no error",
    (error: { code: string }) => error.code,
  );

describe("gen_server_SUITE", () => {
  test("start: anonymous, named, linked and monitored starts answer as OTP's do", async () => {
    await using starter = await Probe.start(system());
    const anonymous = await system().spawn(genServer);
    expect(await anonymous.call("started")).toBe("ok");
    expect(await anonymous.call("stop")).toBe("ok");
    await system().settled();
    expect(await code(anonymous.call("started", undefined, { timeoutMs: 1 }))).toBe("noproc");

    const slow = code(system().spawn(genServer, { init: "never" }, { startTimeoutMs: 100 }));
    await system().settled();
    await system().clock.advance(100);
    expect(await slow).toBe("init_timeout");
    expect(await code(system().spawn(genServer, { init: "ignore" }))).toBe("ignore");
    await expect(system().spawn(genServer, { init: { stop: "stopped" } })).rejects.toMatchObject({
      code: "start_failed",
      cause: "stopped",
    });

    for (const name of [undefined, "my_test_name"]) {
      const options = name === undefined ? {} : { name };
      const linked = await starter.run((ctx) => ctx.start(genServer, undefined, options));
      if (name !== undefined) expect(await code(system().spawn(genServer, undefined, options))).toBe("already_started");
      expect(await system().call(name ?? linked, "stop")).toBe("ok");
      expect(await starter.next()).toMatchObject({ type: "exit", from: linked.toJSON(), reason: "stopped" });

      const { ref, monitor } = await starter.run((ctx) => ctx.spawnMonitor(genServer, undefined, options));
      expect(await ref.call("started")).toBe("ok");
      await system().call(name ?? ref, "stop");
      expect(await starter.next()).toMatchObject({ type: "down", monitor: monitor.id, reason: "stopped" });
    }
    expect(await starter.all()).toEqual([]);
  });

  test("stop1: stop ends a server with normal, and a second stop is noproc", async () => {
    const ref = await system().spawn(genServer);
    expect(await system().stopActor(ref)).toBe("normal");
    expect(system().isAlive(ref)).toBe(false);
    expect(await code(system().stopActor(ref))).toBe("noproc");
  });

  test("stop2: stop takes another reason", async () => {
    await using probe = await Probe.start(system());
    const ref = await system().spawn(genServer);
    const watch = await probe.watch(ref);
    expect(await system().stopActor(ref, "other_reason")).toBe("other_reason");
    expect(await watch.reason()).toBe("other_reason");
  });

  test("stop3: a stop with a bad time limit is refused and leaves the server alive", async () => {
    const ref = await system().spawn(genServer);
    expect(await code(system().stopActor(ref, "other_reason", "soon" as unknown as number))).toBe("bad_argument");
    expect(system().isAlive(ref)).toBe(true);
    await system().stopActor(ref);
    expect(system().isAlive(ref)).toBe(false);
  });

  /** Stops by name on a thread, twice; the name is free after the first. */
  async function stopByName(name: string, thread: number): Promise<void> {
    const ref = await system().spawn(genServer, undefined, { name, placement: { thread } });
    expect(await system().stopActor(name)).toBe("normal");
    expect(system().isAlive(ref)).toBe(false);
    expect(system().whereis(name)).toBeUndefined();
    expect(await code(system().stopActor(name))).toBe("noproc");
  }

  test("stop4: stop takes a registered name", () => stopByName("to_stop", 1));

  test("stop5: stop takes a name registered on the caller's own thread", () => stopByName("to_stop", 0));

  test("stop6: stop takes a name that is known on every thread", async () => {
    await stopByName("to_stop", 1);
    await stopByName("to_stop", 2);
  });

  test("stop8: stop reaches a server on another thread, and is noproc once the thread is lost", async () => {
    await using own = await startSystem({ threads: 1, clock: "manual" });
    const ref = await own.spawn(genServer, undefined, other);
    expect(await own.stopActor(ref)).toBe("normal");
    expect(await code(own.stopActor(ref))).toBe("noproc");
    const next = await own.spawn(genServer, undefined, other);
    await own.terminateThread(1, "test");
    expect(await code(own.stopActor(next))).toBe("noproc");
  });

  test("stop9: stop by name reaches a server on another thread, and is noproc once the thread is lost", async () => {
    await using own = await startSystem({ threads: 1, clock: "manual" });
    await own.spawn(genServer, undefined, { ...other, name: "to_stop" });
    expect(await own.stopActor("to_stop")).toBe("normal");
    await own.spawn(genServer, undefined, { ...other, name: "to_stop" });
    await own.terminateThread(1, "test");
    expect(await code(own.stopActor("to_stop"))).toBe("noproc");
  });

  test("stop10: after a stop by name the name is free on every thread", async () => {
    for (const thread of [0, 1, 2]) {
      await system().spawn(genServer, undefined, { name: "to_stop", placement: { thread: 1 } });
      await system().stopActor("to_stop");
      const next = await system().spawn(genServer, undefined, { name: "to_stop", placement: { thread } });
      expect(system().whereis("to_stop")).toEqual(next);
      await system().stopActor("to_stop");
    }
  });

  test("loop_start_fail: failing starts leave nothing behind, whatever the way they fail", async () => {
    await using starter = await Probe.start(system());
    const actorsBefore = (await system().stats()).actors;
    const ways: [GenServerStart, string][] = [
      [{ init: { stop: "failed_to_start" } }, "start_failed"],
      [{ init: "ignore" }, "ignore"],
      [{ init: "throw" }, "start_failed"],
      [{ init: "never" }, "init_timeout"],
    ];
    const starts: ((start: GenServerStart) => Promise<unknown>)[] = [
      (start) => starter.run((ctx) => ctx.start(genServer, start, { startTimeoutMs: 200 })),
      (start) => starter.run((ctx) => ctx.start(genServer, start, { startTimeoutMs: 200, ...other })),
      (start) => system().spawn(genServer, start, { startTimeoutMs: 200, ...other }),
    ];
    for (const [start, expected] of ways) {
      for (const attempt of starts) {
        for (let round = 0; round < 5; round += 1) {
          const outcome = code(attempt(start));
          if (start.init === "never") {
            await system().settled();
            await system().clock.advance(200);
          }
          expect([start, await outcome]).toEqual([start, expected]);
        }
      }
    }
    expect(await starter.all()).toEqual([]);
    expect((await system().stats()).actors).toBe(actorsBefore);
  });

  test("otp_7669: a start that ignores or stops leaves no name once it has returned", async () => {
    for (let round = 0; round < 20; round += 1) {
      for (const init of ["ignore", { stop: "stopped" }] as const) {
        const options = { name: "otp_7669", placement: { thread: round % 3 } };
        expect(await code(system().spawn(genServer, { init }, options))).toBe(
          init === "ignore" ? "ignore" : "start_failed",
        );
        expect(system().whereis("otp_7669")).toBeUndefined();
      }
    }
  });

  test("undef_terminate1: a server without terminate stops with normal", async () => {
    expect(await system().stopActor(await system().spawn(bareServer))).toBe("normal");
  });

  test("undef_terminate2: a server without terminate stops with another reason", async () => {
    expect(await system().stopActor(await system().spawn(bareServer), { error_test: "yes" })).toEqual({
      error_test: "yes",
    });
  });
});
