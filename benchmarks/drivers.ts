/**
 * The actors that play a scenario: `play` starts it with a size and is answered with the repetition. A driver makes
 * its partners when it starts, on the scheduler that it is told, and keeps them over all repetitions.
 */
import {
  type AnyApi,
  type Behaviour,
  type Context,
  type Declaration,
  defineServer,
  type From,
  type NoReply,
  type Ref,
  type ServerApi,
} from "../index.ts";
import {
  adder,
  answerer,
  counter,
  type Finished,
  hopper,
  type Ping,
  type Pong,
  ping,
  pong,
  type ToCounter,
  type ToHopper,
  type Total,
} from "./behaviours.ts";
import { document } from "./peers/document.ts";
import {
  lookUpNames,
  objectWindowMessages,
  oneWayWindowMessages,
  pairsAtOnce,
  type Repetition,
  ringActors,
  windowMessages,
} from "./peers/scenario.ts";
import { Stopwatch } from "./peers/stopwatch.ts";

/** Where the partners of a driver live. */
export interface DriverPlace {
  readonly partnersThread: number;
}

export type Answer = Repetition | NoReply;

interface DriverDefinition<S, P> {
  init(place: P, ctx: Context): S;
  /** Starts one repetition. */
  play(state: S, size: number, ctx: Context): Answer | Promise<Answer>;
  /** What the partners send. */
  info?(state: S, message: unknown, ctx: Context): void | Promise<void>;
}

interface DriverCalls {
  play(state: never, size: number, ctx: Context): Answer | Promise<Answer>;
}

/** All drivers have one type, whatever their state. */
export type Driver<P = DriverPlace> = Behaviour<P, ServerApi<DriverCalls, Record<never, never>>>;

export function driver<S, P>({ init, play, info }: DriverDefinition<S, P>): Driver<P> {
  return defineServer({ init, calls: { play }, ...(info && { info }) });
}

export const there = ({ partnersThread }: DriverPlace) => ({ placement: { thread: partnersThread } });

/** One `play` that has not been answered. */
export class Play {
  readonly size: number;
  readonly #from: From;
  readonly #startMs: number;

  constructor(size: number, ctx: Context) {
    if (ctx.from === undefined) throw new Error("play is a call");
    this.size = size;
    this.#from = ctx.from;
    this.#startMs = performance.now();
  }

  elapsedMs(): number {
    return performance.now() - this.#startMs;
  }

