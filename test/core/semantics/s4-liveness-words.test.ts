/** core/SEMANTICS.md, S4: liveness words. */
import { expect, test } from "@jest/globals";
import { Probe } from "../../../testing/index.ts";
import { puppet } from "../../fixtures/puppet.ts";
import { describePlacements } from "../../support/describe-placements.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem();

const everyThread = [0, 1, 2].map((thread) => ({ placement: { thread } }));

describePlacements("S4 Liveness words", (place) => {
  /** A dedicated thread takes as long to start as many actors. */
  const rounds = place.isAlone ? 3 : 20;

  test("S4.1: every thread sees whether an actor lives, without asking it", async () => {
    await using probe = await Probe.start(system());
    const watchers = await Promise.all(everyThread.map((options) => system().spawn(puppet, undefined, options)));
    const subject = await place.spawn(system(), puppet, undefined);
    const seen = () => Promise.all(watchers.map((watcher) => watcher.call("run", ["isAlive", subject])));
    expect(await seen()).toEqual([true, true, true]);
    const watch = await probe.watch(subject);
    system().exit(subject, "kill");
    await watch.reason();
    expect(await seen()).toEqual([false, false, false]);
  });

  test("S4.1: the ref of a dead actor does not come to mean the next one in its place", async () => {
    await using probe = await Probe.start(system());
    const former = await place.spawn(system(), puppet, undefined);
    const watch = await probe.watch(former);
    system().exit(former, "kill");
    await watch.reason();
    for (let n = 0; n < 50; n += 1) await system().spawn(puppet, undefined, { placement: { thread: 1 } });
    await expect(former.call("echo", 1)).rejects.toMatchObject({ code: "noproc" });
  });

  test("S4.2: an actor is dead for everybody before its down is seen by anybody", async () => {
    const watcher = await system().spawn(puppet, undefined, { placement: { thread: 2 } });
    await watcher.call("onMessage", ["isAliveOfDown"]);
    for (let round = 0; round < rounds; round += 1) {
      const subject = await place.spawn(system(), puppet, undefined);
      await watcher.call("run", ["monitor", subject]);
      subject.cast("run", ["stop", "shutdown"]);
      await system().settled();
      expect([round, (await watcher.call("seen")).at(-1)]).toEqual([round, { isAlive: false }]);
    }
  });

  test("S4.3: a name whose holder is dead does not exist on any thread, and may be taken on each", async () => {
    await using probe = await Probe.start(system());
    const name = `s4 dead ${place.name}`;
    const watchers = await Promise.all(everyThread.map((options) => system().spawn(puppet, undefined, options)));
    for (const watcher of watchers) {
      const subject = await place.spawn(system(), puppet, undefined, { name });
      const watch = await probe.watch(subject);
      system().exit(subject, "kill");
      await watch.reason();
      expect(await Promise.all(watchers.map((each) => each.call("run", ["whereis", name])))).toEqual([
        undefined,
        undefined,
        undefined,
      ]);
      await watcher.call("run", ["register", name]);
      expect(await watcher.call("run", ["whereis", name])).toEqual(watcher);
      await watcher.call("run", ["unregister", name]);
    }
  });

  test("S4.4: once register resolves, the caller's thread sees the name", async () => {
    const name = `s4 registered ${place.name}`;
    const subject = await place.spawn(system(), puppet, undefined);
    expect(await subject.call("run", ["registerThenFind", name])).toEqual(subject);
    expect(await subject.call("run", ["unregisterThenFind", name])).toBeUndefined();
  });

  test("S4.4: every other thread sees the name after what is on its way was read", async () => {
    const name = `s4 everywhere ${place.name}`;
    const subject = await place.spawn(system(), puppet, undefined);
    await subject.call("run", ["register", name]);
    await system().settled();
    for (const options of everyThread) {
      const watcher = await system().spawn(puppet, undefined, options);
      expect(await watcher.call("run", ["whereis", name])).toEqual(subject);
      await watcher.call("run", ["send", name, "found"]);
    }
    await system().settled();
    expect(await subject.call("seen")).toEqual(["found", "found", "found"]);
    await subject.call("run", ["unregister", name]);
    await system().settled();
    expect(system().whereis(name)).toBeUndefined();
  });

  test("S4.4: of several that register one name at once, one gets it", async () => {
    const name = `s4 contended ${place.name}`;
    const rivals = await Promise.all([
      ...everyThread.map((options) => system().spawn(puppet, undefined, options)),
      place.spawn(system(), puppet, undefined),
    ]);
    const outcomes = await Promise.all(rivals.map((rival) => rival.call("codeOf", ["register", name])));
    expect(outcomes.toSorted()).toEqual(["already_registered", "already_registered", "already_registered", "none"]);
    expect(system().whereis(name)).toEqual(rivals[outcomes.indexOf("none")]);
  });
});
