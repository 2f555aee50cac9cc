/**
 * The stages of a pipeline: a source of lines, a parser, a summer. Each is an actor that knows the others by name.
 *
 * Lines are pulled, not pushed: the parser asks for the next one when it is up and when it is done, so nothing piles up
 * in front of it, and the source sees from a question without an answer that a parser has failed at its line.
 */
import { defineServer, type From, type Ref } from "mofa";

/** What the parser asks the source: the line it is done with, if it is not its first question. */
export interface Pull {
  readonly parser: Ref;
  readonly done?: number;
}

export interface Reading {
  readonly line: number;
  readonly value: number;
}

/** Times that a line is handed out before it is passed over. */
const triesMax = 2;

/** Has the lines. Starts from the first one again if it is restarted: the summer knows which it has. */
export const source = defineServer({
  init: (lines: readonly string[]) => ({ lines, next: 0, tries: 0 }),
  casts: {
    pull(state, { parser, done }: Pull, ctx) {
      if (done !== undefined || state.tries === triesMax) {
        state.next += 1;
        state.tries = 0;
      }
      const text = state.lines[state.next];
      if (text === undefined) {
        ctx.cast("summer", "end");
        return;
      }
      state.tries += 1;
      parser.cast("parse", { line: state.next, text });
    },
  },
});

/** Turns lines into readings. One that is no number crashes it: that is not its business, but its supervisor's. */
export const parser = defineServer({
  init(_: undefined, ctx) {
    ctx.cast("source", "pull", { parser: ctx.self } satisfies Pull);
  },
  casts: {
    parse(_, { line, text }: { line: number; text: string }, ctx) {
      const value = Number(text);
      if (Number.isNaN(value)) throw new Error(`line ${line + 1} is no number: ${text}`);
      ctx.cast("summer", "add", { line, value } satisfies Reading);
      ctx.cast("source", "pull", { parser: ctx.self, done: line } satisfies Pull);
    },
  },
});

interface SummerState {
  readonly readings: Map<number, number>;
  hasEnded: boolean;
  asked: From | undefined;
}

/** Adds up each line once, and tells the sum when the last one is in. */
export const summer = defineServer({
  init: (): SummerState => ({ readings: new Map(), hasEnded: false, asked: undefined }),
  casts: {
    add(state, { line, value }: Reading) {
      state.readings.set(line, value);
    },
    end(state, _: undefined, ctx) {
      state.hasEnded = true;
      if (state.asked !== undefined) ctx.reply(state.asked, totalOf(state));
    },
  },
  calls: {
    total(state, _: undefined, ctx) {
      if (state.hasEnded) return totalOf(state);
      state.asked = ctx.from;
      return ctx.noReply; // answered at the end
    },
  },
});

function totalOf({ readings }: SummerState): { readonly sum: number; readonly lines: number } {
  return { sum: [...readings.values()].reduce((a, b) => a + b, 0), lines: readings.size };
}
