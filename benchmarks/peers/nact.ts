/**
 * nact 7, the actor library of npm that has stood longest. Each actor takes a setImmediate and an await a message;
 * that is its design, and the figures show nothing else.
 */
import { dispatch, query, type Ref, spawn, start, stop } from "nact";
import { type Repetition, ringActors, type Scenarios, windowMessages } from "./scenario.ts";

/** Long enough never to matter: nact wants a time limit on each query. */
const queryTimeoutMs = 60_000;

type Pong = { readonly type: "pong" };
type Ping = { readonly type: "ping"; readonly from: Ref<Pong> };
type Token = { readonly type: "token"; readonly hopsLeft: number };
type Add = { readonly type: "add"; readonly by: number };
type Get = { readonly type: "get"; readonly reply: (total: number) => void };
type AddCall = { readonly type: "add"; readonly by: number; readonly from: Ref<number> };

type System = ReturnType<typeof start>;

/** Runs in a system of its own, so that no actor of an earlier repetition is left. */
async function withSystem(scenario: (system: System) => Promise<Repetition>): Promise<Repetition> {
  const system = start();
  try {
    return await scenario(system);
  } finally {
    stop(system);
  }
}

let names = 0;

/** An actor whose whole state is in its closure, as in the other contenders. Of 100,000 two get the same name where nact makes it up. */
function actor<M>(system: System, receive: (message: M) => void): Ref<M> {
  const turn = (_state: undefined, message: M): undefined => receive(message) as undefined;
  return spawn(system, turn, `actor-${(names += 1)}`);
}

const pingpong = (trips: number): Promise<Repetition> =>
  withSystem(async (system) => {
    const done = Promise.withResolvers<number>();
    let pongs = 0;
    const pong = actor<Ping>(system, (message) => dispatch(message.from, { type: "pong" }));
    const ping: Ref<Pong> = actor<Pong>(system, () => {
      pongs += 1;
      if (pongs < trips) dispatch(pong, { type: "ping", from: ping });
      else done.resolve(pongs);
    });
    const startMs = performance.now();
    dispatch(pong, { type: "ping", from: ping });
    const result = await done.promise;
    return { result, elapsedMs: performance.now() - startMs };
  });

const threadring = (hops: number): Promise<Repetition> =>
  withSystem(async (system) => {
    const done = Promise.withResolvers<void>();
    const hopsOf = Array.from({ length: ringActors }, () => 0);
    const ring: Ref<Token>[] = hopsOf.map((_, position) =>
      actor<Token>(system, (token) => {
        hopsOf[position] = (hopsOf[position] ?? 0) + 1;
        const next = ring[(position + 1) % ringActors];
        if (token.hopsLeft === 0 || next === undefined) done.resolve();
        else dispatch(next, { type: "token", hopsLeft: token.hopsLeft - 1 });
      }),
    );
    const [first] = ring;
    if (first === undefined) throw new Error("the ring has no actor");
    const startMs = performance.now();
    dispatch(first, { type: "token", hopsLeft: hops - 1 });
    await done.promise;
    const elapsedMs = performance.now() - startMs;
    return { result: hopsOf.reduce((sum, count) => sum + count, 0), elapsedMs };
  });

function counter(system: System): Ref<Add | Get> {
  let total = 0;
  return actor<Add | Get>(system, (message) => {
    if (message.type === "add") total += message.by;
    else message.reply(total);
  });
}

const countFlood = (messages: number): Promise<Repetition> =>
  withSystem(async (system) => {
    const done = Promise.withResolvers<number>();
    const target = counter(system);
    const producer = actor<"start">(system, () => {
      for (let sent = 0; sent < messages; sent += 1) dispatch(target, { type: "add", by: 1 });
      dispatch(target, { type: "get", reply: done.resolve });
    });
    const startMs = performance.now();
    dispatch(producer, "start");
    const result = await done.promise;
    return { result, elapsedMs: performance.now() - startMs };
  });

const countWindows = (messages: number): Promise<Repetition> =>
  withSystem(async (system) => {
    const done = Promise.withResolvers<number>();
    const target = counter(system);
    const acknowledge = (total: number): void => {
      if (total < messages) dispatch(producer, total);
      else done.resolve(total);
    };
    const producer = actor<number>(system, (sentBefore) => {
      const window = Math.min(windowMessages, messages - sentBefore);
      for (let sent = 0; sent < window; sent += 1) dispatch(target, { type: "add", by: 1 });
      dispatch(target, { type: "get", reply: acknowledge });
    });
    const startMs = performance.now();
    dispatch(producer, 0);
    const result = await done.promise;
    return { result, elapsedMs: performance.now() - startMs };
  });

const spawnMany = (actors: number): Promise<Repetition> =>
  withSystem(async (system) => {
    const done = Promise.withResolvers<number>();
    let answers = 0;
    let sum = 0;
    const collector = actor<number>(system, (answer) => {
      answers += 1;
      sum += answer;
      if (answers === actors) done.resolve(sum);
    });
    const startMs = performance.now();
    for (let number = 0; number < actors; number += 1) {
      const spawned = actor<Ref<number>>(system, (from) => dispatch(from, number));
      dispatch(spawned, collector);
    }
    const result = await done.promise;
    return { result, elapsedMs: performance.now() - startMs };
  });

const call = (calls: number): Promise<Repetition> =>
  withSystem(async (system) => {
    let total = 0;
    const adder = actor<AddCall>(system, (message) => {
      total += message.by;
      dispatch(message.from, total);
    });
    let result = 0;
    const startMs = performance.now();
    for (let made = 0; made < calls; made += 1) {
      result = await query(adder, (from: Ref<number>): AddCall => ({ type: "add", by: 1, from }), queryTimeoutMs);
    }
    return { result, elapsedMs: performance.now() - startMs };
  });

export const scenarios: Scenarios = {
  pingpong,
  threadring,
  "count-flood": countFlood,
  "count-windows": countWindows,
  spawn: spawnMany,
  call,
};
