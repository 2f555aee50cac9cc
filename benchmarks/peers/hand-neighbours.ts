/** The floor of `neighbours.ts`, on the loop of `hand.ts`, which runs all that is due in turn. */
import { type Actor, send, spawn } from "./hand.ts";
import { busyMs, pairsAtOnce, type Repetition, type Scenarios, smallActors } from "./scenario.ts";
import { Stopwatch } from "./stopwatch.ts";

type Ask = { readonly number: number; readonly reply: (number: number) => void };
type Add = { readonly by: number; readonly reply: (total: number) => void };

async function fairness(questions: number): Promise<Repetition> {
  const done = Promise.withResolvers<void>();
  let isOn = true;
  const hog = spawn<"again">(() => {
    for (const endMs = performance.now() + busyMs; performance.now() < endMs; );
    if (isOn) send(hog, "again");
  });
  const small = Array.from({ length: smallActors }, () => spawn<Ask>(({ number, reply }) => reply(number)));
  /** When each was asked, and in its place how long it took. */
  const timesUs = new Float64Array(questions);
  let asked = 0;
  let answered = 0;
  let result = 0;
  const reply = (number: number): void => send(asker, number);
  const askAll = (): void => {
    for (const one of small.slice(0, questions - asked)) {
      timesUs[asked] = performance.now() * 1_000;
      send(one, { number: asked, reply });
      asked += 1;
    }
  };
  const asker = spawn<number>((number) => {
    timesUs[number] = performance.now() * 1_000 - (timesUs[number] ?? 0);
    result += number;
    answered += 1;
    if (answered < asked) return;
    if (asked < questions) askAll();
    else done.resolve();
  });
  const startMs = performance.now();
  send(hog, "again");
  askAll();
  await done.promise;
  isOn = false;
  return { result, elapsedMs: performance.now() - startMs, latenciesUs: timesUs };
}

async function callBesidePairs(calls: number): Promise<Repetition> {
  let isOn = true;
  const begin = (): void => {
    const pong = spawn<Actor<"pong">>((from) => send(from, "pong"));
    const ping = spawn<"pong">(() => {
      if (isOn) send(pong, ping);
    });
    send(pong, ping);
  };
  for (let pair = 0; pair < pairsAtOnce; pair += 1) begin();
  let total = 0;
  const adder = spawn<Add>(({ by, reply }) => {
    total += by;
    reply(total);
  });
  const watch = new Stopwatch(calls);
  let result = 0;
  const startMs = performance.now();
  for (let made = 0; made < calls; made += 1) {
    watch.start();
    result = await new Promise<number>((reply) => send(adder, { by: 1, reply }));
    watch.lap();
  }
  isOn = false;
  return { result, elapsedMs: performance.now() - startMs, latenciesUs: watch.lapsUs };
}

export const scenarios: Scenarios = { fairness, "call-beside-pairs": callBesidePairs };
