/** A stage on the loop of `hand.ts`. An actor that stops is only forgotten: what comes later is dropped. */
import type { Ref } from "../../index.ts";
import { definitionOf, type Part, type Stage } from "../savina/part.ts";
import { plays } from "../savina/plays.ts";
import { type Actor, send, spawn } from "./hand.ts";
import type { Repetition, Scenario } from "./scenario.ts";

const sendTo = (to: Ref, message: unknown): void => send(to as unknown as Actor<unknown>, message);

function begin<A>(part: Part<A>, argument: A): Ref {
  const { init, receive } = definitionOf(part as Part<never>);
  let isStopped = false;
  const actor = spawn<unknown>((message) => {
    if (message === started) state = init(argument, stage);
    else if (!isStopped) receive(state, message, stage);
  });
  const stage: Stage = {
    self: actor as unknown as Ref,
    send: sendTo,
    spawn: begin,
    stop: () => {
      isStopped = true;
    },
  };
  let state: unknown;
  send(actor, started);
  return stage.self;
}

const started = Symbol("started");

async function play(name: keyof typeof plays, size: number): Promise<Repetition> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const startMs = performance.now();
  begin(plays[name].first, { owner: spawn<number>(resolve) as unknown as Ref, size });
  const result = await promise;
  return { result, elapsedMs: performance.now() - startMs };
}

export const scenarios = Object.fromEntries(
  Object.keys(plays).map((name): [string, Scenario] => [name, (size) => play(name as keyof typeof plays, size)]),
);
