// What an actor does while much mail waits for it must not look through that mail. Counted in the kernel's own mailbox,
// which every placement has, so on main alone.
import { afterEach, beforeEach, expect, jest, test } from "@jest/globals";
import { Mailbox, Meta, MetaKind } from "../../../core/actor/mailbox.ts";
import { defineServer, type Ref } from "../../../core/index.ts";
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
