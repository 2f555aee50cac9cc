/**
 * The floor once more, with the words by which the runtime's watchdog sees whose turn holds a thread: no option switches these
 * off, so their cost stands beside the loop that has none. The stores are the scheduler's: for each run of an actor its slot, its
 * generation and its limit, and the number of the turn before the handler and behind it.
 */
import { type Actor, send, spawn } from "./hand.ts";
import type { Repetition, Scenarios } from "./scenario.ts";

type Ping = { readonly type: "ping"; readonly from: Actor<Pong> };
type Pong = { readonly type: "pong" };

const words = new Int32Array(new SharedArrayBuffer(4 * 64));
const word = { slot: 5, generation: 6, turn: 7, limit: 17 } as const;
const limitMs = 60_000;
let turn = 0;
let slots = 0;

/** In the ping-pong each run of an actor has one turn. */
function watched<M>(receive: (message: M) => void): Actor<M> {
  const slot = ++slots;
  return spawn((message) => {
    words[word.slot] = slot;
    words[word.generation] = 1;
    words[word.limit] = limitMs;
    words[word.turn] = ++turn;
    receive(message);
    words[word.turn] = ++turn;
  });
}

async function pingpong(trips: number): Promise<Repetition> {
  const done = Promise.withResolvers<number>();
  let pongs = 0;
  const pong = watched<Ping>((message) => send(message.from, { type: "pong" }));
  const ping = watched<Pong>(() => {
    pongs += 1;
    if (pongs < trips) send(pong, { type: "ping", from: ping });
    else done.resolve(pongs);
  });
  const startMs = performance.now();
  send(pong, { type: "ping", from: ping });
  const result = await done.promise;
  return { result, elapsedMs: performance.now() - startMs };
}

export const scenarios: Scenarios = { pingpong };
