/** The actors of `restarts.ts`: children that crash when they are told, their supervisors, and the drivers that tell them. */
import { type Context, defineActor, defineSupervisor, type Ref } from "../index.ts";
import { current, type DriverPlace, driver, Play, there } from "./drivers.ts";
import { supervisorsInStorm } from "./peers/scenario.ts";
import { Stopwatch } from "./peers/stopwatch.ts";

/** Whom a child tells that it is up, and which supervisor it belongs to. */
interface Post {
  readonly owner: Ref;
  readonly post: number;
}
type Up = { readonly type: "up"; readonly post: number; readonly ref: Ref };
type Answer = { readonly type: "answer"; readonly number: number };
type ToMortal = { readonly type: "crash" } | { readonly type: "ask"; readonly number: number; readonly from: Ref };

export const mortal = defineActor({
  init({ owner, post }: Post, ctx) {
    ctx.send(owner, { type: "up", post, ref: ctx.self } satisfies Up);
  },
  receive(_state, message: ToMortal, ctx) {
    if (message.type === "crash") throw new Error("told to crash");
    ctx.send(message.from, { type: "answer", number: message.number } satisfies Answer);
  },
});

/** OTP counts in whole seconds, so one second it is for both. */
export const keeper = defineSupervisor((post: Post) => ({
  intensity: 1_000_000,
  periodMs: 1_000,
  children: [{ id: "mortal", start: [mortal, post] }],
}));

/** Supervisors are made anew for each play: one that has restarted often in this second has more to count. */
class Keepers {
  readonly refs: readonly Ref[];
  /** The child of each; undefined: not up yet. */
  readonly children: Ref[] = [];

  constructor(place: DriverPlace, ctx: Context) {
    this.refs = Array.from({ length: supervisorsInStorm }, (_, post) =>
      ctx.spawn(keeper, { owner: ctx.self, post }, there(place)),
    );
  }

  crash(post: number, ctx: Context): void {
    const child = this.children[post];
    if (child === undefined) throw new Error(`supervisor ${post} has no child`);
    ctx.send(child, { type: "crash" } satisfies ToMortal);
  }

  end(ctx: Context): void {
    for (const ref of this.refs) ctx.exit(ref, "shutdown");
  }
}

interface Storm {
  readonly place: DriverPlace;
  keepers: Keepers | undefined;
  play: Play | undefined;
  /** Children that have said that they are up, the first ones included. */
  ups: number;
  startMs: number;
}

const nothing = (place: DriverPlace) => ({ place, keepers: undefined, play: undefined, ups: 0, startMs: 0 });

export const stormDriver = driver({
  init: (place: DriverPlace): Storm => nothing(place),
  play(state, restarts: number, ctx) {
    state.ups = 0;
    state.play = new Play(restarts, ctx);
    state.keepers = new Keepers(state.place, ctx);
    return ctx.noReply;
  },
  info(state, message, ctx) {
    const { post, ref } = message as Up; // nothing else is sent to it
    const { size } = current(state.play);
    const { keepers } = state;
    if (keepers === undefined) throw new Error("there are no supervisors");
    keepers.children[post] = ref;
    state.ups += 1;
    const restarts = state.ups - supervisorsInStorm;
    if (restarts < 0) return;
    if (restarts === 0) {
      state.startMs = performance.now();
      for (let first = 0; first < Math.min(size, supervisorsInStorm); first += 1) keepers.crash(first, ctx);
    } else if (restarts + supervisorsInStorm <= size) {
      keepers.crash(post, ctx);
    } else if (restarts === size) {
      const elapsedMs = performance.now() - state.startMs;
      keepers.end(ctx);
      current(state.play).answer(ctx, { result: restarts, elapsedMs });
    }
  },
});

interface Crashes extends Storm {
  watch: Stopwatch;
  /** Crashes that were answered for. */
  done: number;
  sum: number;
}

export const crashDriver = driver({
  init: (place: DriverPlace): Crashes => ({ ...nothing(place), watch: new Stopwatch(0), done: 0, sum: 0 }),
  play(state, crashes: number, ctx) {
    Object.assign(state, { ups: 0, done: 0, sum: 0, watch: new Stopwatch(crashes) });
    state.play = new Play(crashes, ctx);
    state.keepers = new Keepers(state.place, ctx);
    return ctx.noReply;
  },
  info(state, message, ctx) {
    const play = current(state.play);
    const { keepers, watch } = state;
    if (keepers === undefined) throw new Error("there are no supervisors");
    const said = message as Up | Answer; // nothing else is sent to it
    if (said.type === "up") {
      keepers.children[said.post] = said.ref;
      state.ups += 1;
      if (state.ups < supervisorsInStorm) return;
      if (state.ups > supervisorsInStorm) {
        ctx.send(said.ref, { type: "ask", number: state.done, from: ctx.self } satisfies ToMortal);
        return;
      }
    } else {
      watch.lap();
      state.sum += said.number;
      state.done += 1;
    }
    if (state.done < play.size) {
      watch.start();
      keepers.crash(state.done % supervisorsInStorm, ctx);
    } else {
      keepers.end(ctx);
      play.answer(ctx, { result: state.sum, elapsedMs: play.elapsedMs(), latenciesUs: watch.lapsUs });
    }
  },
});
