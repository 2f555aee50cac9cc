/** A sample of `mofa top` as lines: the threads, and the busiest actors. */
import { refKey } from "../../index.ts";
import { countText, numberText } from "../number-text.ts";
import { placeText, threadText } from "./actor-text.ts";
import type { TopActor, TopSample } from "./attach-protocol.ts";
import { tableLines } from "./table.ts";

type Threads = TopSample["threads"];

/** @param title what is looked at. @param rowsMax lines at most; as many actors are shown as fit. */
export function topLines(title: string, sample: TopSample, rowsMax = Number.POSITIVE_INFINITY): readonly string[] {
  const { threads, actors, forMs, sort } = sample;
  const living = threads.reduce((sum, { actors: count }) => sum + count, 0);
  const turns = threads.reduce((sum, thread) => sum + thread.turns, 0);
  const head = `${title}  ${countText(living, "actor")}, ${numberText(perSecond(turns, forMs))} turns/s, by ${sort}`;
  const lines = [head, "", ...threadLines(threads, forMs), ""];
  const room = Math.max(0, rowsMax - lines.length - 1);
  return [...lines, ...actorLines(actors.slice(0, room), forMs)];
}

function threadLines(threads: Threads, forMs: number): readonly string[] {
  const columns = ["thread", ...["load", "heap", "actors", "messages", "turns/s"].map((right) => ({ right })), ""];
  const rows = threads.map(({ position, thread, load, heapBytes, actors, messages, turns, heldBy }) => [
    position < 0 && actors === 0 ? "spare" : threadText({ thread, position }),
    load === null ? "-" : percentText(load),
    heapBytes === null ? "-" : `${numberText(heapBytes / 2 ** 20)} MiB`,
    numberText(actors),
    numberText(messages),
    numberText(perSecond(turns, forMs)),
    heldBy === null ? "" : `held by ${heldBy.name ?? refKey(heldBy.ref)}`,
  ]);
  return tableLines(columns, rows);
}

function actorLines(actors: readonly TopActor[], forMs: number): readonly string[] {
  const numbers = ["messages", "held", "turns/s", "busy", "restarts"].map((right) => ({ right }));
  const rows = actors.map((actor) => [
    refKey(actor.ref),
    actorText(actor),
    placeText(actor),
    actor.state,
    numberText(actor.messages),
    bytesText(actor.heldBytes),
    numberText(perSecond(actor.turns, forMs)),
    percentText(actor.busyMs / forMs),
    numberText(actor.restarts),
  ]);
  return tableLines(["ref", "actor", "place", "state", ...numbers], rows);
}

/** By its name, else by its behaviour and its supervisor's id of it. */
function actorText({ name, behaviour, childId }: TopActor): string {
  return name ?? (childId === undefined || childId === null ? behaviour : `${behaviour} ${childId}`);
}

function perSecond(count: number, forMs: number): number {
  return (count * 1_000) / forMs;
}

function percentText(part: number): string {
  return `${Math.round(part * 100)}%`;
}

function bytesText(bytes: number): string {
  return bytes < 2 ** 20 ? `${numberText(bytes / 2 ** 10)} KiB` : `${numberText(bytes / 2 ** 20)} MiB`;
}
