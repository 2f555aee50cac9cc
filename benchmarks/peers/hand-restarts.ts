/** The floor of `restarts.ts`, on the loop of `hand.ts`: an actor that catches its own error, and another begins in its place. */
import { type Actor, send, spawn } from "./hand.ts";
import { type Repetition, type Scenarios, supervisorsInStorm } from "./scenario.ts";
import { Stopwatch } from "./stopwatch.ts";

type ToMortal = { readonly type: "crash" } | { readonly type: "ask"; readonly number: number };
type ToOwner =
  | { readonly type: "up"; readonly ref: Actor<ToMortal> }
  | { readonly type: "answer"; readonly number: number };

function begin(owner: Actor<ToOwner>): void {
  const ref = spawn<ToMortal>((message) => {
    try {
      if (message.type === "crash") throw new Error("told to crash");
      send(owner, { type: "answer", number: message.number });
    } catch {
      begin(owner);
    }
  });
  send(owner, { type: "up", ref });
}

async function storm(restarts: number): Promise<Repetition> {
  const done = Promise.withResolvers<number>();
  let ups = -supervisorsInStorm;
  let startMs = 0;
  const waiting: Actor<ToMortal>[] = [];
  const owner = spawn<ToOwner>((message) => {
    if (message.type !== "up") return;
    ups += 1;
    if (ups <= 0) waiting.push(message.ref);
    if (ups === 0) {
      startMs = performance.now();
      for (const ref of waiting.slice(0, restarts)) send(ref, { type: "crash" });
    } else if (ups > 0 && ups + supervisorsInStorm <= restarts) send(message.ref, { type: "crash" });
    if (ups === restarts) done.resolve(performance.now() - startMs);
  });
  for (let made = 0; made < supervisorsInStorm; made += 1) begin(owner);
  const elapsedMs = await done.promise;
  return { result: ups, elapsedMs };
}

async function crashToAnswer(crashes: number): Promise<Repetition> {
  const done = Promise.withResolvers<void>();
  const watch = new Stopwatch(crashes);
  let answered = 0;
  let sum = 0;
  let isUp = false;
  let child: Actor<ToMortal> | undefined;
  const crash = (): void => {
    if (child === undefined) return;
    watch.start();
    send(child, { type: "crash" });
  };
  const owner = spawn<ToOwner>((message) => {
    if (message.type === "up") {
      child = message.ref;
      if (isUp) send(child, { type: "ask", number: answered });
      else crash();
      isUp = true;
      return;
    }
    watch.lap();
    sum += message.number;
    answered += 1;
    if (answered < crashes) crash();
    else done.resolve();
  });
  const startMs = performance.now();
  begin(owner);
  await done.promise;
  return { result: sum, elapsedMs: performance.now() - startMs, latenciesUs: watch.lapsUs };
}

export const scenarios: Scenarios = { "restart-storm": storm, "crash-to-answer": crashToAnswer };
