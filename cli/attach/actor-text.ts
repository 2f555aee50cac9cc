/** Actors of a running program as text. */
import { type ActorInfo, refKey } from "../../index.ts";

/** By its name if it has one. */
export function nameText({ name, ref, behaviour }: ActorInfo): string {
  return name ?? `${behaviour} ${refKey(ref)}`;
}

/** Where it runs, as people say it. */
export function placeText({ isolation, position }: ActorInfo): string {
  if (isolation === "process") return "process";
  if (isolation === "thread") return "own thread";
  return position === 0 ? "main" : `thread ${position}`;
}
