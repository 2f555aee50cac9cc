/** Pekko, typed and classic: the cases that hold here too. Names are ours; see cases.json. Not in every placement: a case says itself where its actors stand. */
import { describe, expect, test } from "@jest/globals";
import { type Ref, SeededRandom } from "../../core/index.ts";
import { supervisor } from "../../supervisors/index.ts";
import { EventRecorder, Probe } from "../../testing/index.ts";
import { child, turnSwitch } from "../fixtures/child.ts";
import { puppet } from "../fixtures/puppet.ts";
import { openGate } from "../support/open-gate.ts";
import { Supervised } from "../support/supervised.ts";
import { useSystem } from "../support/use-system.ts";

const system = useSystem();

const other = { placement: { thread: 1 } } as const;
const onMain = { childPlacement: { thread: 0 } } as const;

describe("pekko SupervisionSpec", () => {
  test("limit_window_reset: failures further apart than the window are not added up", async () => {
    await using tree = await Supervised.start(system(), {
      intensity: 2,
      periodMs: 1_000,
      children: [{ id: "child", start: [child] }],
    });
    for (let burst = 0; burst < 3; burst += 1) {
      await tree.end(await tree.child("child"), "abnormal");
      await tree.end(await tree.child("child"), "abnormal");
      await system().clock.advance(1_001);
    }
    expect(await tree.isAlive()).toBe(true);
    for (let crash = 0; crash < 3; crash += 1) await tree.end(await tree.child("child"), "abnormal");
    expect(await tree.exitReason()).toBe("shutdown");
  });

  test("limit_zero: a limit of zero makes the first failure final", async () => {
    await using tree = await Supervised.start(system(), { intensity: 0, children: [{ id: "child", start: [child] }] });
    await tree.end(await tree.child("child"), "abnormal");
    expect(await tree.exitReason()).toBe("shutdown");
  });

  test("children_stopped_on_restart: the children of a supervisor end before it is started again", async () => {
    await using listener = await Probe.start(system());
    const leaf = (id: string) => ({ id, start: [child, { id, listener: listener.ref }] }) as const;
    await using top = await Supervised.start(system(), {
      intensity: 3,
      children: [
        {
          id: "inner",
          start: [supervisor, { intensity: 0, ...onMain, children: [leaf("a"), leaf("b")] }],
          type: "supervisor",
          placement: { thread: 0 },
        },
      ],
    });
    const inner = await top.child("inner");
    const entries = (await inner.call("whichChildren")) as { id: string; ref: Ref }[];
    await listener.all();
    await top.end(entries.find(({ id }) => id === "b")?.ref as Ref, "abnormal");
    expect(await listener.all()).toEqual(["end b error", "end a shutdown", "start a", "start b"]);
  });

  const backoff = { initialMs: 100, maxMs: 400, factor: 2, jitter: 0 } as const;

  /** Crashes the child and tells after how long it is back. */
  async function delayOf(tree: Supervised): Promise<number> {
    await tree.end(await tree.child("child"), "abnormal");
    let delayMs = 0;
    while (typeof (await tree.whichChildren())[0]?.ref === "string") {
      await system().clock.advance(10);
      delayMs += 10;
    }
    return delayMs;
  }

  test("backoff_sequence: the delay before a restart doubles up to its maximum", async () => {
    await using tree = await Supervised.start(system(), {
      intensity: 100,
      children: [{ id: "child", start: [child], backoff }],
    });
    const delays: number[] = [];
    for (let crash = 0; crash < 5; crash += 1) delays.push(await delayOf(tree));
    expect(delays).toEqual([100, 200, 400, 400, 400]);
  });

  test("backoff_reset: the delay starts over after a quiet period", async () => {
    await using tree = await Supervised.start(system(), {
      intensity: 100,
      children: [{ id: "child", start: [child], backoff }],
    });
    expect([await delayOf(tree), await delayOf(tree)]).toEqual([100, 200]);
    await system().clock.advance(250); // the mean of least and greatest, as in Pekko
    expect(await delayOf(tree)).toBe(100);
  });

  test("setup_failure_first_start: a failure in the first init is the starter's, a later one is a restart", async () => {
    const key = "setup_failure_first_start";
    const setup = {
      intensity: 3,
      ...onMain,
      children: [{ id: "child", start: [child, { init: { failsSlowly: key, afterMs: 0 } }] as const }],
    };
    turnSwitch(key, true);
    await expect(Supervised.start(system(), setup)).rejects.toMatchObject({ code: "start_failed" });
    turnSwitch(key, false);
    await using tree = await Supervised.start(system(), setup);
    turnSwitch(key, true);
    await tree.end(await tree.child("child"), "abnormal");
    expect(await tree.exitReason()).toBe("shutdown"); // every attempt counts
  });

  test("death_pact_supervised: an actor that dies of a linked one is restarted by its supervisor", async () => {
    await using tree = await Supervised.start(system(), { children: [{ id: "child", start: [puppet] }] });
    const first = await tree.child("child");
    const partner = await system().spawn(puppet, undefined, other);
    await first.call("run", ["link", partner]);
    await system().settled();
    await tree.end(partner, "kill");
    expect(system().isAlive(first)).toBe(false);
    expect(system().isAlive(await tree.child("child"))).toBe(true);
  });
});

