/** The scenarios in a thread, played on the loop of `hand.ts`. */
import { type Actor, send, spawn } from "./hand.ts";
import { type Repetition, ringActors, type Scenarios, windowMessages } from "./scenario.ts";

type Ping = { readonly type: "ping"; readonly from: Actor<Pong> };
type Pong = { readonly type: "pong" };
type Token = { readonly type: "token"; readonly hopsLeft: number };
type Add = { readonly type: "add"; readonly by: number };
type Get = { readonly type: "get"; readonly reply: (total: number) => void };
type AddCall = { readonly type: "add"; readonly by: number; readonly reply: (total: number) => void };

async function pingpong(trips: number): Promise<Repetition> {
  const done = Promise.withResolvers<number>();
  let pongs = 0;
  const pong = spawn<Ping>((message) => send(message.from, { type: "pong" }));
  const ping = spawn<Pong>(() => {
    pongs += 1;
    if (pongs < trips) send(pong, { type: "ping", from: ping });
    else done.resolve(pongs);
  });
  const startMs = performance.now();
  send(pong, { type: "ping", from: ping });
  const result = await done.promise;
  return { result, elapsedMs: performance.now() - startMs };
}

async function threadring(hops: number): Promise<Repetition> {
  const done = Promise.withResolvers<void>();
  const hopsOf = Array.from({ length: ringActors }, () => 0);
  const ring: Actor<Token>[] = hopsOf.map((_, position) =>
    spawn<Token>((token) => {
      hopsOf[position] = (hopsOf[position] ?? 0) + 1;
      const next = ring[(position + 1) % ringActors];
      if (token.hopsLeft === 0 || next === undefined) done.resolve();
      else send(next, { type: "token", hopsLeft: token.hopsLeft - 1 });
    }),
  );
  const [first] = ring;
  if (first === undefined) throw new Error("the ring has no actor");
  const startMs = performance.now();
  send(first, { type: "token", hopsLeft: hops - 1 });
  await done.promise;
  const elapsedMs = performance.now() - startMs;
  return { result: hopsOf.reduce((sum, count) => sum + count, 0), elapsedMs };
}

function counter(): Actor<Add | Get> {
  let total = 0;
  return spawn<Add | Get>((message) => {
    if (message.type === "add") total += message.by;
    else message.reply(total);
  });
}

async function countFlood(messages: number): Promise<Repetition> {
  const done = Promise.withResolvers<number>();
  const target = counter();
  const producer = spawn<"start">(() => {
    for (let sent = 0; sent < messages; sent += 1) send(target, { type: "add", by: 1 });
    send(target, { type: "get", reply: done.resolve });
  });
  const startMs = performance.now();
  send(producer, "start");
  const result = await done.promise;
  return { result, elapsedMs: performance.now() - startMs };
}

async function countWindows(messages: number): Promise<Repetition> {
  const done = Promise.withResolvers<number>();
  const target = counter();
  const acknowledge = (total: number): void => {
    if (total < messages) send(producer, total);
    else done.resolve(total);
  };
  const producer = spawn<number>((sentBefore) => {
    const window = Math.min(windowMessages, messages - sentBefore);
    for (let sent = 0; sent < window; sent += 1) send(target, { type: "add", by: 1 });
    send(target, { type: "get", reply: acknowledge });
  });
  const startMs = performance.now();
  send(producer, 0);
  const result = await done.promise;
  return { result, elapsedMs: performance.now() - startMs };
}

async function spawnMany(actors: number): Promise<Repetition> {
  const done = Promise.withResolvers<number>();
  let answers = 0;
  let sum = 0;
  const collector = spawn<number>((answer) => {
    answers += 1;
    sum += answer;
    if (answers === actors) done.resolve(sum);
  });
  const startMs = performance.now();
  for (let number = 0; number < actors; number += 1) {
    const actor = spawn<Actor<number>>((from) => send(from, number));
    send(actor, collector);
  }
  const result = await done.promise;
  return { result, elapsedMs: performance.now() - startMs };
}

async function call(calls: number): Promise<Repetition> {
  let total = 0;
  const adder = spawn<AddCall>((message) => {
    total += message.by;
    message.reply(total);
  });
  let result = 0;
  const startMs = performance.now();
  for (let made = 0; made < calls; made += 1) {
    result = await new Promise<number>((reply) => send(adder, { type: "add", by: 1, reply }));
  }
  return { result, elapsedMs: performance.now() - startMs };
}

export const scenarios: Scenarios = {
  pingpong,
  threadring,
  "count-flood": countFlood,
  "count-windows": countWindows,
  spawn: spawnMany,
  call,
};
