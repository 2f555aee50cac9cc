/**
 * The actors of `bus.ts`: a driver that reaches many actors at once, by one `publish` or by a `send` to each, and those
 * that are reached.
 */
import { type Context, defineActor, defineServer, type Envelope, type Ref } from "../index.ts";
import { type Answer, current, type Driver, type DriverPlace, Play, there } from "./drivers.ts";
import { fanOutWindow } from "./peers/scenario.ts";

interface News {
  /** Who is told when a window has arrived. */
  readonly from: Ref;
  /** What has arrived on the thread by then, counted from the window's start. */
  readonly until: number;
}

/** What has arrived at the actors of this thread since the window's start. */
let arrived = 0;

function count(news: News, ctx: Context): void {
  arrived += 1;
  if (arrived < news.until) return;
  ctx.send(news.from, arrived);
  arrived = 0;
}

const topic = "news.of.the.day";

export const subscriber = defineActor({
  // Not awaited: an actor that has awaited anything runs each of its turns in a scope of its own.
  init: (_: undefined, ctx) => void ctx.subscribe(topic),
  receive: (_state, { message }: Envelope, ctx) => count(message as News, ctx),
});

/** Answers when every thread knows of the subscribers of its own. */
export const interest = defineServer({
  calls: {
    known: async (_state, _argument: undefined, ctx) => ctx.unsubscribe(await ctx.subscribe(topic)),
  },
});

export const receiver = defineActor({ receive: (_state: undefined, news: News, ctx) => count(news, ctx) });

interface State {
  readonly receivers: readonly Ref[];
  play: Play | undefined;
  /** Deliveries of the play that have been asked for, and those that have arrived. */
  asked: number;
  total: number;
}

/** Reaches so many actors again and again, by `publish` or by a loop of `send`, a window at a time. */
function fanOutDriver(subscribers: number, way: "publish" | "send"): Driver {
  const window = (state: State, ctx: Context): void => {
    const left = current(state.play).size - state.asked;
    const until = Math.min(left, Math.max(subscribers, fanOutWindow));
    const from = ctx.self;
    for (let sent = 0; sent < until; sent += subscribers) {
      const news: News = { from, until };
      if (way === "publish") void ctx.publish(topic, news);
      else for (const one of state.receivers) ctx.send(one, news);
    }
    state.asked += until;
  };
  return defineServer({
    async init(place: DriverPlace, ctx): Promise<State> {
      const actors = Array.from({ length: subscribers }, () =>
        way === "publish"
          ? ctx.start(subscriber, undefined, there(place))
          : ctx.start(receiver, undefined, there(place)),
      );
      const receivers = await Promise.all(actors);
      await ctx.spawn(interest, undefined, there(place)).call("known");
      return { receivers, play: undefined, asked: 0, total: 0 };
    },
    calls: {
      play(state: State, size: number, ctx): Answer {
        if (size % subscribers !== 0)
          throw new Error(`${size} deliveries to ${subscribers} actors do not come out even`);
        state.asked = 0;
        state.total = 0;
        state.play = new Play(size, ctx);
        window(state, ctx);
        return ctx.noReply;
      },
    },
    info(state: State, message, ctx) {
      if (typeof message !== "number") return; // that a start has ended
      state.total += message;
      const play = current(state.play);
      if (state.asked < play.size) window(state, ctx);
      else play.answer(ctx, { result: state.total, elapsedMs: play.elapsedMs() });
    },
  });
}

export const publish1Driver: Driver = fanOutDriver(1, "publish");
export const publish100Driver: Driver = fanOutDriver(100, "publish");
export const publish10000Driver: Driver = fanOutDriver(10_000, "publish");
export const send1Driver: Driver = fanOutDriver(1, "send");
export const send100Driver: Driver = fanOutDriver(100, "send");
export const send10000Driver: Driver = fanOutDriver(10_000, "send");