describe("pekko WatchSpec", () => {
  test("already_dead: a monitor on an actor that has ended is down with noproc", async () => {
    await using probe = await Probe.start(system());
    const ref = await system().spawn(puppet, undefined, other);
    await system().stopActor(ref);
    expect(await (await probe.watch(ref)).reason()).toBe("noproc");
  });

  test("many_watchers: every watcher is told once", async () => {
    const ref = await system().spawn(puppet, undefined, other);
    const watchers = await Promise.all(
      Array.from({ length: 50 }, (_, n) => system().spawn(puppet, undefined, { placement: { thread: n % 3 } })),
    );
    for (const watcher of watchers) await watcher.call("run", ["monitor", ref]);
    await system().settled();
    await system().stopActor(ref);
    await system().settled();
    for (const watcher of watchers) {
      expect(await watcher.call("seen")).toEqual([expect.objectContaining({ type: "down", reason: "normal" })]);
    }
  });

  test("unwatch_discards_queued: demonitor discards a down that is already queued", async () => {
    await using probe = await Probe.start(system());
    const ref = await system().spawn(puppet, undefined, { placement: { thread: 0 } });
    await probe.run((ctx) => {
      const monitor = ctx.monitor(ref);
      ctx.exit(ref, "kill"); // dies at once: the down is in the mailbox when the next line runs
      ctx.demonitor(monitor);
    });
    expect(await probe.all()).toEqual([]);
  });

  test("once_on_stop_never_on_restart: a child's restart is one down of the former actor and nothing of the next", async () => {
    await using probe = await Probe.start(system());
    await using tree = await Supervised.start(system(), { intensity: 5, children: [{ id: "child", start: [child] }] });
    const first = await tree.child("child");
    await probe.run((ctx) => ctx.monitor(first));
    await tree.end(first, "abnormal");
    await tree.end(await tree.child("child"), "abnormal");
    expect(await probe.all()).toEqual([expect.objectContaining({ type: "down", ref: first })]);
  });

  test("recreated_name: an actor of the same name is another ref, and the monitor does not move to it", async () => {
    await using probe = await Probe.start(system());
    const first = await system().spawn(puppet, undefined, { ...other, name: "recreated" });
    await probe.run((ctx) => ctx.monitor("recreated"));
    await system().stopActor(first);
    const second = await system().spawn(puppet, undefined, { ...other, name: "recreated" });
    expect(second).not.toEqual(first);
    await system().stopActor(second);
    expect(await probe.all()).toEqual([expect.objectContaining({ type: "down", name: "recreated" })]);
  });

  test("death_pact: an actor that is linked and does not trap ends with the one it is linked to", async () => {
    await using probe = await Probe.start(system());
    const [one, two] = [await system().spawn(puppet, undefined, other), await system().spawn(puppet)];
    await one.call("run", ["link", two]);
    await system().settled();
    const watch = await probe.watch(one);
    two.cast("crash", "of two");
    expect(await watch.reason()).toMatchObject({ error: { message: "of two" } });
  });
});

describe("pekko TimerSpec", () => {
  test("cancel_when_queued: a cancelled timer's message does not arrive even when it was queued", async () => {
    await using probe = await Probe.start(system());
    const gate = await system().spawn(puppet);
    const ref = await system().spawn(puppet, undefined, other);
    const timer = await ref.call("run", ["sendAfter", 10, "queued"]);
    ref.cast("cancelAfter", { gate, timer });
    await system().settled();
    await system().clock.advance(10);
    await openGate(system(), gate);
    expect(await ref.call("seen")).toEqual([]);
    expect(await probe.all()).toEqual([]);
  });

  test("repeat: a periodic timer repeats until it is cancelled", async () => {
    const ref = await system().spawn(puppet, undefined, other);
    const timer = await ref.call("run", ["sendEvery", 10, "tick"]);
    await system().clock.advance(35);
    expect(await ref.call("seen")).toEqual(["tick", "tick", "tick"]);
    await ref.call("run", ["cancelTimer", timer]);
    await system().clock.advance(100);
    expect(await ref.call("seen")).toHaveLength(3);
  });

  test("discard_on_restart: timers end with their actor and are not those of the next incarnation", async () => {
    await using tree = await Supervised.start(system(), { children: [{ id: "child", start: [puppet] }] });
    const first = await tree.child("child");
    await first.call("run", ["sendEvery", 10, "tick"]);
    await tree.end(first, "kill");
    await system().clock.advance(100);
    expect(await (await tree.child("child")).call("seen")).toEqual([]);
  });

  test("cancel_and_set_anew: a timer cancelled and set anew delivers the new message alone", async () => {
    const ref = await system().spawn(puppet, undefined, other);
    const timer = await ref.call("run", ["sendAfter", 10, "old"]);
    await ref.call("run", ["cancelTimer", timer]);
    await ref.call("run", ["sendAfter", 10, "new"]);
    await system().clock.advance(100);
    expect(await ref.call("seen")).toEqual(["new"]);
  });
});