  answer(ctx: Context, repetition: Repetition): void {
    ctx.reply(this.#from, repetition);
  }
}

/** The play that a message belongs to. @throws Error if there is none. */
export function current(play: Play | undefined): Play {
  if (play === undefined) throw new Error("a message came when nothing was played");
  return play;
}

export const pingpongDriver = driver({
  init: (place: DriverPlace, ctx) => ({
    pong: ctx.spawn(pong, undefined, there(place)),
    play: undefined as Play | undefined,
    pongs: 0,
  }),
  play: (state, trips: number, ctx) => {
    state.pongs = 0;
    state.play = new Play(trips, ctx);
    ctx.send(state.pong, { type: "ping", from: ctx.self, number: 0 } satisfies Ping);
    return ctx.noReply;
  },
  info(state, _message, ctx) {
    state.pongs += 1;
    const play = current(state.play);
    if (state.pongs < play.size) {
      ctx.send(state.pong, { type: "ping", from: ctx.self, number: state.pongs } satisfies Ping);
    } else {
      play.answer(ctx, { result: state.pongs, elapsedMs: play.elapsedMs() });
    }
  },
});

export const roundTripDriver = driver({
  init: (place: DriverPlace, ctx) => ({
    pong: ctx.spawn(pong, undefined, there(place)),
    play: undefined as Play | undefined,
    watch: new Stopwatch(0),
    pongs: 0,
  }),
  play: (state, trips: number, ctx) => {
    state.pongs = 0;
    state.watch = new Stopwatch(trips);
    state.play = new Play(trips, ctx);
    state.watch.start();
    ctx.send(state.pong, { type: "ping", from: ctx.self, number: 0 } satisfies Ping);
    return ctx.noReply;
  },
  info(state, message, ctx) {
    state.watch.lap();
    const play = current(state.play);
    if ((message as Pong).number === state.pongs) state.pongs += 1; // only pongs are sent to it
    if (state.pongs < play.size) {
      state.watch.start();
      ctx.send(state.pong, { type: "ping", from: ctx.self, number: state.pongs } satisfies Ping);
    } else {
      play.answer(ctx, { result: state.pongs, elapsedMs: play.elapsedMs(), latenciesUs: state.watch.lapsUs });
    }
  },
});

export const threadringDriver = driver({
  init: (place: DriverPlace, ctx) => {
    const ring: Ref[] = Array.from({ length: ringActors }, () => ctx.spawn(hopper, undefined, there(place)));
    ring.forEach((member, position) => {
      const next = ring[(position + 1) % ringActors] ?? member;
      ctx.send(member, { type: "next", next, owner: ctx.self } satisfies ToHopper);
    });
    return { ring, play: undefined as Play | undefined, elapsedMs: 0, counted: 0, hops: 0 };
  },
  play: (state, hops: number, ctx) => {
    const [first] = state.ring;
    if (first === undefined) throw new Error("the ring has no actor");
    state.counted = 0;
    state.hops = 0;
    state.play = new Play(hops, ctx);
    ctx.send(first, { type: "token", hopsLeft: hops - 1 } satisfies ToHopper);
    return ctx.noReply;
  },
  info(state, message, ctx) {
    const { type, count } = message as Finished | { type: "arrived"; count?: never }; // what a hopper sends
    const play = current(state.play);
    if (type === "arrived") {
      state.elapsedMs = play.elapsedMs();
      for (const member of state.ring) ctx.send(member, { type: "count" } satisfies ToHopper);
      return;
    }
    state.counted += 1;
    state.hops += count;
    if (state.counted === ringActors) play.answer(ctx, { result: state.hops, elapsedMs: state.elapsedMs });
  },
});

/** Sends windows of `make(number)` to a counter, each window acknowledged with its total. */
function countDriver(window: number, make: (number: number) => ToCounter): Driver {
  interface State {
    readonly counter: Ref;
    play: Play | undefined;
    sent: number;
    total: number;
  }
  const sendWindow = (state: State, ctx: Context): void => {
    const end = Math.min(current(state.play).size, state.sent + window);
    for (; state.sent < end; state.sent += 1) ctx.send(state.counter, make(state.sent));
    ctx.send(state.counter, { type: "take", from: ctx.self } satisfies ToCounter);
  };
  return driver({
    init: (place: DriverPlace, ctx): State => ({
      counter: ctx.spawn(counter, undefined, there(place)),
      play: undefined,
      sent: 0,
      total: 0,
    }),
    play: (state, messages: number, ctx) => {
      state.sent = 0;
      state.total = 0;
      state.play = new Play(messages, ctx);
      sendWindow(state, ctx);
      return ctx.noReply;
    },
    info(state, message, ctx) {
      state.total += (message as Total).total; // only totals are sent to it
      const play = current(state.play);
      if (state.sent < play.size) sendWindow(state, ctx);
      else play.answer(ctx, { result: state.total, elapsedMs: play.elapsedMs() });
    },
  });
}

const add = (): ToCounter => ({ type: "add", by: 1 });

export const countFloodDriver: Driver = countDriver(Number.POSITIVE_INFINITY, add);
export const countWindowsDriver: Driver = countDriver(windowMessages, add);
export const oneWayDriver: Driver = countDriver(oneWayWindowMessages, add);
export const objectsDriver: Driver = countDriver(objectWindowMessages, document);

export const spawnDriver = driver({
  init: (place: DriverPlace) => ({
    options: there(place),
    play: undefined as Play | undefined,
    actors: [] as Ref[],
    answers: 0,
    sum: 0,
  }),
  play: (state, actors: number, ctx) => {
    state.answers = 0;
    state.sum = 0;
    state.play = new Play(actors, ctx);
    for (let number = 0; number < actors; number += 1) {
      const spawned = ctx.spawn(answerer, number, state.options);
      state.actors.push(spawned);
      ctx.send(spawned, ctx.self);
    }
    return ctx.noReply;
  },
  info(state, message, ctx) {
    state.answers += 1;
    state.sum += message as number; // only answers are sent to it
    const play = current(state.play);
    if (state.answers < play.size) return;
    const elapsedMs = play.elapsedMs();
    // Outside the time: the next repetition shall not begin among the idle actors of this one.
    for (const actor of state.actors.splice(0)) ctx.exit(actor, "kill");
    play.answer(ctx, { result: state.sum, elapsedMs });
  },
});

export const callDriver = driver({
  init: (place: DriverPlace, ctx) => ({ adder: ctx.spawn(adder, undefined, there(place)) }),
  play: async (state, calls: number): Promise<Repetition> => {
    let result = 0;
    await state.adder.call("take");
    const startMs = performance.now();
    for (let made = 0; made < calls; made += 1) result = await state.adder.call("add", 1);
    return { result, elapsedMs: performance.now() - startMs };
  },
});

/** Pairs that play at once. @param make their pings, each with a pong of its own */
export function pairsPlayed<P>(make: (place: P, ctx: Context) => readonly Ref[]): Driver<P> {
  return driver({
    init: (place: P, ctx) => ({
      pings: make(place, ctx),
      play: undefined as Play | undefined,
      finished: 0,
      trips: 0,
    }),
    play: (state, trips: number, ctx) => {
      state.finished = 0;
      state.trips = 0;
      state.play = new Play(trips, ctx);
      const pairs = state.pings.length;
      const share = Math.floor(trips / pairs);
      const rest = trips % pairs;
      state.pings.forEach((member, position) => {
        ctx.send(member, { type: "start", from: ctx.self, trips: position < rest ? share + 1 : share });
      });
      return ctx.noReply;
    },
    info(state, message, ctx) {
      state.finished += 1;
      state.trips += (message as Finished).count; // only these are sent to it
      const play = current(state.play);
      if (state.finished === state.pings.length) play.answer(ctx, { result: state.trips, elapsedMs: play.elapsedMs() });
    },
  });
}

/** The pings live beside the driver, their pongs where it is told. */
export function pairsDriver(pairs: number, near: Behaviour<Ref, AnyApi>, far: Behaviour<undefined, AnyApi>): Driver {
  return pairsPlayed((place: DriverPlace, ctx) =>
    Array.from({ length: pairs }, () => ctx.spawn(near, ctx.spawn(far, undefined, there(place)))),
  );
}

export const syncPairsDriver: Driver = pairsDriver(pairsAtOnce, ping, pong);

/** Pairs that play at once while threads are added. */
const loadPairs = 200;

export interface LoadPlace {
  /** The pairs are spread over so many scheduler threads. */
  readonly threads: number;
  /** So many of them between two threads, where there are two. */
  readonly between: number;
}

export const loadDriver = pairsPlayed(({ threads, between }: LoadPlace, ctx) =>
  Array.from({ length: loadPairs }, (_, pair) => {
    const home = pair % threads;
    const far = pair < between ? (home + 1) % threads : home;
    const on = (at: number) => ({ placement: { thread: 1 + at } });
    return ctx.spawn(ping, ctx.spawn(pong, undefined, on(far)), on(home));
  }),
);

interface LookUps {
  readonly place: DriverPlace;
  /** Actors that are looked up; made in the first play. */
  readonly refs: Ref[];
}

/** Looks so many actors up, all in one turn. @param look whether the look-up with that number gave the right answer */
function lookUpDriver(
  actors: number,
  prepare: (ref: Ref, number: number, ctx: Context) => Promise<void>,
  look: (number: number, refs: readonly Ref[], ctx: Context) => boolean,
  declaration?: Declaration,
): Driver {
  return driver({
    init: (place: DriverPlace): LookUps => ({ place, refs: [] }),
    async play({ place, refs }, size, ctx) {
      if (refs.length === 0) {
        const options = declaration === undefined ? there(place) : { ...there(place), declaration };
        for (let made = 0; made < actors; made += 1) refs.push(ctx.spawn(adder, undefined, options));
        await Promise.all(refs.map((ref, number) => prepare(ref, number, ctx)));
      }
      let result = 0;
      const startMs = performance.now();
      for (let number = 0; number < size; number += 1) if (look(number, refs, ctx)) result += 1;
      return { result, elapsedMs: performance.now() - startMs };
    },
  });
}

export const whereisDriver = lookUpDriver(
  lookUpNames.length,
  (ref, number, ctx) => ctx.register(lookUpNames[number] ?? "", ref),
  (number, _refs, ctx) => ctx.whereis(lookUpNames[number % lookUpNames.length] ?? "") !== undefined,
);

export const isAliveDriver = lookUpDriver(
  lookUpNames.length,
  () => Promise.resolve(),
  (number, refs, ctx) => ctx.isAlive(refs[number % refs.length] as Ref),
);

const membersDriver = (count: number): Driver =>
  lookUpDriver(
    count,
    (ref, _number, ctx) => ctx.join("group", ref),
    (_number, _refs, ctx) => ctx.members("group").length === count,
  );
export const members1Driver = membersDriver(1);
export const members100Driver = membersDriver(100);
export const members10000Driver = membersDriver(10_000);

const adding = { capability: "adding" };

const findDriver = (count: number): Driver =>
  lookUpDriver(
    count,
    // What it declares comes to this thread by way of main.
    async (ref, number, ctx) => {
      while (ctx.find(adding).length <= number) await ctx.call(ref, "take");
    },
    (_number, _refs, ctx) => ctx.find(adding).length === count,
    { capabilities: [{ name: adding.capability, version: "1.0.0" }] },
  );
export const find1Driver = findDriver(1);
export const find100Driver = findDriver(100);
