/** Actors of a running program as text. */
import { type ActorInfo, RuntimeError, refKey } from "../../index.ts";
import { numberText } from "../number-text.ts";
import type { Unanswered } from "./attach-protocol.ts";

/** By its name if it has one. */
export function nameText({ name, ref, behaviour }: ActorInfo): string {
  return name ?? `${behaviour} ${refKey(ref)}`;
}

/** Nobody is meant by what was asked for. */
export function noActor(target: string): RuntimeError {
  return new RuntimeError("noproc", `there is no actor "${target}": mofa ps lists those that live`);
}

/** Where it runs, as people say it. */
export function placeText({ isolation, position }: ActorInfo): string {
  if (isolation === "process") return "process";
  if (isolation === "thread") return "own thread";
  return positionText(position);
}

/** A scheduler thread. */
export function positionText(position: number): string {
  return position === 0 ? "main" : `thread ${position}`;
}

/** Behaviours that are named; all others are one sum. */
const behavioursNamed = 6;

/** `10,000 agent, 16 crew`: the most first. */
export function behavioursText(behaviours: Readonly<Record<string, number>>): string {
  const sorted = Object.entries(behaviours).sort(([, a], [, b]) => b - a);
  const others = sorted.slice(behavioursNamed).reduce((sum, [, count]) => sum + count, 0);
  return [
    ...sorted.slice(0, behavioursNamed).map(([behaviour, count]) => `${numberText(count)} ${behaviour}`),
    ...(others === 0 ? [] : [`${numberText(others)} of other behaviours`]),
  ].join(", ");
}

/** Any thread: a dedicated one has no position. */
export function threadText({ thread, position }: Pick<Unanswered, "thread" | "position">): string {
  return position < 0 ? `own thread ${thread}` : positionText(position);
}

/** A line about a thread of which something is not shown. */
export function unansweredText(held: Unanswered, what = "its actors are"): string {
  return `${threadText(held)} does not answer, and ${what} not shown: ${heldText(held)}`;
}

export function heldText({ actor }: Pick<Unanswered, "actor">): string {
  return actor === null
    ? "something holds it"
    : `${actor} is in its turn there (mofa interrupt or mofa kill ends such a turn)`;
}
