/** What a program that was told to stop is waiting for, said as soon as there is something to wait for. */
import { type MofaSystem, type Remaining, refKey } from "../../index.ts";
import { threadText } from "../attach/actor-text.ts";

/** Between two looks. The first line comes after two, when a second Ctrl-C counts as one (`interruptEchoMs`). */
const lookMs = 300;
/** After so many looks what is left is told also where no turn holds a thread. */
const looksMax = 5;
/** Names that are told. */
const namesMax = 5;

/** One line on `err`, unless the system is down before. Returns the function that ends the waiting. */
export function sayWhatHolds(system: Pick<MofaSystem, "names" | "remaining">, err: NodeJS.WritableStream): () => void {
  let before: Remaining | undefined;
  let looks = 0;
  const timer = setInterval(() => {
    const now = system.remaining();
    const held = now.turns.filter((turn) => before?.turns.some((was) => isSame(was, turn)));
    before = now;
    if (held.length === 0 && ++looks < looksMax) return;
    clearInterval(timer);
    const what = held.length > 0 ? heldText(held) : leftText(now.actors, system);
    err.write(`mofa run: stopping: waiting for ${what}; press Ctrl-C again to end at once\n`);
  }, lookMs);
  return () => clearInterval(timer);
}

function isSame(a: Remaining["turns"][number], b: Remaining["turns"][number]): boolean {
  return a.thread === b.thread && a.turn === b.turn;
}

function heldText(held: Remaining["turns"]): string {
  return held
    .map(({ name, ref, ...turn }) => `${name ?? "an actor"} (${refKey(ref)}), whose turn holds ${threadText(turn)}`)
    .join(", ");
}

function leftText(actors: number, system: Pick<MofaSystem, "names">): string {
  if (actors === 0) return "threads to end";
  const names = system.names().map(([name]) => name);
  const told = names.slice(0, namesMax).join(", ") + (names.length > namesMax ? ", …" : "");
  return `${actors} ${actors === 1 ? "actor" : "actors"} to end${told === "" ? "" : ` (${told})`}`;
}
