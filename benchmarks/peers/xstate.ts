/**
 * xstate 5: its callback actors, which have the least to do for an event. `send` runs the receiver there and then, unless it is in the
 * middle of an event; so nothing waits in a queue, and a flood is so many calls.
 */
import { type ActorRef, createActor, type EventObject, fromCallback, type Snapshot } from "xstate";
import { type Repetition, type Scenarios, windowMessages } from "./scenario.ts";

type Actor<E extends EventObject> = Pick<ActorRef<Snapshot<unknown>, E>, "send" | "stop">;

type Pong = { readonly type: "pong" };
type Ping = { readonly type: "ping"; readonly from: Actor<Pong> };
type Add = { readonly type: "add"; readonly by: number };
type Get = { readonly type: "get"; readonly reply: (total: number) => void };
type AddCall = { readonly type: "add"; readonly by: number; readonly reply: (total: number) => void };
type Answer = { readonly type: "answer"; readonly number: number };
type Ask = { readonly type: "ask"; readonly from: Actor<Answer> };

/** An actor whose whole state is in its closure, as in the other contenders. */
function actor<E extends EventObject>(receive: (event: E) => void): Actor<E> {
  return createActor(fromCallback<E>(({ receive: listen }) => listen(receive))).start();
}

async function pingpong(trips: number): Promise<Repetition> {
  const done = Promise.withResolvers<number>();
  let pongs = 0;
  const pong = actor<Ping>((event) => event.from.send({ type: "pong" }));
  const ping: Actor<Pong> = actor<Pong>(() => {
    pongs += 1;
    if (pongs < trips) pong.send({ type: "ping", from: ping });
    else done.resolve(pongs);
  });
  const startMs = performance.now();
  pong.send({ type: "ping", from: ping });
  const result = await done.promise;
  const elapsedMs = performance.now() - startMs;
  for (const one of [ping, pong]) one.stop();
  return { result, elapsedMs };
}

/** Windows of messages to a counter, an answer after each. */
async function count(messages: number, window: number): Promise<Repetition> {
  let total = 0;
  const counter = actor<Add | Get>((event) => {
    if (event.type === "add") total += event.by;
    else event.reply(total);
  });
  let result = 0;
  const startMs = performance.now();
  for (let sent = 0; sent < messages; ) {
    const end = Math.min(messages, sent + window);
    for (; sent < end; sent += 1) counter.send({ type: "add", by: 1 });
    result = await new Promise<number>((reply) => counter.send({ type: "get", reply }));
  }
  const elapsedMs = performance.now() - startMs;
  counter.stop();
  return { result, elapsedMs };
}

async function spawnMany(actors: number): Promise<Repetition> {
  const done = Promise.withResolvers<number>();
  let answers = 0;
  let sum = 0;
  const collector = actor<Answer>((event) => {
    answers += 1;
    sum += event.number;
    if (answers === actors) done.resolve(sum);
  });
  const all: Actor<Ask>[] = [];
  const startMs = performance.now();
  for (let number = 0; number < actors; number += 1) {
    const spawned = actor<Ask>((event) => event.from.send({ type: "answer", number }));
    all.push(spawned);
    spawned.send({ type: "ask", from: collector });
  }
  const result = await done.promise;
  const elapsedMs = performance.now() - startMs;
  for (const one of [...all, collector]) one.stop();
  return { result, elapsedMs };
}

async function call(calls: number): Promise<Repetition> {
  let total = 0;
  const adder = actor<AddCall>((event) => {
    total += event.by;
    event.reply(total);
  });
  let result = 0;
  const startMs = performance.now();
  for (let made = 0; made < calls; made += 1)
    result = await new Promise<number>((reply) => adder.send({ type: "add", by: 1, reply }));
  const elapsedMs = performance.now() - startMs;
  adder.stop();
  return { result, elapsedMs };
}

export const scenarios: Scenarios = {
  pingpong,
  "count-flood": (messages) => count(messages, Number.POSITIVE_INFINITY),
  "count-windows": (messages) => count(messages, windowMessages),
  spawn: spawnMany,
  call,
};
