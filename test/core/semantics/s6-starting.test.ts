/** core/SEMANTICS.md, S6: starting and restarting. Supervision itself (S6.4) is in test/otp. */
import { expect, test } from "@jest/globals";
import type { Ref } from "../../../core/index.ts";
import { Probe } from "../../../testing/index.ts";
import { puppet } from "../../fixtures/puppet.ts";
import { describePlacements } from "../../support/describe-placements.ts";
import { openGate } from "../../support/open-gate.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem();

describePlacements("S6 Starting and restarting", (place) => {
  /** A dedicated thread takes as long to start as many actors. */
  const rounds = place.isAlone ? 3 : 20;

  test("S6.1: spawn returns a ref at once, and what is sent to it waits for init", async () => {
    await using probe = await Probe.start(system());
    const gate = await system().spawn(puppet, undefined, { placement: { thread: 2 } });
    const { ref, answer } = await probe.run((ctx) => {
      const child = ctx.spawn(puppet, { gate, init: [["keep", "init"]] }, place.options);
      ctx.send(child, "message");
      return { ref: child, answer: ctx.call(child, "seen") };
    });
    await place.verify(system(), ref);
    await openGate(system(), gate);
    expect(await answer).toEqual(["init", "message"]);
  });

  test("S6.1: start awaits init", async () => {
    await using probe = await Probe.start(system());
    const gate = await system().spawn(puppet, undefined, { placement: { thread: 2 } });
    let isStarted = false;
    const started = probe.run(async (ctx) => {
      const ref = await ctx.start(puppet, { gate, init: [["keep", "init"]] }, place.options);
      isStarted = true;
      return ref;
    });
    await system().settled();
    expect(isStarted).toBe(false);
    await openGate(system(), gate);
    expect(await (await started).call("seen")).toEqual(["init"]);
  });

  test("S6.1: the spawner is the parent of what it spawns", async () => {
    const parent = await place.spawn(system(), puppet, undefined);
    const child = (await parent.call("run", ["start", "puppet", undefined, { placement: "local" }])) as Ref;
    expect(await child.call("run", ["parent"])).toEqual(parent);
    expect(child.thread).toBe(parent.thread);
  });

  test("S6.2: when init fails the actor is gone and its name free before the starter learns of it", async () => {
    const name = `s6 failing ${place.name}`;
    const starter = await system().spawn(puppet, { trapExit: true }, { placement: { thread: 2 } });
    for (let round = 0; round < rounds; round += 1) {
      const outcome = await starter.call("run", ["startFailing", { ...place.options, name }]);
      expect([round, outcome]).toEqual([round, { code: "start_failed", isFree: true }]);
    }
  });

  test("S6.2: a linked starter that traps exits gets no exit of a start that failed", async () => {
    const starter = await system().spawn(puppet, { trapExit: true }, { placement: { thread: 2 } });
    expect(await starter.call("codeOf", ["start", "puppet", { init: [["throw", "not today"]] }, place.options])).toBe(
      "start_failed",
    );
    await system().settled();
    expect(await starter.call("seen")).toEqual([]);
  });

  test("S6.3: a restart is a new actor: fresh state, new ref, same id and name", async () => {
    const name = `s6 child ${place.name}`;
    const tree = await system().supervise({
      children: [{ id: "child", start: [puppet, { trapExit: true }], name, ...place.options }],
    });
    const former = system().whereis(name) as Ref<never> | undefined;
    if (former === undefined) throw new Error("the child is not registered");
    await place.verify(system(), former);
    await system().call(former, "run", ["sendAfter", 1_000, "of the former"]);
    await system().call(former, "run", ["keep", "of the former"]);
    system().exit(former, "kill");
    await system().settled();
    await system().settled();
    const next = system().whereis(name);
    if (next === undefined) throw new Error("the child is not back");
    await place.verify(system(), next);
    expect(next).not.toEqual(former);
    await system().clock.advance(10_000);
    expect(await next.call("seen")).toEqual([]);
    await expect(system().call(former, "seen")).rejects.toMatchObject({ code: "noproc" });
    expect(await tree.whichChildren()).toEqual([expect.objectContaining({ id: "child", ref: next })]);
    system().exit(tree.ref, "shutdown");
    expect(await tree.exit).toBe("shutdown");
  });
});
