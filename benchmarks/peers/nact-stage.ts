/** A stage in a system of nact, which is new for each repetition. */
import { dispatch, type Ref as NactRef, spawn, start, stop } from "nact";
import type { Ref } from "../../index.ts";
import { definitionOf, type Part, type Stage } from "../savina/part.ts";
import { plays } from "../savina/plays.ts";
import type { Repetition, Scenario } from "./scenario.ts";

type System = ReturnType<typeof start>;

const nactRef = (ref: Ref) => ref as unknown as NactRef<unknown>;

function begin<A>(system: System, part: Part<A>, argument: A): Ref {
  const { init, receive } = definitionOf(part as Part<never>);
  let state: unknown;
  const turn = (_state: undefined, message: unknown): undefined => {
    if (message === started) state = init(argument, stage);
    else receive(state, message, stage);
    return undefined;
  };
  // Its own names are by chance, and of many thousands two are the same.
  const actor = spawn(system, turn, `actor-${(names += 1)}`);
  const stage: Stage = {
    self: actor as unknown as Ref,
    send: (to, message) => dispatch(nactRef(to), message),
    spawn: (other, given) => begin(system, other, given),
    stop: () => stop(actor),
  };
  dispatch(actor as NactRef<unknown>, started);
  return stage.self;
}

const started = Symbol("started");
let names = 0;

async function play(name: keyof typeof plays, size: number): Promise<Repetition> {
  const system = start();
  try {
    const { promise, resolve } = Promise.withResolvers<number>();
    const owner = spawn(system, (_state: undefined, result: number): undefined => void resolve(result));
    const startMs = performance.now();
    begin(system, plays[name].first, { owner: owner as unknown as Ref, size });
    const result = await promise;
    return { result, elapsedMs: performance.now() - startMs };
  } finally {
    stop(system);
  }
}

export const scenarios = Object.fromEntries(
  Object.keys(plays).map((name): [string, Scenario] => [name, (size) => play(name as keyof typeof plays, size)]),
);