describe("pekko StashBufferSpec", () => {
  /** A puppet that has stashed those messages. */
  async function stashed(messages: readonly unknown[], options = {}) {
    const ref = await system().spawn(puppet, undefined, { ...other, ...options });
    await ref.call("run", ["stashing", true]);
    for (const message of messages) ref.send(message);
    await system().settled();
    return ref;
  }

  test("unstash_order: stashed messages come back oldest first, before what came later", async () => {
    const ref = await stashed([1, 2, 3]);
    expect(await ref.call("seen")).toEqual([]);
    ref.cast("unstashNow");
    ref.send(4);
    expect(await ref.call("seen")).toEqual([1, 2, 3, 4]);
  });

  test("stash_while_unstashing: a message stashed again during unstashAll waits for the next one", async () => {
    const ref = await stashed([1, 2]);
    await ref.call("run", ["unstashAll"]); // still stashing: each goes back again
    await system().settled();
    expect(await ref.call("seen")).toEqual([]);
    ref.cast("unstashNow");
    expect(await ref.call("seen")).toEqual([1, 2]);
  });

  test("capacity: a full stash refuses the message", async () => {
    await using probe = await Probe.start(system());
    const ref = await system().spawn(puppet, undefined, { ...other, mailboxCapacity: 2 });
    await ref.call("run", ["stashing", true]);
    const watch = await probe.watch(ref);
    for (const message of [1, 2]) {
      ref.send(message);
      await system().settled();
    }
    expect(await watch.isDown()).toBe(false);
    ref.send(3);
    expect(await watch.reason()).toMatchObject({ error: { code: "mailbox_full" } });
  });

  test("stop_while_unstashing: messages left in the stash are dead letters when the actor stops", async () => {
    using recorder = new EventRecorder(system(), ["deadLetter"]);
    const ref = await stashed(["left 1", "left 2"]);
    await system().stopActor(ref);
    await system().settled();
    expect(recorder.events).toHaveLength(2);
  });

  test("failure_while_unstashing: messages left in the stash are dead letters when the actor crashes", async () => {
    using recorder = new EventRecorder(system(), ["deadLetter"]);
    const ref = await stashed(["left 1", "left 2"]);
    ref.cast("crash", "with a full stash");
    await system().settled();
    expect(recorder.events).toHaveLength(2);
  });
});

describe("pekko AskSpec", () => {
  test("dead_target: a call to an actor that is gone fails at once", async () => {
    const ref = await system().spawn(puppet, undefined, other);
    await system().stopActor(ref);
    await expect(ref.call("echo", 1)).rejects.toMatchObject({ code: "noproc" });
  });

  test("late_reply: an answer after the time-out reaches no mailbox", async () => {
    await using probe = await Probe.start(system());
    using recorder = new EventRecorder(system(), ["deadLetter"]);
    const ref = await system().spawn(puppet, undefined, other);
    const outcome = probe
      .run((ctx) => ctx.call(ref, "hold", undefined, { timeoutMs: 10 }))
      .catch((error: { code: string }) => error.code);
    await system().settled();
    await system().clock.advance(10);
    expect(await outcome).toBe("timeout");
    await ref.call("run", ["answer", "late"]);
    expect(await probe.all()).toEqual([]);
    expect(recorder.events).toEqual([]);
  });
});

