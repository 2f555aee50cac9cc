/**
 * The actors of a benchmark, written once, and played by the runtime and by its peers in the same thread: what they need of
 * an actor system is a stage, and the runtime's `ctx` is one as it stands. Between threads its stage is that of `seats.ts`.
 */
import { type Behaviour, type Context, defineActor, type Ref } from "../../index.ts";
import { isSeated, type Seated, SeatedStage } from "./seats.ts";

/** What each system offers to an actor. An address is a `Ref` for the compiler; what it is, is the system's own. */
export interface Stage {
  readonly self: Ref;
  send(to: Ref, message: unknown): unknown;
  /** Beside itself, unless the play says otherwise. */
  spawn<A>(part: Part<A>, argument: A): Ref;
  stop(): void;
}

export interface PartDefinition<S, A, M> {
  init(argument: A, stage: Stage): S;
  receive(state: S, message: M, stage: Stage): void;
}

/** The runtime's own behaviour, which knows what it was made of. */
export type Part<A> = Behaviour<A, never>;

/** Whether any part in this thread has seats to give: where none has, no message pays for the question. */
let areSeatedHere = false;

const definitions = new WeakMap<object, PartDefinition<unknown, unknown, unknown>>();

export function part<S, A, M>(definition: PartDefinition<S, A, M>): Part<A> {
  const { init, receive } = definition;
  const behaviour = defineActor<S | SeatedStage<S>, A | Seated<A>, M>({
    init(given, ctx) {
      if (!isSeated(given)) return init(given, stageOf(ctx));
      areSeatedHere = true;
      return new SeatedStage(ctx, given.seats, (stage) => init(given.argument, stage));
    },
    // Nothing is handed back: a promise would hold the mailbox.
    receive(state, message, ctx) {
      if (areSeatedHere && state instanceof SeatedStage) receive(state.state, message, state);
      else receive(state as S, message, stageOf(ctx)); // without seats, its own
    },
  });
  definitions.set(behaviour, definition as PartDefinition<unknown, unknown, unknown>);
  return behaviour as unknown as Part<A>;
}

/** Its verbs are wider than a stage's, and the same. */
const stageOf = (ctx: Context): Stage => ctx as unknown as Stage;

export function definitionOf(behaviour: Part<never>): PartDefinition<unknown, unknown, unknown> {
  return definitions.get(behaviour) as PartDefinition<unknown, unknown, unknown>; // each was made by `part`
}

/** What the first actor of a play is made with. It sends the result to its owner as a number, and then all of it ends by itself. */
export interface PlayArgument {
  readonly owner: Ref;
  readonly size: number;
}

/** One benchmark of Savina's: S. Imam, V. Sarkar, "Savina - An Actor Benchmark Suite", 2014. */
export interface Play {
  readonly question: string;
  /** What is counted, in the singular. */
  readonly operation: string;
  /** Savina's default, in such operations. */
  readonly size: number;
  /** The only right result. */
  expected(size: number): number;
  readonly first: Part<PlayArgument>;
}

/** What so many others say, added up for one who waits for it. */
export interface Sum {
  readonly owner: Ref;
  left: number;
  sum: number;
}

/** Takes one of them; with the last it is said, and the actor ends. */
export function addUp(state: Sum, number: number, stage: Stage): void {
  state.sum += number;
  state.left -= 1;
  if (state.left > 0) return;
  stage.send(state.owner, state.sum);
  stage.stop();
}

/** Some of the benchmarks have their actors do nothing for a while: so many additions, whose sum is kept so that they are done. */
export function busyFor(steps: number): number {
  let sum = 0;
  for (let step = 0; step < steps; step += 1) sum += Math.sqrt(step);
  return sum;
}

/** Keeps what was made of the last size: what all parts of a play only read, and each thread has once. */
export function lastOf<T>(make: (size: number) => T): (size: number) => T {
  let last: { readonly size: number; readonly made: T } | undefined;
  return (size) => {
    if (last?.size !== size) last = { size, made: make(size) };
    return last.made;
  };
}
