/** A subscription that reads a kept topic: from where, and how much it may be given before it has handled some. */
import type { Ref } from "../../actor/ref.ts";
import { covers } from "../topic-patterns.ts";
import type { KeptTopic, LogEntry } from "./kept-topic.ts";

/** Messages that a reader is given ahead, unless its `capacity` says less or more. */
export const replayWindow = 256;

/** Where a subscription begins. */
export type ReplayFrom = "first" | "last" | { readonly seq: number } | { readonly ms: number };

export interface Replay {
  readonly holder: Ref;
  /** Its number on the holder's thread. */
  readonly subscription: number;
  readonly words: readonly string[];
  readonly topic: KeptTopic;
  /** What it gets next has at least this number. */
  nextSeq: number;
  /** So many more it may be given. */
  credit: number;
  /** A bound has removed what it was to get next. */
  isAfterGap: boolean;
}

/** The number to begin with. */
export function seqOf(from: ReplayFrom, topic: KeptTopic, words: readonly string[], nowMs: number): number {
  if (from === "first") return topic.firstSeq;
  if (from === "last") {
    for (const { seq, message } of topic.backwards()) if (covers(words, message.words)) return seq;
    return topic.lastSeq + 1;
  }
  if ("seq" in from) return from.seq;
  let first = topic.lastSeq + 1;
  for (const { seq, message } of topic.backwards()) {
    if (message.atMs < nowMs - from.ms) break;
    first = seq;
  }
  return first;
}

/** Entries that a reader looks at in one go, of which few may be for it. */
const looksMax = 4_096;

/** Gives it what it is to get now, in order, as far as its credit goes. True: there is more to be looked at. */
export function readOn(replay: Replay, give: (entry: LogEntry) => void): boolean {
  const { topic, words } = replay;
  if (replay.credit === 0) return false;
  let looks = 0;
  if (replay.nextSeq <= topic.removedTo) replay.isAfterGap = true;
  for (const entry of topic.from(replay.nextSeq)) {
    if (looks++ >= looksMax) return true;
    if (covers(words, entry.message.words)) {
      if (replay.credit === 0) return false;
      give(entry);
      replay.credit--;
      replay.isAfterGap = false;
    }
    replay.nextSeq = entry.seq + 1;
  }
  return false;
}
