/** Actors that never rest, and the drivers of `neighbours.ts`, who ask others beside them. */
import { type Behaviour, type Context, defineServer, type From, type NoReply, type Ref } from "../index.ts";
import { adder, counter, type Ping, type Pong, pong, type ToCounter } from "./behaviours.ts";
import { current, type Driver, type DriverPlace, driver, Play, there } from "./drivers.ts";
import { busyMs, oneWayWindowMessages, pairsAtOnce, type Repetition, smallActors } from "./peers/scenario.ts";
import { Stopwatch } from "./peers/stopwatch.ts";

/**
 * Does something that comes back to it as a message, again and again. `begin` is answered when it has come back for the first time, and
 * `stop` with how often it has, when what is under way is back: it was at work from the one to the other.
 */
function restless(act: (partner: Ref | undefined, ctx: Context) => void) {
  return defineServer({
    init: (partner: Ref | undefined) => ({ partner, acts: 0, asker: undefined as From | undefined, isOn: false }),
    calls: {
      begin: (state, _: undefined, ctx): number | NoReply => {
        state.asker = ctx.from;
        state.isOn = true;
        act(state.partner, ctx);
        return ctx.noReply;
      },
      stop: (state, _: undefined, ctx): number | NoReply => {
        state.asker = ctx.from;
        state.isOn = false;
        return ctx.noReply;
      },
    },
    info(state, _message, ctx) {
      state.acts += 1;
      if (state.asker !== undefined) ctx.reply(state.asker, state.acts);
      state.asker = undefined;
      if (state.isOn) act(state.partner, ctx);
      else state.acts = 0;
    },
  });
}

/** Computes for a millisecond in each turn. */
export const hog = restless((_partner, ctx) => {
  for (const endMs = performance.now() + busyMs; performance.now() < endMs; );
  ctx.send(ctx.self, "again");
});

export const player = restless((partner, ctx) => {
  if (partner !== undefined) ctx.send(partner, { type: "ping", from: ctx.self, number: 0 } satisfies Ping);
});

/** Sends windows to a counter, each when the one before was acknowledged. */
export const flooder = restless((partner, ctx) => {
  if (partner === undefined) return;
  for (let sent = 0; sent < oneWayWindowMessages; sent += 1)
    ctx.send(partner, { type: "add", by: 1 } satisfies ToCounter);
  ctx.send(partner, { type: "take", from: ctx.self } satisfies ToCounter);
});

type Restless = ReturnType<typeof restless> extends Behaviour<Ref | undefined, infer P> ? Ref<P> : never;

const forEver = { timeoutMs: Number.POSITIVE_INFINITY };

/** One actor calls another in its thread, beside those that `neighbours` makes. */
function callDriver(neighbours: (place: DriverPlace, ctx: Context) => readonly Restless[]): Driver {
  return driver({
    init: (place: DriverPlace, ctx) => ({ adder: ctx.spawn(adder), neighbours: neighbours(place, ctx) }),
    async play({ adder: called, neighbours: beside }, calls: number): Promise<Repetition> {
      await called.call("take");
      await Promise.all(beside.map((one) => one.call("begin", undefined, forEver)));
      const watch = new Stopwatch(calls);
      const startMs = performance.now();
      let result = 0;
      for (let made = 0; made < calls; made += 1) {
        watch.start();
        result = await called.call("add", 1, forEver);
        watch.lap();
      }
      const elapsedMs = performance.now() - startMs;
      await Promise.all(beside.map((one) => one.call("stop", undefined, forEver)));
      return { result, elapsedMs, latenciesUs: watch.lapsUs };
    },
  });
}

export const callAloneDriver: Driver = callDriver(() => []);
export const callBesidePairsDriver: Driver = callDriver((place, ctx) =>
  Array.from({ length: pairsAtOnce }, () => ctx.spawn(player, ctx.spawn(pong, undefined, there(place)))),
);
/** The flood comes from where partners live, to a counter beside the caller. */
export const callBesideFloodDriver: Driver = callDriver((place, ctx) => [
  ctx.spawn(flooder, ctx.spawn(counter), there(place)),
]);

/** All small actors are asked at once, and again when all have answered; each answer is timed from its own question. */
export const fairnessDriver = driver({
  init: (place: DriverPlace, ctx) => ({
    hog: ctx.spawn(hog, undefined, there(place)),
    small: Array.from({ length: smallActors }, () => ctx.spawn(pong, undefined, there(place))),
    play: undefined as Play | undefined,
    asked: 0,
    answered: 0,
    sum: 0,
    /** When each was asked, and in its place how long it took. */
    timesUs: new Float64Array(0),
  }),
  async play(state, questions: number, ctx) {
    Object.assign(state, { asked: 0, answered: 0, sum: 0, timesUs: new Float64Array(questions) });
    state.play = new Play(questions, ctx);
    await state.hog.call("begin", undefined, forEver);
    askAll(state, ctx);
    return ctx.noReply;
  },
  info(state, message, ctx) {
    const { number } = message as Pong; // only pongs are sent to it
    const play = current(state.play);
    state.timesUs[number] = performance.now() * 1_000 - (state.timesUs[number] ?? 0);
    state.sum += number;
    state.answered += 1;
    if (state.answered < state.asked) return undefined;
    if (state.asked < play.size) {
      askAll(state, ctx);
      return undefined;
    }
    return finish(state, play, ctx);
  },
});

interface Finishing {
  readonly hog: Restless;
  readonly timesUs: Float64Array;
  readonly sum: number;
}

async function finish({ hog: beside, timesUs, sum }: Finishing, play: Play, ctx: Context): Promise<void> {
  const elapsedMs = play.elapsedMs();
  await beside.call("stop", undefined, forEver);
  play.answer(ctx, { result: sum, elapsedMs, latenciesUs: timesUs });
}

interface Asking {
  readonly small: readonly Ref[];
  readonly timesUs: Float64Array;
  asked: number;
}

function askAll(state: Asking, ctx: Context): void {
  for (const one of state.small) {
    if (state.asked === state.timesUs.length) return;
    state.timesUs[state.asked] = performance.now() * 1_000;
    ctx.send(one, { type: "ping", from: ctx.self, number: state.asked } satisfies Ping);
    state.asked += 1;
  }
}
