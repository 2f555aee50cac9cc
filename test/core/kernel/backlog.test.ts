// What an actor does while much mail waits for it must not look through that mail. Counted in the kernel's own mailbox,
// which every placement has, so on main alone.
import { afterEach, beforeEach, expect, jest, test } from "@jest/globals";
import { Mailbox, Meta, MetaKind } from "../../../core/actor/mailbox.ts";
import { defineActor, defineServer, type Ref } from "../../../core/index.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem({ threads: 1 });
const here = { placement: { thread: 0 } } as const;

let remove: ReturnType<typeof jest.spyOn>;
beforeEach(() => {
  remove = jest.spyOn(Mailbox.prototype, "remove");
});
afterEach(() => {
  remove.mockRestore();
});

const busy = defineServer({
  init: () => ({ count: 0 }),
  calls: { count: (s) => s.count },
  casts: {
    idle: (s, _a: undefined, ctx) => {
      s.count++;
      ctx.idleTimeout(60_000);
    },
    demonitor: (s, other: Ref, ctx) => {
      s.count++;
      ctx.demonitor(ctx.monitor(other));
    },
    cancel: (s, _a: undefined, ctx) => {
      s.count++;
      ctx.cancelTimer(ctx.sendAfter(60_000, "later"));
    },
  },
});

test.each(["idle", "demonitor", "cancel"] as const)(
  "%s of what nothing is queued of leaves the mailbox alone",
  async (name) => {
    const other = await system().spawn(busy, undefined, here);
    const subject = await system().spawn(busy, undefined, here);
    for (let n = 0; n < 1_000; n++) system().cast(subject, name, other);
    expect(await subject.call("count")).toBe(1_000);
    expect(remove).not.toHaveBeenCalled();
  },
);

test("a mailbox gives up what matches and keeps the others in their order, wherever in its array they stand", () => {
  for (let before = 0; before < 8; before++) {
    const box = new Mailbox();
    for (let n = 0; n < before; n++) box.push(undefined, n);
    for (let n = 0; n < before; n++) box.shift();
    for (let n = 0; n < 7; n++) box.push(n % 3 === 1 ? new Meta(MetaKind.idle, "", n, undefined) : undefined, n);
    expect(box.remove((meta) => meta instanceof Meta)).toBe(2);
    box.push(undefined, "last");
    expect(box.takeAll().filter((_, at) => at % 2 === 1)).toEqual([0, 2, 3, 5, 6, "last"]);
    expect(box.items.every((item) => item === undefined)).toBe(true);
  }
});

/** Counts what it gets, and answers whoever asks. */
const tally = defineActor({
  init: () => ({ count: 0 }),
  receive(state, asker: Ref | "one", ctx) {
    if (asker === "one") state.count++;
    else ctx.send(asker, state.count);
  },
});

/** Sends so many at once, and answers when all were counted. */
const sender = defineServer({
  init: () => ({ done: (_count: number): void => {} }),
  calls: {
    sendAll: (state, { to, messages }: { readonly to: Ref; readonly messages: number }, ctx) => {
      const { from } = ctx;
      for (let n = 0; n < messages; n++) ctx.send(to, "one");
      ctx.send(to, ctx.self);
      state.done = (count) => from !== undefined && ctx.reply(from, count);
      return ctx.noReply;
    },
  },
  info: (state, count: number) => state.done(count),
});

test("who gets a thousand messages at once gets them again without an array being made for them", async () => {
  const to = await system().spawn(tally, undefined, here);
  const by = await system().spawn(sender, undefined, here);
  expect(await by.call("sendAll", { to, messages: 1_000 })).toBe(1_000);
  const makeRoom = jest.spyOn(Mailbox.prototype, "makeRoom");
  try {
    for (let window = 2; window <= 5; window++)
      expect(await by.call("sendAll", { to, messages: 1_000 })).toBe(window * 1_000);
    const grown = makeRoom.mock.contexts.filter((box) => (box as Mailbox).items.length > 128);
    expect(grown).toEqual([]);
  } finally {
    makeRoom.mockRestore();
  }
});

test("a mailbox of raw messages holds one word for each, and metas stand with theirs however it grows", () => {
  for (let before = 0; before < 8; before++) {
    const box = new Mailbox();
    for (let n = 0; n < before; n++) box.push(undefined, n);
    for (let n = 0; n < before; n++) expect(box.shift()).toBe(n);
    for (let n = 0; n < 100; n++) box.push(undefined, n);
    expect([box.items.length, box.metas]).toEqual([128, undefined]);
    for (let n = 100; n < 300; n++) box.push(n % 7 === 0 ? `cast ${n}` : undefined, n);
    box.unshift("first", -1);
    expect([box.size, box.items.length, box.metas?.length]).toEqual([301, 512, 512]);
    expect(box.peek(2, (mail) => mail)).toEqual([
      { meta: "first", payload: -1 },
      { meta: undefined, payload: 0 },
    ]);
    expect(box.removeFirst((meta) => meta === "cast 294")).toEqual({ meta: "cast 294", payload: 294 });
    const left = Array.from({ length: 301 }, (_, at) => at - 1).filter((n) => n !== 294);
    const metaOf = (n: number) => (n < 0 ? "first" : n >= 100 && n % 7 === 0 ? `cast ${n}` : undefined);
    expect(box.takeAll()).toEqual(left.flatMap((n) => [metaOf(n), n]));
    expect([box.items, box.metas].flat().every((word) => word === undefined)).toBe(true);
  }
});