describe("pekko", () => {
  test("ActorContextSpec: the verbs of ctx work during init, turn and terminate", async () => {
    await using probe = await Probe.start(system());
    const ref = await system().spawn(puppet, { init: [["send", probe.ref, "init"]] }, other);
    await ref.call("run", ["send", probe.ref, "turn"]);
    await ref.call("onTerminate", ["tell", probe.ref, "terminate"]);
    await system().stopActor(ref);
    expect(await probe.all()).toEqual(["init", "turn", ["terminate", "normal"]]);
  });

  test("GracefulStopSpec: a stop with a time limit ends in a kill", async () => {
    await using tree = await Supervised.start(system(), {
      children: [{ id: "child", start: [child, { terminateMs: 86_400_000 }], shutdown: 100 }],
    });
    const ref = await tree.child("child");
    const watch = await tree.parent.watch(ref);
    const terminated = tree.terminateChild("child");
    await system().settled();
    await system().clock.advance(100);
    expect(await terminated).toEqual({ ok: true });
    expect(await watch.reason()).toBe("killed");
  });

  test("StopSpec: an actor that stops itself handles no further message", async () => {
    await using probe = await Probe.start(system());
    const ref = await system().spawn(puppet, undefined, other);
    await probe.run((ctx) => {
      ctx.cast(ref, "run", ["stop"]);
      ctx.cast(ref, "run", ["send", probe.ref, "after stop"]);
    });
    expect(await probe.all()).toEqual([]);
    expect(system().isAlive(ref)).toBe(false);
  });

  test("SupervisorHierarchySpec: a tree survives a storm of failures, stops and restarts with every child back", async () => {
    const random = new SeededRandom(20_260_101);
    const limit = { intensity: 1_000_000, periodMs: 3_600_000 } as const;
    const branch = (
      depth: number,
    ): {
      id: string;
      start: readonly [typeof supervisor, object];
      type: "supervisor";
      placement: { thread: number };
    } => ({
      id: `branch ${depth}`,
      start: [
        supervisor,
        {
          ...limit,
          strategy: random.pick(["one_for_one", "one_for_all", "rest_for_one"] as const),
          childPlacement: "spread",
          children: [
            ...Array.from({ length: 3 }, (_, n) => ({ id: `leaf ${n}`, start: [child] as const })),
            ...(depth > 0 ? [branch(depth - 1)] : []),
          ],
        },
      ],
      type: "supervisor",
      placement: { thread: 0 },
    });
    await using top = await Supervised.start(system(), { ...limit, children: [branch(3)] });

    /** All leaves, and whether each branch is whole. */
    const leavesOf = async (ref: Ref): Promise<Ref[]> => {
      const entries = (await ref.call("whichChildren")) as { id: string; ref: Ref; type: string }[];
      const found: Ref[] = [];
      for (const entry of entries) {
        if (entry.type === "supervisor") found.push(...(await leavesOf(entry.ref)));
        else found.push(entry.ref);
      }
      return found;
    };
    for (let round = 0; round < 30; round += 1) {
      const leaves = await leavesOf(top.ref as unknown as Ref);
      expect([round, leaves.filter((ref) => system().isAlive(ref)).length]).toEqual([round, 12]);
      for (let blow = 0; blow < 4; blow += 1) {
        const victim = random.pick(leaves);
        const way = random.below(4);
        if (way === 0) system().exit(victim, "kill");
        else if (way === 1) system().cast(victim, "die");
        else if (way === 2) system().cast(victim, "stop");
        else system().exit(victim, "shutdown");
      }
      await system().settled();
    }
  });

  test("BackoffSupervisorSpec: a child that keeps failing is started again later and later", async () => {
    const key = "BackoffSupervisorSpec";
    await using tree = await Supervised.start(system(), {
      intensity: 100,
      ...onMain,
      children: [
        {
          id: "child",
          start: [child, { init: { failsSlowly: key, afterMs: 0 } }],
          backoff: { initialMs: 100, maxMs: 1_000, factor: 2, jitter: 0 },
        },
      ],
    });
    using recorder = new EventRecorder(system(), ["log"]);
    turnSwitch(key, true);
    await tree.end(await tree.child("child"), "abnormal");
    const attempts: number[] = [];
    for (const delayMs of [100, 200, 400]) {
      recorder.clear();
      await system().clock.advance(delayMs - 1);
      attempts.push(recorder.events.length);
      await system().clock.advance(1);
      attempts.push(recorder.events.length);
    }
    expect(attempts).toEqual([0, 1, 0, 1, 0, 1]); // one start_error an attempt
    turnSwitch(key, false);
    await system().clock.advance(800);
    expect(system().isAlive(await tree.child("child"))).toBe(true);
  });

  test("ConsistencySpec: what one turn wrote the next turn of the same actor reads", async () => {
    const ref = await system().spawn(puppet, undefined, other);
    const writes = Array.from({ length: 1_000 }, (_, n) => n);
    await Promise.all(writes.map((n) => ref.call("run", ["keep", n])));
    expect(await ref.call("seen")).toEqual(writes);
  });
});
