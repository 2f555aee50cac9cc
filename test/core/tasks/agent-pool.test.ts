/** Who gets the next task of a capability: pure, so in no placement. */
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import type { Ref } from "../../../core/actor/ref.ts";
import { Ref as AnyRef, refKey } from "../../../core/actor/ref.ts";
import { AgentPool } from "../../../core/tasks/agent-pool.ts";

class PlainRef extends AnyRef {
  override get node() {
    return "";
  }
  override get creation() {
    return 1;
  }
  protected override get verbs(): never {
    throw new Error("a pool talks to nobody");
  }
}

interface Told {
  readonly ref: Ref;
  readonly cost: number;
  readonly latencyMs: number;
  readonly limit: number | undefined;
  inHand: number;
  standing: number;
  isAlive: boolean;
}

const unable = 100;

/** A pool, and what the world tells it of its agents. */
class World {
  readonly told = new Map<string, Told>();
  readonly pool: AgentPool;
  #slot = 1;

  constructor() {
    this.pool = new AgentPool(
      "capability c",
      {
        isAlive: (ref) => this.#of(refKey(ref)).isAlive,
        standingOf: (ref) => this.#of(refKey(ref)).standing,
        isUnable: (standing) => standing >= unable,
        limitOf: (ref) => this.#of(refKey(ref)).limit,
        inHand: (key) => this.#of(key).inHand,
      },
      0,
    );
  }

  add({ standing = 0, cost = 0, latencyMs = 0, limit = undefined as number | undefined } = {}): Told {
    const ref = new PlainRef(1, this.#slot++, 0);
    const told: Told = { ref, cost, latencyMs, limit, inHand: 0, standing, isAlive: true };
    this.told.set(refKey(ref), told);
    this.pool.put(ref, { name: "c", cost, latencyMs });
    return told;
  }

  give(told: Told, tasks: number): void {
    told.inHand += tasks;
    this.pool.has(refKey(told.ref), told.inHand);
  }

  end(told: Told): void {
    told.isAlive = false;
    this.pool.remove(refKey(told.ref));
  }

  /** Looks at all, as a scheduler does before it gives anything away. */
  best(concurrency = 1): Told | undefined {
    this.pool.refresh(0);
    return this.bestUnrefreshed(concurrency);
  }

  bestUnrefreshed(concurrency = 1): Told | undefined {
    const ref = this.pool.best(concurrency);
    return ref === undefined ? undefined : this.#of(refKey(ref));
  }

  #of(key: string): Told {
    return this.told.get(key) as Told; // whoever was added
  }
}

describe("the agents of a capability", () => {
  test("come by their tasks in hand, then their standing, then their cost, then their latency", () => {
    const world = new World();
    const slow = world.add({ latencyMs: 9 });
    const dear = world.add({ cost: 1 });
    const busy = world.add({ standing: 1 });
    const fast = world.add({ latencyMs: 1 });
    const order: (Told | undefined)[] = [];
    for (let n = 0; n < 5; n++) {
      const best = world.best();
      order.push(best);
      if (best !== undefined) world.give(best, 1);
    }
    expect(order).toEqual([fast, slow, dear, busy, undefined]);
  });

  test("of those that are alike the one that has waited longest is first", () => {
    const world = new World();
    const [first, second, third] = [world.add(), world.add(), world.add()];
    world.give(first, 1);
    world.give(first, -1);
    expect(world.best()).toBe(second);
    world.give(second, 1);
    expect(world.best()).toBe(third);
    world.give(third, 1);
    expect(world.best()).toBe(first);
  });

  test("nobody is taken for better than it is, without a look at all", () => {
    const world = new World();
    const [first, second] = [world.add(), world.add({ standing: 1 })];
    first.standing = 2;
    expect(world.bestUnrefreshed()).toBe(second);
    second.standing = unable;
    expect(world.bestUnrefreshed()).toBe(first);
  });

  test("a look at all finds who has become better; it comes for 100 agents once a millisecond", () => {
    const world = new World();
    const agents = Array.from({ length: 200 }, () => world.add({ standing: 5 }));
    const better = agents[150] as Told;
    better.standing = 1;
    world.pool.refresh(1);
    expect(world.bestUnrefreshed()).toBe(agents[0]);
    world.pool.refresh(2);
    expect(world.bestUnrefreshed()).toBe(better);
  });

  test("one that is paused is taken only where nobody else is there, not where all others are full", () => {
    const world = new World();
    const [paused, able] = [world.add({ standing: unable }), world.add()];
    world.give(able, 1);
    expect(world.best()).toBeUndefined();
    world.end(able);
    expect(world.best()).toBe(paused);
    paused.standing = 0;
    expect(world.best()).toBe(paused);
  });

  /** The best by the words of S16.6, from a walk over all. */
  function oracle(world: World, concurrency: number): Told[] {
    const living = [...world.told.values()].filter(({ isAlive }) => isAlive);
    const able = living.filter(({ standing }) => standing < unable);
    const candidates = (able.length > 0 ? able : living).filter(({ inHand, limit }) => inHand < (limit ?? concurrency));
    const rank = ({ inHand, standing, cost, latencyMs }: Told) => [inHand, standing, cost, latencyMs];
    const compared = (a: Told, b: Told) => {
      const [left, right] = [rank(a), rank(b)];
      const at = left.findIndex((value, place) => value !== right[place]);
      return at < 0 ? 0 : (left[at] as number) - (right[at] as number);
    };
    return candidates.filter((one) => candidates.every((other) => compared(one, other) <= 0));
  }

  test("whatever happens to them, the next one is among the best that a walk over all finds", () => {
    const agent = fc.record({
      standing: fc.constantFrom(0, 1, 2, unable, unable + 1),
      cost: fc.nat(1),
      latencyMs: fc.nat(1),
      limit: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
    });
    const step = fc.oneof(
      agent.map((options) => ({ kind: "add" as const, options })),
      fc.record({ kind: fc.constantFrom("end" as const, "done" as const), at: fc.nat(30) }),
      fc.record({ kind: fc.constant("stand" as const), at: fc.nat(30), standing: fc.constantFrom(0, 1, 3, unable) }),
      fc.record({ kind: fc.constant("give" as const), concurrency: fc.integer({ min: 1, max: 3 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const world = new World();
        for (const one of steps) {
          const living = [...world.told.values()].filter(({ isAlive }) => isAlive);
          const meant = "at" in one ? living[one.at % Math.max(1, living.length)] : undefined;
          if (one.kind === "add") world.add(one.options);
          else if (one.kind === "end" && meant !== undefined) world.end(meant);
          else if (one.kind === "done" && meant !== undefined && meant.inHand > 0) world.give(meant, -1);
          else if (one.kind === "stand" && meant !== undefined) meant.standing = one.standing;
          else if (one.kind === "give") {
            const expected = oracle(world, one.concurrency);
            const best = world.best(one.concurrency);
            if (best === undefined) expect(expected).toEqual([]);
            else {
              expect(expected).toContain(best);
              world.give(best, 1);
            }
          }
          expect(world.pool.size).toBe([...world.told.values()].filter(({ isAlive }) => isAlive).length);
        }
      }),
      { numRuns: 300 },
    );
  });
});
