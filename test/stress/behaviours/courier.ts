/**
 * Two of these, on two threads, send each other numbered messages; every hundredth carries a special value at a random
 * place. Each checks number and value of whatever it gets.
 */
import { isDeepStrictEqual } from "node:util";
import { defineServer, type From, type NoReply, type Ref, SeededRandom } from "../../../index.ts";

/** Sent before the other has to acknowledge, so that outboxes stay bounded. */
const window = 5_000;
const specialEvery = 100;
const megabyte = 1_048_576;

interface Note {
  readonly n: number;
  readonly before?: unknown;
  readonly body?: { readonly deep: readonly unknown[] };
}

interface Shipped {
  readonly received: number;
  readonly specials: number;
  readonly wrong: string;
}

/** The special value of message n: the same on both sides. A cycle cannot be compared by a literal, so it is marked. */
function special(n: number): unknown {
  switch ((n / specialEvery) % 5) {
    case 0:
      return new Map<unknown, unknown>([
        [n, { of: "map" }],
        ["set", new Set([n, "x"])],
      ]);
    case 1:
      return new Date(n);
    case 2: {
      const cycle: Record<string, unknown> = { n };
      cycle["self"] = cycle;
      return cycle;
    }
    case 3:
      return new Uint8Array([n & 255, (n >> 8) & 255, 7]).buffer;
    default:
      // One in fifty of these is large; a megabyte in every one would be a test of memcpy.
      return new Uint8Array(n % (specialEvery * 250) === specialEvery * 4 ? megabyte : 64).fill(n & 255);
  }
}

function isSpecial(value: unknown, n: number): boolean {
  if ((n / specialEvery) % 5 === 2) {
    const cycle = value as { n: number; self: unknown };
    return cycle.n === n && cycle.self === cycle;
  }
  return isDeepStrictEqual(value, special(n));
}

export const courier = defineServer({
  init: (seed: number) => ({
    random: new SeededRandom(seed),
    peer: undefined as Ref | undefined,
    total: 0,
    sent: 0,
    acknowledged: 0,
    received: 0,
    specials: 0,
    wrong: "",
    from: undefined as From | undefined,
  }),
  calls: {
    ship: (s, order: { peer: Ref; total: number }, ctx): Shipped | NoReply => {
      s.peer = order.peer;
      s.total = order.total;
      s.from = ctx.from;
      ctx.continue("send");
      return ctx.noReply;
    },
  },
  casts: {
    acknowledge: (s, upTo: number, ctx) => {
      s.acknowledged = upTo;
      ctx.continue("send");
    },
  },
  continue: (s, _send, ctx) => {
    while (s.peer !== undefined && s.sent < s.total && s.sent < s.acknowledged + window) {
      const n = ++s.sent;
      const isOrdinary = n % specialEvery !== 0;
      const value = isOrdinary ? undefined : special(n);
      const note: Note = isOrdinary
        ? { n }
        : s.random.below(2) === 0
          ? { n, before: value }
          : { n, body: { deep: [1, value] } };
      const transfer = value instanceof ArrayBuffer ? { transfer: [value] } : undefined;
      void ctx.send(s.peer, note, transfer);
    }
    if (s.received === s.total && s.sent === s.total && s.from !== undefined) {
      ctx.reply(s.from, { received: s.received, specials: s.specials, wrong: s.wrong });
      s.from = undefined;
    }
  },
  info: (s, message, ctx) => {
    const { n, before, body } = message as Note;
    s.received++;
    if (n !== s.received) s.wrong ||= `message ${n} came as number ${s.received}`;
    if (n % specialEvery === 0) {
      s.specials++;
      if (!isSpecial(before ?? body?.deep[1], n)) s.wrong ||= `the special value of message ${n} is another`;
    }
    if (n % (window / 2) === 0 || n === s.total) {
      if (s.peer !== undefined) void ctx.cast(s.peer, "acknowledge", n);
      ctx.continue("send");
    }
  },
});
