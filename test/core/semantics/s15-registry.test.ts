/** core/SEMANTICS.md, S15: what actors declare, and finding them by it. */
import { expect, test } from "@jest/globals";
import { type Ref, refKey } from "../../../core/index.ts";
import { startSystem } from "../../../index.ts";
import { puppet } from "../../fixtures/puppet.ts";
import { describePlacements } from "../../support/describe-placements.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem();
let skills = 0;
const freshSkill = () => `skill ${(skills += 1)}`;

const readers = () =>
  Promise.all([0, 1, 2].map((thread) => system().spawn(puppet, undefined, { placement: { thread } })));

/** Who is found from each thread, in order. */
async function foundEverywhere(query: object): Promise<string[][]> {
  await system().settled();
  const all = await readers();
  return await Promise.all(
    all.map(async (reader) =>
      ((await reader.call("run", ["find", query])) as { ref: Ref }[]).map(({ ref }) => refKey(ref)),
    ),
  );
}

const thrice = <T>(value: T): T[] => [value, value, value];

describePlacements("S15 Registry", (place) => {
  test("S15.1: who has declared a capability is found by it from every thread, until it ends", async () => {
    const name = freshSkill();
    const agent = await place.spawn(system(), puppet, undefined);
    expect(await foundEverywhere({ capability: name })).toEqual(thrice([]));
    await agent.call("run", ["declare", { version: "1.0.0", capabilities: [{ name, tags: ["fr"] }], tags: ["cheap"] }]);
    expect(await foundEverywhere({ capability: name })).toEqual(thrice([refKey(agent)]));
    expect(await foundEverywhere({ capability: name, tags: ["fr", "cheap"] })).toEqual(thrice([refKey(agent)]));
    expect(await foundEverywhere({ capability: name, tags: ["de"] })).toEqual(thrice([]));
    await agent.call("run", ["declare", { capabilities: [{ name: `${name} no more` }] }]);
    expect(await foundEverywhere({ capability: name })).toEqual(thrice([]));
    await agent.call("run", ["declare", { capabilities: [{ name }] }]);
    system().exit(agent, "kill");
    expect(await foundEverywhere({ capability: name })).toEqual(thrice([]));
  });

  test("S4.3, S12.3, S15.1: whoever gets the down, on any thread, finds neither name nor membership nor declaration", async () => {
    const name = freshSkill();
    const agent = await place.spawn(system(), puppet, undefined, { name, declaration: { tags: [name] } });
    await system().join(name, agent);
    await system().settled();
    const watchers = await readers();
    for (const watcher of watchers) {
      expect(await watcher.call("run", ["foundAfterDown", name, name])).toBe(undefined);
      await watcher.call("onMessage", ["foundAfterDown", name, name]);
      await watcher.call("run", ["monitor", agent]);
    }
    await system().settled();
    system().exit(agent, "kill");
    await system().settled();
    for (const watcher of watchers)
      expect(await watcher.call("seen")).toEqual([
        [agent, 1, 1],
        expect.objectContaining({ type: "down", reason: "killed" }),
        [undefined, 0, 0],
      ]);
  });

  test("S15.2: who is free comes before who has work, and who is paused comes last", async () => {
    const name = freshSkill();
    const gate = await system().spawn(puppet);
    const [busy, paused, free] = await Promise.all(thrice(0).map(() => place.spawn(system(), puppet, undefined)));
    for (const agent of [busy, paused, free]) await agent?.call("run", ["declare", { capabilities: [{ name }] }]);
    busy?.cast("wait", gate);
    await system().pause(paused as Ref);
    for (const agent of [busy, busy]) agent?.send("waits");
    const expected = [free, busy, paused].map((agent) => refKey(agent as Ref));
    expect(await foundEverywhere({ capability: name })).toEqual(thrice(expected));
    expect(await foundEverywhere({ capability: name, state: "paused" })).toEqual(thrice([refKey(paused as Ref)]));
    expect(
      system()
        .find({ capability: name })
        .map(({ state, load }) => [state, load]),
    ).toEqual([
      ["ready", 0],
      ["running", 3],
      ["paused", 0],
    ]);
    await gate.call("run", ["answer"]);
  });

  test("S15.2: who will soon refuse what comes stands behind who has more to do and more room", async () => {
    const name = freshSkill();
    const gate = await system().spawn(puppet);
    const crowded = await place.spawn(system(), puppet, undefined, { mailboxCapacity: 4 });
    const busy = await place.spawn(system(), puppet, undefined);
    for (const agent of [crowded, busy]) await agent.call("run", ["declare", { capabilities: [{ name }] }]);
    for (const agent of [crowded, busy]) agent.cast("wait", gate);
    await system().settled();
    for (let n = 0; n < 9; n++) busy.send(n);
    for (const n of [1, 2]) crowded.send(n);
    const order = (...agents: Ref[]) => thrice(agents.map(refKey));
    expect(await foundEverywhere({ capability: name })).toEqual(order(crowded, busy));
    crowded.send(3);
    expect(await foundEverywhere({ capability: name })).toEqual(order(busy, crowded));
    while ((await gate.call("openCalls")) > 0) await gate.call("run", ["answer"]);
    expect(await foundEverywhere({ capability: name })).toEqual(order(crowded, busy));
  });

  test("S15.9: who was put in the place of one that failed stands behind others for 10 s, and who was started anew on purpose does not", async () => {
    const name = freshSkill();
    const gate = await system().spawn(puppet);
    const declaration = { capabilities: [{ name }] };
    const busy = await place.spawn(system(), puppet, undefined, { declaration });
    busy.cast("wait", gate);
    const tree = await system().supervise({
      children: [{ id: 1, start: [puppet] as const, declaration, ...place.options }],
    });
    const child = async () => {
      await system().settled();
      const found = await tree.whichChild(1);
      return (found.ok ? found.child.ref : undefined) as Ref;
    };
    await tree.terminateChild(1);
    await tree.restartChild(1);
    expect(await foundEverywhere({ capability: name })).toEqual(thrice([refKey(await child()), refKey(busy)]));
    system().exit(await child(), "crash");
    const next = await child();
    expect(await foundEverywhere({ capability: name })).toEqual(thrice([refKey(busy), refKey(next)]));
    expect(
      system()
        .find({ capability: name })
        .map(({ trouble }) => trouble),
    ).toEqual([undefined, "restarted"]);
    await system().clock.advance(10_016);
    expect(
      system()
        .find({ capability: name })
        .map(({ ref, trouble }) => [refKey(ref), trouble]),
    ).toEqual([
      [refKey(next), undefined],
      [refKey(busy), "slow"],
    ]);
    await gate.call("run", ["answer"]);
  });

  test("S15.9: whose turn has been under way for 5 s stands behind who has more to do, until it ends", async () => {
    const name = freshSkill();
    const [gate, otherGate] = [await system().spawn(puppet), await system().spawn(puppet)];
    const [slow, busy] = [
      await place.spawn(system(), puppet, undefined),
      await place.spawn(system(), puppet, undefined),
    ];
    for (const agent of [slow, busy]) await agent.call("run", ["declare", { capabilities: [{ name }] }]);
    slow.cast("wait", gate);
    await system().settled();
    await system().clock.advance(5_016);
    busy.cast("wait", otherGate);
    for (const n of [1, 2]) busy.send(n);
    expect(await foundEverywhere({ capability: name })).toEqual(thrice([refKey(busy), refKey(slow)]));
    await gate.call("run", ["answer"]);
    expect(await foundEverywhere({ capability: name })).toEqual(thrice([refKey(slow), refKey(busy)]));
    await otherGate.call("run", ["answer"]);
  });

  test("S15.2: the turn that an actor declares in is over for whoever finds it once all is at rest", async () => {
    const name = freshSkill();
    const agent = await place.spawn(system(), puppet, undefined);
    await agent.call("run", ["declare", { capabilities: [{ name }] }]);
    await system().settled();
    expect(
      system()
        .find({ capability: name })
        .map(({ state, load }) => [state, load]),
    ).toEqual([["ready", 0]]);
  });

  test("S15.2: of those that are as free the cheaper comes first, then the faster", async () => {
    const name = freshSkill();
    const hints = [
      { cost: 2, latencyMs: 1 },
      { cost: 1, latencyMs: 9 },
      { cost: 1, latencyMs: 5 },
    ];
    const agents: Ref[] = [];
    for (const hint of hints) {
      const agent = await place.spawn(system(), puppet, undefined);
      await agent.call("run", ["declare", { capabilities: [{ name, ...hint }] }]);
      agents.push(agent);
    }
    expect(await foundEverywhere({ capability: name })).toEqual(
      thrice([2, 1, 0].map((at) => refKey(agents[at] as Ref))),
    );
  });

  test("S15.3: a watch tells who is there, and then who appears, changes and goes", async () => {
    const name = freshSkill();
    const agent = await place.spawn(system(), puppet, undefined);
    const declared = { capabilities: [{ name }] };
    for (const watcher of await readers()) {
      const { id, agents } = (await watcher.call("run", ["watch", { capability: name }])) as {
        id: number;
        agents: unknown[];
      };
      expect(agents).toEqual([]);
      await agent.call("run", ["declare", declared]);
      await agent.call("run", ["declare", { ...declared, version: "2" }]);
      await agent.call("run", ["declare", {}]);
      await system().settled();
      const told = (change: string, declaration?: object) => ({
        type: "agent",
        watch: id,
        change,
        ref: agent,
        declaration,
      });
      expect(await watcher.call("seen")).toEqual([
        told("appeared", declared),
        told("changed", { ...declared, version: "2" }),
        told("gone"),
      ]);
      expect(await watcher.call("run", ["unwatch", id])).toBe(true);
      expect(await watcher.call("run", ["unwatch", id])).toBe(false);
      await agent.call("run", ["declare", declared]);
      await agent.call("run", ["declare", {}]);
      await system().settled();
      expect(await watcher.call("seen")).toHaveLength(3);
    }
  });

  test("S15.3: a watch tells that one whom it has found was killed", async () => {
    const name = freshSkill();
    const agent = await place.spawn(system(), puppet, undefined, { declaration: { capabilities: [{ name }] } });
    const watchers = await readers();
    await system().settled();
    for (const watcher of watchers) await watcher.call("run", ["watch", { capability: name }]);
    system().exit(agent, "kill");
    await system().settled();
    for (const watcher of watchers)
      expect(await watcher.call("seen")).toMatchObject([{ type: "agent", change: "gone", ref: agent }]);
  });

  test("S15.1: what is found says all that was declared, on every thread", async () => {
    const name = freshSkill();
    const declaration = {
      version: "1.2.0",
      tags: ["cheap"],
      capabilities: [
        {
          name,
          version: "2.1.0",
          tags: ["fr", "de"],
          input: { type: "object", properties: { text: { type: "string", maxLength: 80 } } },
          output: { type: "array", items: [{ type: "number" }, null] },
          cost: 0.25,
          latencyMs: 40,
        },
        { name: `${name} too` },
      ],
      metadata: { owner: "ann" },
    };
    const agent = await place.spawn(system(), puppet, undefined);
    await agent.call("run", ["declare", declaration]);
    await system().settled();
    for (const reader of await readers())
      expect(await reader.call("run", ["find", { capability: name }])).toEqual([
        expect.objectContaining({ ref: agent, declaration }),
      ]);
  });

  test("S15.1: what one who found it does to a declaration is not seen by others of its thread", async () => {
    const name = freshSkill();
    await place.spawn(system(), puppet, undefined, { declaration: { tags: [name] } });
    await system().settled();
    for (const reader of await readers()) {
      expect(await reader.call("run", ["changeFound", { tags: [name] }])).toMatch(/^TypeError: .*not extensible/);
      expect(await reader.call("run", ["find", { tags: [name] }])).toMatchObject([{ declaration: { tags: [name] } }]);
    }
  });

  test.each([
    [null, "object"],
    [{ nothing: 1 }, 'there is no "nothing"'],
    [{ version: 1 }, "version is a text"],
    [{ tags: "fr" }, "tags is a list of texts"],
    [{ capabilities: [{ name: "a" }, { name: "" }] }, "capabilities[1].name"],
    [{ capabilities: [{ name: "a", cost: -1 }] }, "capabilities[0].cost"],
    [{ metadata: [] }, "metadata is an object"],
  ])("S15.4: %j is no declaration, and the error says where", async (declaration, words) => {
    const agent = await place.spawn(system(), puppet, undefined);
    expect(await agent.call("errorOf", ["declare", declaration])).toMatch(
      new RegExp(`^bad_argument: .*${words.replaceAll(/[[\]]/g, "\\$&")}`),
    );
  });
});

// Not in every placement: main cannot be lost, and a thread is taken from a system of its own.
test("S15.3: a watch tells of each one that is lost with its thread", async () => {
  await using own = await startSystem({ threads: 2, clock: "manual", checks: true, seed: 1 });
  const declaration = { tags: ["lost"] };
  const at = (thread: number, more: object = {}) => own.spawn(puppet, undefined, { placement: { thread }, ...more });
  const lost = [await at(1, { declaration }), await at(1, { declaration })];
  await at(2, { declaration });
  const watchers = [await at(0), await at(2)];
  await own.settled();
  for (const watcher of watchers) await watcher.call("run", ["watch", declaration]);
  await own.terminateThread(1, "test");
  await own.settled();
  for (const watcher of watchers) {
    const seen = (await watcher.call("seen")) as { change: string; ref: Ref }[];
    expect(seen.map(({ change, ref }) => `${change} ${refKey(ref)}`).sort()).toEqual(
      lost.map((ref) => `gone ${refKey(ref)}`).sort(),
    );
  }
});
