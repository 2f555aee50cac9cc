/** core/SEMANTICS.md, S18.1 to S18.3: requests by topic. */
import { beforeAll, expect, test } from "@jest/globals";
import type { Ref } from "../../../core/index.ts";
import { interruptible } from "../../fixtures/interruptible.ts";
import { puppet } from "../../fixtures/puppet.ts";
import { busDifferenceOf } from "../../support/bus-difference.ts";
import { describePlacements } from "../../support/describe-placements.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem();
let topics = 0;
const freshTopic = () => `request${(topics += 1)}`;

/** An asker on every scheduler thread, main among them. */
const askers = () =>
  Promise.all([0, 1, 2].map((thread) => system().spawn(puppet, undefined, { placement: { thread } })));

const codeOf = async (promise: Promise<unknown>) =>
  await promise.then(
    (value) => ({ value }),
    ({ code }: { code: string }) => code,
  );

/** Calls and requests that are open on any thread; the questions for it are among them. */
async function countOpen(): Promise<number> {
  await system().settled();
  const { threads } = await system().stats();
  return threads.reduce((sum, { openCalls: open }) => sum + open, 0);
}

let questions = 0;
beforeAll(async () => {
  questions = await countOpen();
});

const openCalls = async () => (await countOpen()) - questions;

describePlacements("S18 Requests", (place) => {
  /** Answers requests with `["answerRequest", value]`, or does what else the step says. */
  async function replier(topic: string, step: readonly unknown[], options = {}): Promise<Ref> {
    const ref = (await place.spawn(system(), puppet, undefined)) as Ref;
    await ref.call("run", ["subscribe", topic, options]);
    await ref.call("onMessage", step);
    return ref;
  }

  test("S18.1: a request comes to its answer, from every thread and from the program", async () => {
    const topic = freshTopic();
    await replier(`${topic}.*`, ["answerRequest", new Map([["a", 1]])]);
    expect(await system().request(`${topic}.x`, "?")).toEqual(new Map([["a", 1]]));
    for (const asker of await askers())
      expect(await asker.call("run", ["request", `${topic}.x`, "?"])).toEqual(new Map([["a", 1]]));
  });

  test("S18.1: whoever is here can ask; the envelope says who waits", async () => {
    const topic = freshTopic();
    const asker = await place.spawn(system(), puppet, undefined);
    const answerer = await replier(topic, ["answerRequest", "yes"]);
    expect(await asker.call("run", ["request", topic, "?", { headers: { a: "b" }, trace: "t" }])).toBe("yes");
    expect(await answerer.call("seen")).toMatchObject([
      { topic, message: "?", headers: { a: "b" }, trace: "t", replyTo: { caller: asker.toJSON() } },
    ]);
  });

  test("S18.1: of several answers the first counts, and no other reaches a mailbox", async () => {
    const topic = freshTopic();
    const asker = await place.spawn(system(), puppet, undefined);
    for (let n = 0; n < 3; n++) await replier(topic, ["answerRequest", n]);
    const answers: unknown[] = [];
    for (let n = 0; n < 3; n++) answers.push(await asker.call("run", ["request", topic, n]));
    for (const answer of answers) expect([0, 1, 2]).toContain(answer);
    expect(await openCalls()).toBe(0);
    expect(await asker.call("seen")).toEqual([]);
  });

  test("S18.1: an answer may be an error, and be given by somebody who got no message", async () => {
    const topic = freshTopic();
    const asker = await place.spawn(system(), puppet, undefined);
    await replier(topic, ["failRequest", { code: "no_such_price", message: "there is no price" }]);
    expect(await asker.call("codeOf", ["request", topic, "?"])).toBe("no_such_price");
    const other = freshTopic();
    const clerk = await place.spawn(system(), puppet, undefined);
    const teller = await replier(other, ["keep", "not mine"]);
    const asked = asker.call("run", ["request", other, "?"]);
    await system().settled();
    const [envelope] = (await teller.call("seen")) as [{ replyTo: unknown }];
    await clerk.call("run", ["reply", envelope.replyTo, "from the clerk"]);
    expect(await asked).toBe("from the clerk");
  });

  test("S18.1: a queue group's members share requests", async () => {
    const topic = freshTopic();
    const asker = await place.spawn(system(), puppet, undefined);
    const members = [
      await replier(topic, ["answerRequest", "a"], { queue: "q" }),
      await replier(topic, ["answerRequest", "b"], { queue: "q" }),
    ];
    for (let n = 0; n < 6; n++) expect(await asker.call("run", ["request", topic, n])).toMatch(/^[ab]$/);
    const seen = await Promise.all(members.map(async (member) => (await member.call("seen")) as unknown[]));
    expect(seen.map(({ length }) => length)).toEqual([3, 3]);
  });

  test("S18.2: a request that nobody is subscribed for fails at once, and is not published", async () => {
    const asker = await place.spawn(system(), puppet, undefined);
    const topic = freshTopic();
    expect(
      await busDifferenceOf(system(), async () => {
        expect(await asker.call("codeOf", ["request", topic, "?", { timeoutMs: Number.POSITIVE_INFINITY }])).toBe(
          "noproc",
        );
        expect(await codeOf(system().request(topic, "?"))).toBe("noproc");
      }),
    ).toEqual({ published: 0, delivered: 0, dropped: 0, deadLettered: 0 });
    const gone = await replier(topic, ["answerRequest", 1]);
    await system().stopActor(gone);
    await system().settled();
    expect(await asker.call("codeOf", ["request", topic, "?"])).toBe("noproc");
    expect(await openCalls()).toBe(0);
  });

  const forever = { timeoutMs: Number.POSITIVE_INFINITY };

  test("S18.2: a request that no filter lets through fails at once", async () => {
    const topic = freshTopic();
    await replier(topic, ["answerRequest", 1], { filter: { kind: "b" } });
    for (const asker of [await place.spawn(system(), puppet, undefined), ...(await askers())]) {
      expect(await asker.call("codeOf", ["request", topic, { kind: "a" }, forever])).toBe("noproc");
      expect(await asker.call("run", ["request", topic, { kind: "b" }, forever])).toBe(1);
    }
    expect(await openCalls()).toBe(0);
  });

  test("S18.2: a request fails with the crash of the only one who has it in hand", async () => {
    for (const asker of [await place.spawn(system(), puppet, undefined), ...(await askers())]) {
      const topic = freshTopic();
      await replier(topic, ["throw", "no answer"]);
      expect(await asker.call("codeOf", ["request", topic, "?", forever])).toBe("crashed");
    }
    expect(await openCalls()).toBe(0);
  });

  test.each([true, false])(
    "S18.2: a request fails with the end of the only one who has it, in hand: %j",
    async (isInHand) => {
      for (const asker of [await place.spawn(system(), puppet, undefined), ...(await askers())]) {
        const topic = freshTopic();
        const gate = await system().spawn(puppet);
        const only = await replier(topic, ["pass", gate]);
        if (!isInHand) only.cast("wait", gate);
        await system().settled();
        const asked = asker.call("codeOf", ["request", topic, "?", forever]);
        await system().settled();
        system().exit(only, "kill");
        expect(await asked).toBe(isInHand ? "killed" : "noproc");
      }
      expect(await openCalls()).toBe(0);
    },
  );

  test.each(["stop", "stopLater"])(
    "S18.2: a request fails when the only one who has it in hand ends by %s",
    async (how) => {
      const topic = freshTopic();
      await replier(topic, [how, "shutdown"]);
      const asker = await place.spawn(system(), puppet, undefined);
      expect(await asker.call("codeOf", ["request", topic, "?", forever])).toBe("shutdown");
      expect(await openCalls()).toBe(0);
    },
  );

  test("S18.2: a request fails when the turn that had it in hand was interrupted, and its actor lives on", async () => {
    for (const asker of [await place.spawn(system(), puppet, undefined), ...(await askers())]) {
      const topic = freshTopic();
      const only = await place.spawn(system(), interruptible, undefined);
      await only.call("subscribe", topic);
      const asked = asker.call("codeOf", ["request", topic, "wait", forever]);
      while (!(await system().interrupt(only)));
      expect(await asked).toBe("interrupted");
      expect(await only.call("echo", "alive")).toBe("alive");
    }
    expect(await openCalls()).toBe(0);
  });

  test.each([
    ["reject", ["mailbox_full", "first"]],
    ["dropOldest", ["second", "mailbox_full"]],
  ] as const)(
    "S18.2: a request that the policy of the only subscription drops fails: %s",
    async (policy, [second, first]) => {
      const topic = freshTopic();
      const asker = await place.spawn(system(), puppet, undefined);
      const gate = await system().spawn(puppet);
      const only = await replier(topic, ["answerRequest", policy === "reject" ? "first" : "second"], {
        capacity: 1,
        policy,
      });
      only.cast("wait", gate);
      await system().settled();
      const asked = [1, 2].map(() =>
        system()
          .request(topic, "?", forever)
          .catch(({ code }: { code: string }) => code),
      );
      await system().settled();
      await gate.call("run", ["answer"]);
      expect(await Promise.all(asked)).toEqual([first, second]);
      expect(await asker.call("run", ["request", topic, "?"])).toBe(policy === "reject" ? "first" : "second");
    },
  );

  test("S18.2: while there is another who may answer, and after it was handled, a request waits", async () => {
    const topic = freshTopic();
    const asker = await place.spawn(system(), puppet, undefined);
    const crashing = await replier(topic, ["throw", "not me"]);
    const holding = await replier(topic, ["keep", "handled"]);
    const asked = asker.call("codeOf", ["request", topic, "?"], { timeoutMs: 60_000 });
    await system().settled();
    expect(system().isAlive(crashing)).toBe(false);
    await system().stopActor(holding);
    await system().settled();
    await system().clock.advance(5_001);
    expect(await asked).toBe("timeout");
  });

  test("S18.2: the crash of a subscriber is not the end of a request that a queue has shared", async () => {
    for (const asker of [await place.spawn(system(), puppet, undefined), ...(await askers())]) {
      const topic = freshTopic();
      const gate = await system().spawn(puppet);
      const member = await replier(topic, ["answerRequest", "of the queue"], { queue: "q" });
      member.cast("wait", gate);
      const crashing = await replier(topic, ["throw", "not me"]);
      await system().settled();
      const asked = asker.call("run", ["request", topic, "?", forever]);
      await system().settled();
      expect(system().isAlive(crashing)).toBe(false);
      await gate.call("run", ["answer"]);
      expect(await asked).toBe("of the queue");
    }
    expect(await openCalls()).toBe(0);
  });

  test("S18.3: a request fails when its time is over, and what comes up later is not handled", async () => {
    const topic = freshTopic();
    const asker = await place.spawn(system(), puppet, undefined);
    const gate = await system().spawn(puppet);
    const slow = await replier(topic, ["answerRequest", "late"]);
    slow.cast("wait", gate);
    await system().settled();
    const asked = [
      asker.call("codeOf", ["request", topic, "?"], { timeoutMs: 60_000 }),
      codeOf(system().request(topic, "?", { timeoutMs: 4_000 })),
    ];
    await system().settled();
    await system().clock.advance(4_000);
    expect(await asked[1]).toBe("timeout");
    await system().clock.advance(1_001);
    expect(await asked[0]).toBe("timeout");
    expect(
      await busDifferenceOf(system(), async () => {
        await gate.call("run", ["answer"]);
        await system().settled();
      }),
    ).toMatchObject({ delivered: 0, dropped: 2 });
    expect(await slow.call("seen")).toEqual(["waits", "passed"]);
    expect(await openCalls()).toBe(0);
  });

  test("S18.3: a request is given up by its signal, also by one that was aborted before", async () => {
    const topic = freshTopic();
    const asker = await place.spawn(system(), puppet, undefined);
    const answerer = await replier(topic, ["keep", "unanswered"]);
    expect(await asker.call("codeOf", ["requestGivenUp", topic, "?", false])).toBe("cancelled");
    await system().settled();
    expect(await answerer.call("seen")).toHaveLength(2);
    expect(await asker.call("codeOf", ["requestGivenUp", topic, "?", true])).toBe("cancelled");
    await system().settled();
    expect(await answerer.call("seen")).toHaveLength(2);
    expect(await openCalls()).toBe(0);
  });

  test("S18.3: nothing is left of the requests of an actor that has ended", async () => {
    const topic = freshTopic();
    const asker = await place.spawn(system(), puppet, undefined);
    const answerer = await replier(topic, ["keep", "unanswered"]);
    for (let n = 0; n < 3; n++)
      await asker.call("begin", ["request", topic, n, { timeoutMs: Number.POSITIVE_INFINITY }]);
    await system().settled();
    expect(await openCalls()).toBeGreaterThanOrEqual(3);
    system().exit(asker, "kill");
    expect(await openCalls()).toBe(0);
    await answerer.call("run", ["keep", "the asker is gone"]);
  });

  test.each([
    [["request", "a.*", 1], "bad_argument"],
    [["request", "a", 1, 5], "bad_argument"],
    [["request", "a", 1, { timeout: 5 }], "bad_argument"],
    [["request", "a", 1, { timeoutMs: "5" }], "bad_argument"],
    [["request", "a", 1, { signal: 5 }], "bad_argument"],
    [["request", "a", 1, { headers: { a: 5 } }], "bad_argument"],
  ] as const)("S18: %j is refused", async (step, code) => {
    const asker = await place.spawn(system(), puppet, undefined);
    expect(await asker.call("codeOf", step)).toBe(code);
    expect(await openCalls()).toBe(0);
  });
});
