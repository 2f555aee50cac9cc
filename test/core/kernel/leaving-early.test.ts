/** What a turn sends to another thread leaves before it has ended, when it is much. Simulated threads: the claims are about two kernels. */
import { expect, test } from "@jest/globals";
import { type Context, defineActor, defineServer, type Ref } from "../../../core/index.ts";
import { SimulatedSystem } from "../../support/simulated-system.ts";

export const keeper = defineServer({
  init: () => ({ seen: [] as unknown[] }),
  calls: { seen: (state) => state.seen },
  info: (state, message) => void state.seen.push(message),
});

const counts = [...Array.from({ length: 600 }).keys()];

interface Probe {
  readonly system: SimulatedSystem;
  /** Notes how much waits now. */
  look(): void;
}
type Work = (own: Context, far: Ref, probe: Probe) => void;

const inOneTurn = (work: Work, ringBytes?: number) => inTurnsOf([work], ringBytes);
const inTurns = (...works: readonly Work[]) => inTurnsOf(works);

/** Runs each work in a turn of an actor of thread 0; what the keeper on thread 1 has then, and how much waited at most. */
async function inTurnsOf(works: readonly Work[], ringBytes = 2 ** 18) {
  const system = new SimulatedSystem(1, 2, { ringBytes });
  const kernel = system.kernel(0);
  const ctx = kernel.guest.ctx!;
  const far = ctx.spawn(keeper, undefined, { placement: { thread: 1 } });
  const settle = async () => {
    for (let i = 0; i < 20; i++) {
      system.settle();
      await new Promise(setImmediate);
    }
  };
  await settle();
  // The way to another thread is opened by the first flush.
  ctx.send(far, "first");
  await settle();
  let most = 0;
  const look = () => void (most = Math.max(most, kernel.peers.waiting));
  const failures: unknown[] = [];
  const worker = defineActor({
    receive: (_state: undefined, work: number, own) => {
      try {
        works[work]?.(own, far, { system, look });
      } catch (error) {
        failures.push(error);
      }
    },
  });
  const ref = ctx.spawn(worker);
  for (const work of works.keys()) {
    ref.send(work);
    await settle();
  }
  expect(failures).toEqual([]);
  // Where its thread is lost it has nothing.
  const seen = far.call("seen").catch(() => []) as Promise<unknown[]>;
  await settle();
  return { most, seen: (await seen).slice(1), letters: kernel.deadLetters.list() };
}

test("of many messages at most 256 wait for the end of the turn, and all come in order", async () => {
  const { most, seen } = await inOneTurn((own, far, { look }) => {
    for (const count of counts) {
      own.send(far, count);
      look();
    }
  });
  expect(most).toBe(255);
  expect(seen).toEqual(counts);
});

test("a ring that is full leaves the rest to later, in order", async () => {
  const { most, seen } = await inOneTurn((own, far, { look }) => {
    for (const count of counts) {
      own.send(far, count);
      look();
    }
  }, 4_096);
  expect(most).toBeGreaterThan(255);
  expect(seen).toEqual(counts);
});

test.each([
  ["early", 255],
  ["with the flush", 10],
])("a getter of a message that sends while it is written, %s, adds to what waits", async (_when, before) => {
  const { seen } = await inOneTurn((own, far) => {
    for (const count of counts.slice(0, before)) own.send(far, count);
    let reads = 0;
    const odd = {
      get a() {
        // Two looks over it and the freeze have read it before.
        if (++reads === 4) for (const count of counts) own.send(far, `of the getter ${count}`);
        return 1;
      },
    };
    own.send(far, odd);
    own.send(far, "last");
  });
  expect(seen).toHaveLength(before + 2 + counts.length);
  expect(seen.slice(0, before + 1)).toEqual([...counts.slice(0, before), { a: 1 }]);
  expect(seen.filter((one) => String(one).startsWith("of"))).toEqual(counts.map((count) => `of the getter ${count}`));
});

test("a message that fails only as it is written becomes a dead letter, and those behind it come", async () => {
  const { seen, letters } = await inOneTurn((own, far) => {
    let reads = 0;
    const failing = {
      get a() {
        // Two looks over it and the freeze have read it before.
        if (++reads > 3) throw new Error("read again");
        return 1;
      },
    };
    own.send(far, failing);
    for (const count of counts) own.send(far, count);
  });
  expect(seen).toEqual(counts);
  expect(letters).toMatchObject([{ why: "not_cloneable" }]);
});

/** A message whose shape the other thread knows by then: these are encoded as they are sent. */
const known = (field: unknown) => ({ type: "known", field });
const makeKnown = (own: Context, far: Ref) => {
  for (let n = 0; n < 3; n++) own.send(far, known(n === 2 ? n : "of the getter"));
};

