/** Erlang/OTP, gen_server_SUITE: the idle time-out. Cases by their names there; see cases.json. Not in every placement: the server is on a scheduler thread and who asks it on main, unless a case says otherwise. */
import { describe, expect, test } from "@jest/globals";
import type { Ref } from "../../core/index.ts";
import { Probe } from "../../testing/index.ts";
import { type GenServerStart, genServer, type Idle } from "../fixtures/gen-server.ts";
import { useSystem } from "../support/use-system.ts";

const system = useSystem();

const other = { placement: { thread: 1 } } as const;

/** The ways to ask a running server for an idle time-out, and then for nothing. */
const ways: [string, (ref: Ref, idle: Idle) => unknown][] = [
  ["call", (ref, idle) => ref.call("idle", idle)],
  ["cast", (ref, idle) => ref.cast("idle", idle)],
  ["info", (ref, idle) => ref.send({ idle })],
];

describe("gen_server_SUITE", () => {
  test("start_event_timeout: an idle time-out set in init or continue fires unless a message comes first", async () => {
    await using probe = await Probe.start(system());
    for (const continueFirst of [false, true]) {
      for (const interrupt of [false, true]) {
        const start: GenServerStart = { listener: probe.ref, idleMs: 500, continueFirst };
        const ref = await system().spawn(genServer, start, other);
        await system().clock.advance(499);
        if (interrupt) expect(await ref.call("started")).toBe("ok");
        await system().clock.advance(1_000);
        expect([continueFirst, interrupt, await probe.all()]).toEqual([
          continueFirst,
          interrupt,
          interrupt ? [] : ["idle"],
        ]);
      }
    }
  });

  test("start_event_timeout_zero: an idle time-out of zero set in init fires before what comes after it", async () => {
    await using probe = await Probe.start(system());
    for (const continueFirst of [false, true]) {
      const ref = await system().spawn(genServer, { listener: probe.ref, idleMs: 0, continueFirst }, other);
      await system().settled();
      ref.cast("tell", "after idle");
      expect([continueFirst, await probe.all()]).toEqual([continueFirst, ["idle", "after idle"]]);
    }
  });

  test("handle_event_timeout: an idle time-out set in a handler fires unless a message comes first", async () => {
    await using probe = await Probe.start(system());
    const ref = (await system().spawn(genServer, { listener: probe.ref }, other)) as Ref;
    for (const [way, ask] of ways) {
      for (const inContinue of [false, true]) {
        for (const interrupt of [false, true]) {
          await ask(ref, { delayMs: 100, inContinue });
          await system().settled();
          await system().clock.advance(99);
          if (interrupt) expect(await ref.call("started")).toBe("ok");
          await system().clock.advance(200);
          expect([way, inContinue, interrupt, await probe.all()]).toEqual([
            way,
            inContinue,
            interrupt,
            interrupt ? [] : ["idle"],
          ]);
        }
      }
    }
  });

  test("handle_event_timeout_infinity: an idle time-out that is switched off never fires", async () => {
    await using probe = await Probe.start(system());
    const ref = (await system().spawn(genServer, { listener: probe.ref }, other)) as Ref;
    for (const [way, ask] of ways) {
      for (const delayMs of [undefined, Number.POSITIVE_INFINITY]) {
        await ask(ref, { delayMs });
        await system().settled();
        await system().clock.advance(86_400_000);
        expect([way, delayMs, await probe.all()]).toEqual([way, delayMs, []]);
      }
    }
  });

  test("handle_event_timeout_zero: an idle time-out of zero fires before a message that comes later", async () => {
    await using probe = await Probe.start(system());
    const ref = (await system().spawn(genServer, { listener: probe.ref }, other)) as Ref;
    for (const [way, ask] of ways) {
      for (const inContinue of [false, true]) {
        await ask(ref, { delayMs: 0, inContinue });
        await system().settled();
        ref.cast("tell", "later");
        expect([way, inContinue, await probe.all()]).toEqual([way, inContinue, ["idle", "later"]]);
      }
    }
  });

  test("handle_event_timeout_plain: any message cancels the idle time-out, also one that is dropped unread", async () => {
    await using probe = await Probe.start(system());
    const ref = (await system().spawn(genServer, { listener: probe.ref }, other)) as Ref;
    const traffic: [string, () => unknown][] = [
      ["a call", () => ref.call("started")],
      ["a cast", () => ref.cast("continueWith", "stay")],
      ["a raw message that nobody wants", () => ref.send({ ignored: true })],
    ];
    for (const [what, send] of traffic) {
      await ref.call("idle", { delayMs: 100 });
      await system().clock.advance(50);
      await send();
      await system().settled();
      await system().clock.advance(1_000);
      expect([what, (await probe.all()).filter((word) => word === "idle")]).toEqual([what, []]);
    }
  });
});
