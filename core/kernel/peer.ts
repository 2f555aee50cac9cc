/** Another thread as this one sees it: what waits to go there, what came from there, and what ties actors to it. */
import type { Cell } from "../actor/cell.ts";
import type { ChannelReader, ChannelWriter } from "../thread/channel.ts";
import { HeldSends } from "./held-sends.ts";
import type { Kernel } from "./kernel.ts";
import { Outbox } from "./outbox.ts";

/** Frames that may wait for one peer before messages to it have to wait themselves. */
const outboxMax = 1_048_576;

/** So many more frames than were left behind, and they leave before the turn has ended. */
export const framesEarly = 256;

interface RefPlace {
  readonly slot: number;
  readonly generation: number;
}

export class Peer {
  readonly thread: number;
  readonly outbox = new Outbox();
  writer: ChannelWriter | undefined;
  reader: ChannelReader | undefined;
  /** Cells of this thread with links or monitors to the peer, and how many. */
  readonly relations = new Map<Cell, number>();
  /** Messages that may not go there yet. */
  readonly held: HeldSends;
  /** Slots there that this thread has reserved. */
  readonly slots: number[] = [];
  /** Slots here that the peer had reserved, to give back in one frame. */
  readonly freed: number[] = [];
  /** Actors there that are to be killed, also in a turn that does not end: told to the watchdog at the next flush. */
  kills: RefPlace[] = [];
  /** Called once, when nothing waits for it any more, or when it is lost. */
  emptied: (() => void)[] = [];
  /** Frames that stand in the ring and were not shown to the reader yet. */
  unpublished = 0;
  /** How many frames wait when the first of them leave before the end of a turn. */
  leavesAt = framesEarly;
  sent = 0;
  received = 0;

  constructor(thread: number, kernel: Kernel) {
    this.thread = thread;
    this.held = new HeldSends(kernel);
  }

  /** Whether so much waits for it that messages have to wait before the outbox. */
  get isFull(): boolean {
    return this.outbox.size >= outboxMax;
  }
}