test("a message is what it was when it was sent, whatever becomes of it before the turn ends", async () => {
  const { seen } = await inTurns(makeKnown, makeKnown, (own, far) => {
    const given = known([1]);
    own.send(far, given);
    expect(() => (given.field as number[]).push(2)).toThrow(TypeError);
    own.send(far, known(9));
  });
  expect(seen.slice(-2)).toEqual([known([1]), known(9)]);
});

test.each([
  ["encoded", 1],
  ["frozen", 2],
])("what a getter of such a message sends as it is %s comes before it, as it was sent before", async (_when, read) => {
  const { seen } = await inTurns(makeKnown, makeKnown, (own, far) => {
    let reads = 0;
    own.send(far, known(7));
    own.send(far, {
      type: "known",
      get field() {
        if (++reads === read) own.send(far, known("of the getter"));
        return 8;
      },
    });
  });
  expect(seen.slice(-3)).toEqual([known(7), known("of the getter"), known(8)]);
});

class Disguised {}
Disguised.prototype.constructor = Object;
class List extends Array<unknown> {}
List.prototype.constructor = Array;

test.each([
  ["a field under a symbol", Object.assign(known(1), { [Symbol("hidden")]: 1 })],
  ["a class that looks like a plain object", Object.assign(new Disguised(), known(1))],
  ["a class that looks like an array", known(new List())],
  ["a function", known(() => 1)],
])(
  "%s is refused in the sender's frame, also where the shape is known, and nothing of it is sent",
  async (_what, odd) => {
    let refusal: unknown;
    const { seen } = await inTurns(makeKnown, makeKnown, (own, far) => {
      try {
        own.send(far, odd);
      } catch (error) {
        refusal = error;
      }
      own.send(far, known(9));
    });
    expect(refusal).toMatchObject({ code: "not_cloneable" });
    expect(seen.slice(-2)).toEqual([known(2), known(9)]);
  },
);

test("what stands in the ring of a thread that is lost, shown or not, becomes dead letters", async () => {
  const { letters } = await inTurns(makeKnown, makeKnown, (own, far, { system }) => {
    own.send(far, known(7));
    system.kernel(0).peers.threadLost(1, "a test");
  });
  expect(letters[0]).toMatchObject({ why: "thread_lost", message: "{ type: 'known', field: 7 }" });
});

test("texts and shapes that the other thread has yet to learn come as they are, as often as they come", async () => {
  const texts = ["one", "two", "one", "two", "one", "two"].map(known);
  const news = [...texts, ...[0, 1, 2, 3].flatMap((n) => [known("a new text"), { fresh: n }, "a new text", n])];
  const { seen } = await inTurns(makeKnown, makeKnown, (own, far) => {
    for (const message of news) own.send(far, message);
  });
  expect(seen.slice(6)).toEqual(news);
});

/** Runs `work` wherever the stack is about to end, at each depth from its end up to where it does not fail. */
function atStackEnd(work: () => void, ...padding: number[]): void {
  let isDone = false;
  const descend = (): void => {
    try {
      descend();
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
    if (isDone) return;
    work();
    isDone = true;
  };
  const pad = (left: number, ...more: number[]): void => {
    if (left > 0) pad(left - 1, ...more, left);
    else descend();
  };
  pad(padding.length, ...padding);
}

test.each([
  ["a message", (own: Context, far: Ref) => void own.send(far, 1)],
  ["a message behind one that waits", (own: Context, far: Ref) => void own.send(far, undefined)],
  ["a cast", (own: Context, far: Ref) => void own.cast(far, "c", 1)],
  ["a spawn", (own: Context) => void own.spawn(keeper)],
])("%s at the end of the stack leaves the turn as it was: one that can be cut", async (_what, work) => {
  const left: boolean[] = [];
  await inTurns((own, far, { system }) => {
    if (_what.includes("behind")) own.send(far, undefined);
    const { scheduler } = system.kernel(0);
    for (let size = 0; size < 40; size++) {
      atStackEnd(() => work(own, far), ...Array.from({ length: size }, () => 0));
      left.push(scheduler.isCommitting);
    }
  });
  expect(left).toEqual(left.map(() => false));
});

test("what is sent at the end of the stack comes once and in order, or not at all", async () => {
  const sent: number[] = [];
  const { seen } = await inTurns(makeKnown, makeKnown, (own, far) => {
    let count = 0;
    for (let size = 0; size < 40; size++) {
      for (let n = 0; n < 250; n++) {
        own.send(far, ++count);
        sent.push(count);
      }
      atStackEnd(
        () => {
          own.send(far, ++count);
          sent.push(count);
        },
        ...Array.from({ length: size }, () => 0),
      );
    }
  });
  const came = seen.slice(6) as number[];
  expect(came.filter((count) => sent.includes(count))).toEqual(sent);
  expect(came).toEqual([...new Set(came)].sort((a, b) => a - b));
});
