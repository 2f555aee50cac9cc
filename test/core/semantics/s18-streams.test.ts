/** core/SEMANTICS.md, S18.4 to S18.9: streams. */
import { expect, test } from "@jest/globals";
import { type Ref, refKey } from "../../../core/index.ts";
import { consumer, producer, read } from "../../fixtures/streamers.ts";
import { describePlacements } from "../../support/describe-placements.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem();
let topics = 0;
const freshTopic = () => `stream${(topics += 1)}`;

const upTo = (count: number) => Array.from({ length: count }, (_, n) => n);

/** Ends of streams on any thread. */
async function openStreams(): Promise<number> {
  await system().settled();
  const { threads } = await system().stats();
  return threads.reduce((sum, { openStreams: open }) => sum + open, 0);
}

describePlacements("S18 Streams", (place) => {
  const aProducer = async (options = {}) => (await place.spawn(system(), producer, undefined, options)) as Ref;
  const aConsumer = async () => (await place.spawn(system(), consumer, undefined)) as Ref;

  /** A producer here and a consumer elsewhere, and the other way round. */
  async function pairs(): Promise<{ producing: Ref; consuming: Ref }[]> {
    const there = { placement: { thread: 0 } };
    return [
      { producing: await aProducer(), consuming: (await system().spawn(consumer, undefined, there)) as Ref },
      { producing: (await system().spawn(producer, undefined, there)) as Ref, consuming: await aConsumer() },
      { producing: await aProducer(), consuming: await aConsumer() },
    ];
  }

  /** A stream that its producer keeps open behind these chunks, and of which nothing is read. */
  async function kept(producing: Ref, consuming: Ref, chunks: readonly unknown[], options = {}): Promise<void> {
    await consuming.call("open", { to: producing, argument: { chunks, behind: "keep" }, options });
    await system().settled();
  }

  test("S18.4: what is written is read, in order, and then the end", async () => {
    for (const { producing, consuming } of await pairs()) {
      for (const behind of ["end", "return"]) {
        const argument = { chunks: 1_000, behind, value: "all" };
        const all = { chunks: upTo(1_000), result: "all" };
        expect(await consuming.call("read", { to: producing, argument })).toEqual(all);
        expect(await consuming.call("read", { to: producing, argument, options: { window: 1 } })).toEqual(all);
        expect(await read(system(), { to: producing, argument })).toEqual(all);
      }
    }
    expect(await openStreams()).toBe(0);
  });

  test("S18.4: any message may be a chunk, and a stream may have none", async () => {
    for (const { producing, consuming } of await pairs()) {
      const chunks = [undefined, null, new Map([[1, consuming]]), new Uint8Array([1, 2]), "text", { a: [1n] }];
      const argument = { chunks, behind: "end" };
      expect(await consuming.call("read", { to: producing, argument })).toEqual({ chunks });
      expect(await consuming.call("read", { to: producing, argument: { chunks: 0, behind: "end", value: 1 } })).toEqual(
        {
          chunks: [],
          result: 1,
        },
      );
      expect(await consuming.call("read", { to: producing, call: "plain", argument: 5 })).toEqual({
        chunks: [],
        result: 5,
      });
    }
  });

  test("S18.4: another actor may write it, by the token; whoever was called may end meanwhile", async () => {
    for (const { producing, consuming } of await pairs()) {
      const called = (await system().spawn(producer)) as Ref;
      const delegated = { to: called, call: "delegate", argument: producing };
      expect(await consuming.call("read", delegated)).toEqual({ chunks: ["by the delegate"], result: "done" });
    }
    expect(await openStreams()).toBe(0);
  });

  test("S18.5: without credit writes wait, at most 1,024 of them, and all are read", async () => {
    for (const { producing, consuming } of await pairs()) {
      await kept(producing, consuming, [], { window: 4 });
      const [count, code] = (await producing.call("flood", 2_000)) as [number, string];
      expect(code).toBe("stream_full");
      // A process does not know at once which of them have gone.
      expect(count).toBeGreaterThanOrEqual(1_024);
      expect(count).toBeLessThanOrEqual(1_028);
      await producing.call("end", "all");
      for (let n = 0; n < count; n++) expect(await consuming.call("next")).toEqual({ done: false, value: n });
      expect(await consuming.call("next")).toEqual({ done: true, value: "all" });
    }
    expect(await openStreams()).toBe(0);
  });

  test("S18.5: a write that waits is settled when its chunk is on its way", async () => {
    for (const { producing, consuming } of await pairs()) {
      const argument = { chunks: 6, behind: "end" };
      await consuming.call("open", { to: producing, argument, options: { window: 2 } });
      await system().settled();
      // Its turn is open: it writes the third.
      const asked = producing.call("openStreams");
      await system().settled();
      for (let n = 0; n < 6; n++) expect(await consuming.call("next")).toEqual({ done: false, value: n });
      expect(await asked).toBe(0);
      expect(await consuming.call("next")).toEqual({ done: true, value: undefined });
    }
  });

  test.each([
    ["throw", "crashed"],
    ["fail", "no_more"],
    ["stop", "normal"],
  ] as const)(
    "S18.6: a producer that does %j fails the loop with %j, behind what it has written",
    async (behind, code) => {
      for (const { consuming } of await pairs()) {
        const argument = { chunks: 100, behind };
        const all = { chunks: upTo(100), code };
        expect(await consuming.call("read", { to: await aProducer(), argument })).toEqual(all);
        expect(await read(system(), { to: await aProducer(), argument })).toEqual(all);
      }
      expect(await openStreams()).toBe(0);
    },
  );

  test("S18.6: a producer that is killed fails the loop as it fails a call", async () => {
    for (const { producing, consuming } of await pairs()) {
      const reading = consuming.call("read", { to: producing, argument: { chunks: 3, behind: "keep" } });
      await system().settled();
      system().exit(producing, "kill");
      expect(await reading).toEqual({ chunks: [0, 1, 2], code: "killed" });
      expect(await consuming.call("read", { to: producing, argument: { chunks: 3, behind: "keep" } })).toEqual({
        chunks: [],
        code: "noproc",
      });
    }
    expect(await openStreams()).toBe(0);
  });

  test("S18.6: the loop fails once, and behind that is over; a stream that nobody reads fails nobody", async () => {
    for (const { producing, consuming } of await pairs()) {
      await kept(producing, consuming, ["one"]);
      system().exit(producing, "kill");
      await system().settled();
      expect(await consuming.call("next")).toEqual({ done: false, value: "one" });
      expect(await consuming.call("nextCode")).toBe("killed");
      expect(await consuming.call("next")).toEqual({ done: true, value: undefined });
      await consuming.call("open", { to: producing, argument: { chunks: 3, behind: "keep" } });
      await system().settled();
      expect(system().isAlive(consuming)).toBe(true);
    }
  });

  test("S18.6: a crash before the stream is opened fails it too", async () => {
    for (const { producing, consuming } of await pairs())
      expect(await consuming.call("read", { to: producing, call: "crash" })).toEqual({ chunks: [], code: "crashed" });
  });

  test.each(["call", "request"])(
    "S18.6: a turn that is interrupted ends its stream, and the producer lives on: %s",
    async (how) => {
      for (const { producing, consuming } of await pairs()) {
        const topic = freshTopic();
        const argument = { chunks: 2, behind: "wait" };
        await producing.call("onRequest", argument);
        await producing.call("subscribe", topic);
        const reading = consuming.call("read", how === "call" ? { to: producing, argument } : { topic });
        while (!(await system().interrupt(producing)));
        expect(await reading).toMatchObject({ code: "interrupted" });
        await system().settled();
        expect(await producing.call("heard")).toEqual(["stream_closed"]);
        expect(await openStreams()).toBe(0);
      }
    },
  );

  test.each([
    ["leaves the loop", { count: 2 }, { chunks: [0, 1] }],
    ["gives it up", { abortAt: 2 }, { chunks: [0, 1], code: "cancelled" }],
  ] as const)("S18.7: a consumer that %s stops the producer, which lives on", async (_how, how, wanted) => {
    for (const { producing, consuming } of await pairs()) {
      const argument = { chunks: 100, behind: "keep" };
      expect(await consuming.call("read", { to: producing, argument, options: { window: 8 }, ...how })).toEqual(wanted);
      await system().settled();
      expect([...((await producing.call("heard")) as string[])].sort()).toEqual([
        "stream_closed",
        "write: stream_closed",
      ]);
      expect(await openStreams()).toBe(0);
    }
  });

  test.each(["cancel", "kill"])(
    "S18.7: a consumer that keeps a stream and ends by %s stops the producer",
    async (how) => {
      for (const { producing, consuming } of await pairs()) {
        await kept(producing, consuming, ["one"]);
        expect(await openStreams()).toBe(2);
        if (how === "cancel") await consuming.call("cancel");
        else system().exit(consuming, "kill");
        await system().settled();
        expect(await producing.call("heard")).toEqual(["stream_closed"]);
        expect(await producing.call("write", "two")).toBe("stream_closed");
        // No error.
        await producing.call("end", 1);
        expect(await openStreams()).toBe(0);
      }
    },
  );

  test("S18.7: a turn that fails by a write that nobody reads is no crash", async () => {
    for (const { producing, consuming } of await pairs()) {
      const { crashes } = await system().stats();
      const reading = { to: producing, call: "endless", count: 10 };
      expect(await consuming.call("read", reading)).toEqual({ chunks: upTo(10) });
      await kept(producing, consuming, []);
      await consuming.call("cancel");
      await system().settled();
      await expect(producing.call("writeUncaught", 1)).rejects.toMatchObject({ code: "stream_closed" });
      expect(await producing.call("plain", "lives")).toBe("lives");
      expect((await system().stats()).crashes).toBe(crashes);
      expect(await openStreams()).toBe(0);
    }
  });

  test("S18.7: a write behind one's own end is a crash", async () => {
    const producing = await aProducer();
    expect(await read(system(), { to: producing, call: "endTwice" })).toEqual({ chunks: [], result: "the end" });
    await system().settled();
    expect(system().isAlive(producing)).toBe(false);
  });

  test("S18.7: a stream that is given up before it is opened is closed when it is", async () => {
    for (const { producing, consuming } of await pairs()) {
      const reading = { to: producing, argument: { chunks: 0, behind: "keep" } };
      expect(await consuming.call("read", { ...reading, abortAt: 0 })).toEqual({ chunks: [], code: "cancelled" });
      await system().settled();
      expect(await producing.call("heard")).toEqual(["stream_closed"]);
      expect(await openStreams()).toBe(0);
    }
  });

  test("S18.8: a wait for the next chunk has an end, and one that comes in time begins it anew", async () => {
    for (const { producing, consuming } of await pairs()) {
      await kept(producing, consuming, []);
      const first = consuming.call("next", undefined, { timeoutMs: 60_000 });
      await system().settled();
      await system().clock.advance(4_000);
      await producing.call("write", "in time");
      expect(await first).toEqual({ done: false, value: "in time" });
      const second = consuming.call("nextCode", undefined, { timeoutMs: 60_000 });
      await system().settled();
      await system().clock.advance(4_999);
      await system().clock.advance(2);
      expect(await second).toBe("timeout");
      await system().settled();
      expect(await producing.call("heard")).toEqual(["stream_closed"]);
      expect(await openStreams()).toBe(0);
    }
  });

  test("S18.8: nothing times out while the consumer asks for nothing, but for the whole", async () => {
    for (const { producing, consuming } of await pairs()) {
      await kept(producing, consuming, ["one"], { timeoutMs: 20_000 });
      await system().clock.advance(19_000);
      expect(await openStreams()).toBe(2);
      await system().clock.advance(1_001);
      expect(await openStreams()).toBe(0);
      expect(await consuming.call("next")).toEqual({ done: false, value: "one" });
      expect(await consuming.call("nextCode")).toBe("timeout");
    }
  });

  test("S18.8: a producer that never opens its stream fails the loop in time", async () => {
    for (const { producing, consuming } of await pairs()) {
      const reading = consuming.call("read", { to: producing, call: "never" }, { timeoutMs: 60_000 });
      await system().settled();
      await system().clock.advance(5_001);
      expect(await reading).toEqual({ chunks: [], code: "timeout" });
      expect(await openStreams()).toBe(0);
    }
  });

  test("S18.9: the first who opens the stream of a request writes it; the others hear that nobody reads theirs", async () => {
    for (const { producing, consuming } of await pairs()) {
      const topic = freshTopic();
      const another = (await system().spawn(producer)) as Ref;
      for (const one of [producing, another]) {
        await one.call("onRequest", { chunks: [refKey(one)], behind: "keep" });
        await one.call("subscribe", topic);
      }
      const { chunks } = (await consuming.call("read", { topic, count: 1 })) as { chunks: string[] };
      expect([refKey(producing), refKey(another)]).toEqual(expect.arrayContaining(chunks));
      await system().settled();
      for (const one of [producing, another]) expect(await one.call("heard")).toEqual(["stream_closed"]);
      expect(await openStreams()).toBe(0);
    }
  });

  test("S18.9: a request for a stream is answered by whoever is subscribed, and fails with it", async () => {
    for (const { producing, consuming } of await pairs()) {
      const topic = freshTopic();
      expect(await consuming.call("read", { topic })).toEqual({ chunks: [], code: "noproc" });
      await producing.call("subscribe", topic);
      await producing.call("onRequest", { chunks: 300, behind: "end", value: "all" });
      expect(await consuming.call("read", { topic })).toEqual({ chunks: upTo(300), result: "all" });
      await producing.call("onRequest", { chunks: 3, behind: "throw" });
      expect(await consuming.call("read", { topic })).toEqual({ chunks: [0, 1, 2], code: "crashed" });
    }
    expect(await openStreams()).toBe(0);
  });

  test("S18.11: a call is told of the chunks of its answer, and answered by its end", async () => {
    for (const { producing, consuming } of await pairs()) {
      const argument = { chunks: 100, behind: "end", value: "all" } as const;
      const all = { chunks: upTo(100), result: "all" };
      expect(await consuming.call("call", { to: producing, argument })).toEqual([all, all]);
      const failed = { ...argument, behind: "fail" } as const;
      const none = { chunks: upTo(100), result: "no_more" };
      expect(await consuming.call("call", { to: producing, argument: failed })).toEqual([none, none]);
    }
    expect(await openStreams()).toBe(0);
  });

  test("S18.11: what the function throws gives the call up, and its producer learns of that", async () => {
    for (const { producing, consuming } of await pairs()) {
      const argument = { chunks: 10_000, behind: "end" } as const;
      const given = { chunks: upTo(3), result: "enough" };
      expect(await consuming.call("call", { to: producing, argument, count: 3 })).toEqual([given, given]);
      await system().settled();
      expect(await producing.call("heard")).toContain("stream_closed");
    }
    expect(await openStreams()).toBe(0);
  });

  test("S18.11: what is no function is refused", async () => {
    const consuming = await aConsumer();
    const producing = await aProducer();
    for (const stream of [5, "yes", {}, null])
      expect(await consuming.call("codeOfCalling", { to: producing, options: { stream } as never })).toBe(
        "bad_argument",
      );
  });

  test.each([
    [{ options: 5 }, "bad_argument"],
    [{ options: { windows: 5 } }, "bad_argument"],
    [{ options: { window: 0 } }, "bad_argument"],
    [{ options: { window: 65_537 } }, "bad_argument"],
    [{ options: { idleTimeoutMs: "5" } }, "bad_argument"],
    [{ options: { timeoutMs: -1 } }, "bad_argument"],
    [{ options: { signal: 5 } }, "bad_argument"],
    [{ options: { headers: {} } }, "bad_argument"],
    [{ to: "nobody" }, "noproc"],
    [{ to: undefined, topic: "a.*" }, "bad_argument"],
    [{ to: undefined, topic: "a", options: { headers: 5 } }, "bad_argument"],
  ])("S18: a stream with %j fails with %j", async (wrong, code) => {
    const consuming = await aConsumer();
    const producing = await aProducer();
    expect(await consuming.call("codeOfOpening", { to: producing, ...wrong })).toBe(code);
    expect(await openStreams()).toBe(0);
  });

  test.each([undefined, 5, {}, { caller: 5, id: 1, stream: 1 }])("S18: %j is no token of a stream", async (token) => {
    const producing = await aProducer();
    expect(await producing.call("openWrong", token)).toBe("bad_argument");
    const plain = { caller: producing, id: 1 };
    for (const stream of [undefined, 0, "5", 1.5])
      expect(await producing.call("openWrong", { ...plain, stream })).toBe("bad_argument");
  });
});
