/**
 * EXPERIMENT, not the product: the smallest kernel that keeps the demands of the kill experiments.
 *
 * It exists to show what a thread's scheduler must do so that any turn can be ended from outside at any moment.
 * It has no links, monitors, supervisors, names or timers; a dead actor is replaced at once in its slot. Each demand
 * can be taken out (`SpikeOptions`), so that the experiments can show what breaks without it.
 *
 * The rule everywhere below: prepare (calls, loops, growth) first, then all writes in one straight line. A
 * termination lands only at a function's entry or at a loop's back edge, so such a line is never cut.
 */
import { AsyncLocalStorage, AsyncResource } from "node:async_hooks";
import { Session } from "node:inspector";
import { MessageChannel, type MessagePort } from "node:worker_threads";
import { type RingReader, type RingWriter, ring } from "./spike-ring.ts";
import { monotonicMs, type SharedWords, word } from "./spike-words.ts";

export interface SpikeOptions {
  /** Drains and kernel microtasks stop at the hold flag until the recovery has run. */
  readonly hold: boolean;
  /** A record of the microtask checkpoint is kept, and its members are judged after a kill in that phase. */
  readonly record: boolean;
  /** Unsettled members at which a drain ends. */
  readonly recordMax: number;
  /** "fair": posts to itself for 15 ms, then through a setImmediate that only posts. */
  readonly posting: "fair" | "naive";
  /** Async turns outside the record that have not settled this long after a kill in the microtask phase end. */
  readonly asyncGraceMs: number;
}

export const defaultSpikeOptions: SpikeOptions = {
  hold: true,
  record: true,
  recordMax: 16,
  posting: "fair",
  asyncGraceMs: 5_000,
};

export type ExitReason = "killed" | "turnLost" | "error";

/** What a behaviour sees of the kernel. */
export interface SpikeContext {
  readonly slot: number;
  readonly generation: number;
  /** False: no such actor, or its mailbox is full. */
  send(slot: number, message: unknown): boolean;
  /** Puts a frame in the outbox for the other thread. False: the outbox is full. */
  sendAcross(to: number, sequence: number): boolean;
  call(slot: number, payload: unknown): Promise<unknown>;
  /** Brings a foreign promise into the record: it settles through the kernel. */
  task<T>(promise: Promise<T>): Promise<T>;
}

export interface Call {
  readonly type: "call";
  readonly id: number;
  readonly payload: unknown;
}

export interface SpikeBehaviour {
  /** Handlers that may await say so: only their turns pay for an async resource. */
  readonly isAsync: boolean;
  receive(message: unknown, context: SpikeContext): unknown;
}

export interface SpikeHost {
  /** A message that the dead actor will not see: from its mailbox, or the one in its hands. */
  lost(slot: number, message: unknown, wasInHand: boolean): void;
  /** The actor is gone; its slot is free. The host replaces it. */
  exited(slot: number, generation: number, reason: ExitReason): void;
  /** A frame came through the ring. */
  across(from: number, to: number, sequence: number): unknown;
}

const mailboxMax = 65_536;
const outboxMax = 16_384;
const callsMax = 65_536;
const drainMessagesMax = 10_000;
const actorMessagesMax = 100;
const drainMs = 5;
const burstMs = 15;

/** Messages of the kernel's own port. */
const note = { drain: 0, recover: 1, judge: 2 } as const;

class Cell implements SpikeContext {
  readonly slot: number;
  readonly generation: number;
  readonly behaviour: SpikeBehaviour;
  readonly resource: AsyncResource | undefined;
  readonly enter: (message: unknown) => unknown;
  readonly settled: () => void;
  readonly failed: () => void;
  readonly #kernel: SpikeKernel;
  mailbox: unknown[] = Array.from<unknown>({ length: 8 });
  head = 0;
  tail = 0;
  isQueued = false;
  isDead = false;
  isInRecord = false;
  /** Counts async turns; a settlement that belongs to an earlier one is ignored. */
  turns = 0;
  open: Promise<unknown> | undefined = undefined;
  openAt = -1;
  /** Kernel promises (calls, tasks) that are not resolved yet. */
  pending = 0;
  inHand: unknown = undefined;
  graceUntilMs = 0;

  constructor(kernel: SpikeKernel, slot: number, generation: number, behaviour: SpikeBehaviour) {
    this.#kernel = kernel;
    this.slot = slot;
    this.generation = generation;
    this.behaviour = behaviour;
    this.enter = (message) => behaviour.receive(message, this);
    this.settled = () => kernel.settle(this, undefined);
    this.failed = () => kernel.settle(this, "error");
    this.resource = behaviour.isAsync ? kernel.store.run(this, () => new AsyncResource("SpikeActor")) : undefined;
  }

  send(slot: number, message: unknown): boolean {
    return this.#kernel.send(slot, message);
  }

  sendAcross(to: number, sequence: number): boolean {
    return this.#kernel.sendAcross(this.slot, to, sequence);
  }

  call(slot: number, payload: unknown): Promise<unknown> {
    return this.#kernel.call(this, slot, payload);
  }

  task<T>(promise: Promise<T>): Promise<T> {
    return this.#kernel.task(this, promise);
  }
}

interface Waiting {
  readonly cell: Cell;
  readonly resolve: (value: unknown) => void;
  /** The foreign promise of a task, so that a recovery can subscribe again. */
  readonly promise: Promise<unknown> | undefined;
}

interface Verdict {
  readonly cell: Cell;
  readonly wasInTurn: boolean;
  readonly stack: string;
}

export interface SpikeCounters {
  turns: number;
  kills: number;
  killsInMicrotasks: number;
  turnLost: number;
  graceLost: number;
  /** The oracle named another actor than the one that was ended. */
  wrongVictims: number;
  /** The cut went through a turn of somebody else. */
  wrongCuts: number;
  errors: number;
}

export class SpikeKernel {
  readonly store = new AsyncLocalStorage<Cell>();
  readonly counters: SpikeCounters = {
    turns: 0,
    kills: 0,
    killsInMicrotasks: 0,
    turnLost: 0,
    graceLost: 0,
    wrongVictims: 0,
    wrongCuts: 0,
    errors: 0,
  };
  /** Stack of the latest runaway turn. */
  lastStack = "";

  readonly #options: SpikeOptions;
  readonly #host: SpikeHost;
  readonly #ints: Int32Array;
  readonly #stamps: Float64Array;
  readonly #session = new Session();
  readonly #in: MessagePort;
  readonly #out: MessagePort;
  readonly #cells: (Cell | undefined)[] = [];
  readonly #generations: number[] = [];
  readonly #runQueue: (Cell | undefined)[];
  readonly #runMask: number;
  #runHead = 0;
  #runTail = 0;
  #isDraining = false;
  #isArmed = false;
  #isDeciding = false;
  /** True from the first inline drain of a checkpoint until the next port message. */
  #isInMicrotasks = false;
  #isHeld = false;
  #verdict: Verdict | undefined = undefined;
  #serving: Cell | undefined = undefined;
  #turn = 0;
  #tries = 0;
  #burstStartMs = -1;
  #portStartMs = 0;
  #portMessages = 0;
  #record: Cell[] = [];
  #suspects: { readonly cell: Cell; readonly turn: number }[] = [];
  /** Async turns that have not settled, dense. */
  readonly #open: (Cell | undefined)[] = [];
  #openCount = 0;
  readonly #waiting = new Map<number, Waiting>();
  #nextCall = 1;
  readonly #replies: { id: number; value: unknown }[] = [];
  #repliesDone = 0;
  #outbox: { from: number; to: number; sequence: number }[] = [];
  #outboxDone = 0;
  #writer: RingWriter | undefined = undefined;
  #reader: RingReader | undefined = undefined;
  #peer: { readonly port: MessagePort; readonly ints: Int32Array } | undefined = undefined;
  #stampNext = false;
  readonly #decideLater = (): void => this.#decide();
  readonly #resolved = Promise.resolve();
  readonly #post = (): void => this.#out.postMessage(note.drain);

  constructor(words: SharedWords, slots: number, host: SpikeHost, options: SpikeOptions = defaultSpikeOptions) {
    this.#options = options;
    this.#host = host;
    this.#ints = words.ints;
    this.#stamps = words.stamps;
    // Each live cell stands in it at most once; the rest is room for dead ones that were not skipped yet.
    const capacity = 2 ** Math.ceil(Math.log2(slots * 4));
    this.#runQueue = Array.from<Cell | undefined>({ length: capacity });
    this.#runMask = capacity - 1;
    const channel = new MessageChannel();
    this.#in = channel.port1;
    this.#out = channel.port2;
    this.#in.on("message", (code: number) => this.#onPort(code));
    this.#session.connect();
  }

  /** Joins this thread to one other by a ring each way; a bare message of `port` wakes it. */
  join(writer: RingWriter, reader: RingReader, port: MessagePort, peerWords: SharedWords): void {
    this.#writer = writer;
    this.#reader = reader;
    this.#peer = { port, ints: peerWords.ints };
    port.on("message", () => this.#onPort(note.drain));
  }

  spawn(slot: number, behaviour: SpikeBehaviour): void {
    const generation = (this.#generations[slot] ?? 0) + 1;
    const cell = new Cell(this, slot, generation, behaviour);
    this.#generations[slot] = generation;
    this.#cells[slot] = cell;
  }

  send(slot: number, message: unknown): boolean {
    const cell = this.#cells[slot];
    if (cell === undefined || cell.isDead) return false;
    if (cell.tail - cell.head >= cell.mailbox.length && !this.#grow(cell)) return false;
    // The commit: no call, no loop.
    const mailbox = cell.mailbox;
    mailbox[cell.tail & (mailbox.length - 1)] = message;
    cell.tail++;
    if (!cell.isQueued && cell.open === undefined && cell !== this.#serving) {
      cell.isQueued = true;
      this.#runQueue[this.#runTail & this.#runMask] = cell;
      this.#runTail++;
    }
    if (!this.#isDraining && !this.#isDeciding && !this.#isArmed) this.#arm();
    return true;
  }

  /** For the host: a message from outside a turn. */
  inject(slot: number, message: unknown): boolean {
    return this.send(slot, message);
  }

  sendAcross(from: number, to: number, sequence: number): boolean {
    if (this.#outbox.length - this.#outboxDone >= outboxMax) return false;
    const frame = { from, to, sequence };
    // `push` of a packed array is a builtin without a stack check: the one write of this commit.
    this.#outbox.push(frame);
    if (!this.#isDraining && !this.#isDeciding && !this.#isArmed) this.#arm();
    return true;
  }

  call(cell: Cell, slot: number, payload: unknown): Promise<unknown> {
    if (cell.isDead) throw new Error("noproc");
    if (this.#waiting.size >= callsMax) throw new Error("too many calls");
    const id = this.#nextCall;
    const { promise, resolve } = Promise.withResolvers<unknown>();
    const waiting: Waiting = { cell, resolve, promise: undefined };
    this.#nextCall = id + 1;
    cell.pending++;
    cell.graceUntilMs = 0;
    this.#waiting.set(id, waiting);
    if (!this.send(slot, { type: "call", id, payload } satisfies Call)) this.#replies.push({ id, value: "noproc" });
    return promise;
  }

  /** Stores the answer; the drain resolves the promise. */
  reply(id: number, value: unknown): void {
    this.#replies.push({ id, value });
    if (!this.#isDraining && !this.#isDeciding && !this.#isArmed) this.#arm();
  }

  task<T>(cell: Cell, promise: Promise<T>): Promise<T> {
    if (cell.isDead) throw new Error("noproc");
    const id = this.#nextCall;
    const own = Promise.withResolvers<unknown>();
    const waiting: Waiting = { cell, resolve: own.resolve, promise };
    this.#nextCall = id + 1;
    cell.pending++;
    cell.graceUntilMs = 0;
    this.#waiting.set(id, waiting);
    this.#subscribe(id, promise);
    // The kernel resolves it with what `promise` gave.
    return own.promise as Promise<T>;
  }

  /** Neither a message, nor an open turn, nor a frame is left. */
  get isIdle(): boolean {
    return (
      this.#runHead === this.#runTail &&
      this.#openCount === 0 &&
      this.#replies.length === this.#repliesDone &&
      this.#outbox.length === this.#outboxDone &&
      !this.#isHeld &&
      !this.#isDraining
    );
  }

  /** Slots whose async turn has not settled. */
  openSlots(): number[] {
    return this.#open.slice(0, this.#openCount).flatMap((cell) => (cell === undefined ? [] : [cell.slot]));
  }

  /** Slots with mail that nothing will serve: not queued and no turn open. */
  strandedSlots(): number[] {
    return this.#cells.flatMap((cell) =>
      cell !== undefined && cell.tail > cell.head && !cell.isQueued && cell.open === undefined ? [cell.slot] : [],
    );
  }

  close(): void {
    this.#in.close();
    this.#peer?.port.close();
    this.#session.disconnect();
  }

  // ---- the kill ------------------------------------------------------------------------------------------------

  /**
   * Called by the watchdog's evaluate, on top of whatever runs. Ends the turn that the request names and none other.
   * Answers "killed …", or why not. After the termination was asked for, nothing but the return of a made value.
   */
  kill(slot: number, generation: number, turn: number): string {
    if (this.#isHeld && this.#options.hold) return "held";
    if (this.#ints[word.turn] !== turn) return "gone";
    const isInTurn = (turn & 1) === 1;
    let cell: Cell | undefined;
    if (isInTurn) {
      if (this.#ints[word.slot] !== slot || this.#ints[word.generation] !== generation) return "gone";
      cell = this.#cells[slot];
    } else {
      cell = this.store.getStore();
    }
    if (cell === undefined) return "nobody";
    if (cell.slot !== slot || cell.generation !== generation || cell.isDead) return "other";
    if (this.#ints[word.truthSlot] !== slot + 1 || this.#ints[word.loopGeneration] !== generation) {
      this.counters.wrongVictims++;
    }
    const stack = new Error("turn ended by the watchdog").stack ?? "";
    this.#verdict = { cell, wasInTurn: isInTurn, stack };
    this.#isHeld = true;
    this.#out.postMessage(note.recover);
    const answer = `killed ${isInTurn ? "in turn" : "after await"}`;
    this.#session.post("Runtime.terminateExecution");
    return answer;
  }

  /** Whose continuation runs now, for a request in an even turn number: "slot generation turns" or "nobody". */
  who(): string {
    const cell = this.store.getStore();
    return cell === undefined ? "nobody" : `${cell.slot} ${cell.generation} ${cell.turns}`;
  }

  /** The first port message after a cut. */
  #recover(): void {
    const verdict = this.#verdict;
    if (verdict === undefined) throw new Error("a recovery without a verdict");
    // A cut inside a drain that the port opened lost no microtask. Anywhere else, also if the turn had just ended and
    // the drain with it, the cut went through the checkpoint.
    const wereDropped = !this.#isDraining || this.#isInMicrotasks;
    const victim = verdict.cell;
    const serving = this.#serving;
    if (serving !== undefined && serving !== victim && (this.#turn & 1) === 1) this.counters.wrongCuts++;
    this.counters.kills++;
    if (wereDropped) this.counters.killsInMicrotasks++;
    this.lastStack = verdict.stack;
    this.#verdict = undefined;
    this.#isDraining = false;
    this.#isArmed = false;
    this.#isDeciding = false;
    this.#serving = undefined;
    if ((this.#turn & 1) === 1) {
      this.#turn = (this.#turn + 1) | 0;
      this.#ints[word.turn] = this.#turn;
    }
    if (serving !== undefined && serving !== victim) this.#requeue(serving);
    this.#end(victim, "killed");
    if (wereDropped) {
      this.#resubscribe();
      const clockMs = this.#ints[word.clockMs] ?? 0;
      this.#suspects = [];
      for (let at = 0; at < this.#openCount; at++) {
        const cell = this.#open[at];
        if (cell === undefined) continue;
        const isMember = this.#options.record && cell.isInRecord;
        if (isMember && cell.pending === 0) this.#suspects.push({ cell, turn: cell.turns });
        else if (cell.graceUntilMs === 0) cell.graceUntilMs = clockMs + this.#options.asyncGraceMs;
      }
      // One further port message: what was only settled, and not lost, says so in the checkpoint before it.
      this.#out.postMessage(note.judge);
      return;
    }
    this.#resume();
  }

  #judge(): void {
    for (const { cell, turn } of this.#suspects) {
      if (cell.open === undefined || cell.turns !== turn || cell.isDead) continue;
      this.counters.turnLost++;
      this.#end(cell, "turnLost");
    }
    this.#suspects = [];
    this.#resume();
  }

  #resume(): void {
    this.#clearRecord();
    this.#isHeld = false;
    this.#stampNext = true;
    this.#ints[word.recoveries] = (this.#ints[word.recoveries] ?? 0) + 1;
    this.#arm();
  }

  /**
   * Ends open turns that were marked after a kill and have not settled in their grace. A kernel promise that is
   * still pending excuses them, and a further call or task clears the mark: it shows that the turn lives.
   */
  endLapsed(): void {
    const clockMs = this.#ints[word.clockMs] ?? 0;
    const lapsed: Cell[] = [];
    for (let at = 0; at < this.#openCount; at++) {
      const cell = this.#open[at];
      if (cell !== undefined && cell.pending === 0 && cell.graceUntilMs > 0 && clockMs >= cell.graceUntilMs)
        lapsed.push(cell);
    }
    for (const cell of lapsed) {
      this.counters.graceLost++;
      this.#end(cell, "turnLost");
    }
    if (lapsed.length > 0 && !this.#isDraining && !this.#isDeciding && !this.#isArmed) this.#arm();
  }

  #resubscribe(): void {
    for (let at = 0; at < this.#openCount; at++) {
      const cell = this.#open[at];
      if (cell?.open === undefined) continue;
      const turn = cell.turns;
      const again = (reason: ExitReason | undefined) => () => {
        if (cell.turns === turn) this.settle(cell, reason);
      };
      cell.open.then(again(undefined), again("error"));
    }
    for (const [id, waiting] of this.#waiting) {
      if (waiting.promise !== undefined) this.#subscribe(id, waiting.promise);
    }
  }

  #subscribe(id: number, promise: Promise<unknown>): void {
    const answer = (value: unknown): void => {
      if (this.#waiting.has(id)) this.reply(id, value);
    };
    promise.then(answer, answer);
  }

  #end(cell: Cell, reason: ExitReason): void {
    if (cell.isDead) return;
    cell.isDead = true;
    if (this.#cells[cell.slot] === cell) this.#cells[cell.slot] = undefined;
    this.#leaveOpen(cell);
    if (cell.pending > 0) {
      for (const [id, waiting] of this.#waiting) if (waiting.cell === cell) this.#waiting.delete(id);
    }
    const inHand = cell.inHand;
    cell.inHand = undefined;
    this.#forsake(cell.slot, inHand, true);
    while (cell.head < cell.tail) {
      const message = cell.mailbox[cell.head & (cell.mailbox.length - 1)];
      cell.head++;
      this.#forsake(cell.slot, message, false);
    }
    this.#host.exited(cell.slot, cell.generation, reason);
  }

  /** A message whose receiver is gone: its caller is answered, the host is told. */
  #forsake(slot: number, message: unknown, wasInHand: boolean): void {
    if (message === undefined) return;
    if (isCall(message)) this.#replies.push({ id: message.id, value: "noproc" });
    this.#host.lost(slot, message, wasInHand);
  }

  // ---- turns ---------------------------------------------------------------------------------------------------

  #onPort(code: number): void {
    if (code === note.recover) {
      this.#recover();
      return;
    }
    if (code === note.judge) {
      this.#judge();
      return;
    }
    if (this.#isHeld && this.#options.hold) return;
    // The checkpoint before this message is over: whoever is unsettled waits for something that is still to come.
    this.#clearRecord();
    this.#isInMicrotasks = false;
    this.#ints[word.sleeping] = 0;
    if (this.#yieldsToLoop()) return;
    this.#isArmed = false;
    this.#portStartMs = this.#ints[word.clockMs] ?? 0;
    this.#portMessages = 0;
    this.#drain();
  }

  #drain(): void {
    const ints = this.#ints;
    this.#isDraining = true;
    ints[word.drains] = ((ints[word.drains] ?? 0) + 1) | 0;
    if (this.#stampNext) {
      this.#stampNext = false;
      this.#stamps[0] = monotonicMs();
    }
    if (this.#reader !== undefined) this.#readRing(this.#reader);
    this.#resolveReplies();
    const runQueue = this.#runQueue;
    const runMask = this.#runMask;
    let isOver = false;
    while (!isOver && this.#runHead !== this.#runTail) {
      // Dequeue and the words of the run: a straight line behind the back edge.
      const at = this.#runHead & runMask;
      const cell = runQueue[at];
      runQueue[at] = undefined;
      this.#runHead++;
      if (cell === undefined || cell.isDead) continue;
      cell.isQueued = false;
      this.#serving = cell;
      ints[word.slot] = cell.slot;
      ints[word.generation] = cell.generation;
      let left = actorMessagesMax;
      while (left > 0 && cell.head !== cell.tail) {
        const mailbox = cell.mailbox;
        const place = cell.head & (mailbox.length - 1);
        const message = mailbox[place];
        mailbox[place] = undefined;
        cell.head++;
        cell.inHand = message;
        this.#turn = (this.#turn + 1) | 0;
        ints[word.turn] = this.#turn;
        const result =
          cell.resource === undefined
            ? cell.enter(message)
            : cell.resource.runInAsyncScope(cell.enter, undefined, message);
        this.#turn = (this.#turn + 1) | 0;
        ints[word.turn] = this.#turn;
        this.#portMessages++;
        this.counters.turns++;
        left--;
        if (result instanceof Promise) {
          cell.turns++;
          cell.open = result;
          cell.openAt = this.#openCount;
          this.#open[this.#openCount] = cell;
          this.#openCount++;
          cell.isInRecord = true;
          this.#record.push(cell);
          void result.then(cell.settled, cell.failed);
          left = 0;
        } else {
          cell.inHand = undefined;
        }
      }
      // Put back and let go of it: a straight line.
      if (cell.head !== cell.tail && cell.open === undefined && !cell.isQueued) {
        cell.isQueued = true;
        runQueue[this.#runTail & runMask] = cell;
        this.#runTail++;
      }
      this.#serving = undefined;
      isOver =
        this.#record.length >= this.#options.recordMax ||
        this.#portMessages >= drainMessagesMax ||
        (ints[word.clockMs] ?? 0) - this.#portStartMs >= drainMs;
    }
    if (this.#outbox.length > this.#outboxDone) this.#flush();
    this.#isDraining = false;
    if (this.#record.length > 0) {
      this.#tries = 0;
      this.#isDeciding = true;
      void this.#resolved.then(this.#decideLater);
    } else if (this.#hasWork) {
      this.#arm();
    } else if (this.#reader !== undefined) {
      this.#sleep(this.#reader);
    }
  }

  get #hasWork(): boolean {
    return (
      this.#runHead !== this.#runTail ||
      this.#replies.length > this.#repliesDone ||
      this.#outbox.length > this.#outboxDone
    );
  }

  /** Behind the first continuations of a batch: drain inline, look again, or post. */
  #decide(): void {
    if (this.#isHeld && this.#options.hold) return;
    let kept = 0;
    const record = this.#record;
    for (let at = 0; at < record.length; at++) {
      const cell = record[at];
      if (cell === undefined) continue;
      if (cell.open !== undefined && cell.pending === 0) record[kept++] = cell;
      else cell.isInRecord = false;
    }
    record.length = kept;
    const isSpent =
      this.#portMessages >= drainMessagesMax || (this.#ints[word.clockMs] ?? 0) - this.#portStartMs >= drainMs;
    if (kept > 0 && this.#tries < 3) {
      this.#tries++;
      void this.#resolved.then(this.#decideLater);
      return;
    }
    this.#isDeciding = false;
    if (kept === 0 && !isSpent && this.#hasWork) {
      this.#isInMicrotasks = true;
      this.#drain();
    } else if (kept > 0 || this.#hasWork) {
      // Somebody still waits: the post also closes the record.
      this.#arm();
    } else if (this.#reader !== undefined) {
      this.#sleep(this.#reader);
    }
  }

  /** An async turn is over. Only requeues; called twice after a recovery, so the second call finds nothing open. */
  settle(cell: Cell, reason: ExitReason | undefined): void {
    if (cell.open === undefined || cell.isDead) return;
    this.#leaveOpen(cell);
    if (reason === "error") {
      this.counters.errors++;
      this.#end(cell, "error");
    } else {
      cell.inHand = undefined;
      this.#requeue(cell);
    }
    if (!this.#isDraining && !this.#isDeciding && !this.#isArmed && this.#hasWork) this.#arm();
  }

  #leaveOpen(cell: Cell): void {
    if (cell.open === undefined) return;
    const last = this.#open[this.#openCount - 1];
    cell.open = undefined;
    cell.graceUntilMs = 0;
    if (last !== undefined) {
      this.#open[cell.openAt] = last;
      last.openAt = cell.openAt;
    }
    this.#openCount--;
    this.#open[this.#openCount] = undefined;
    cell.openAt = -1;
  }

  #requeue(cell: Cell): void {
    if (cell.isDead || cell.isQueued || cell.open !== undefined || cell.head === cell.tail) return;
    cell.isQueued = true;
    this.#runQueue[this.#runTail & this.#runMask] = cell;
    this.#runTail++;
  }

  #clearRecord(): void {
    for (let at = 0; at < this.#record.length; at++) {
      const cell = this.#record[at];
      if (cell !== undefined) cell.isInRecord = false;
    }
    this.#record.length = 0;
  }

  #resolveReplies(): void {
    const replies = this.#replies;
    while (this.#repliesDone < replies.length && this.#record.length < this.#options.recordMax) {
      const answer = replies[this.#repliesDone];
      this.#repliesDone++;
      if (answer === undefined) continue;
      const waiting = this.#waiting.get(answer.id);
      if (waiting === undefined) continue;
      this.#waiting.delete(answer.id);
      const cell = waiting.cell;
      cell.pending--;
      if (cell.isDead) continue;
      if (!cell.isInRecord) {
        cell.isInRecord = true;
        this.#record.push(cell);
      }
      waiting.resolve(answer.value);
    }
    if (this.#repliesDone === replies.length) {
      replies.length = 0;
      this.#repliesDone = 0;
    }
  }

  #grow(cell: Cell): boolean {
    const old = cell.mailbox;
    if (old.length >= mailboxMax) return false;
    const grown = Array.from<unknown>({ length: old.length * 2 });
    for (let at = cell.head; at < cell.tail; at++) grown[at & (grown.length - 1)] = old[at & (old.length - 1)];
    cell.mailbox = grown;
    return true;
  }

  // ---- posting -------------------------------------------------------------------------------------------------

  /** Also called in user frames, so nothing but a native call: `setImmediate` is JavaScript and could be cut. */
  #arm(): void {
    this.#isArmed = true;
    this.#out.postMessage(note.drain);
  }

  /** After 15 ms of posting to itself the next post takes the way through the event loop. */
  #yieldsToLoop(): boolean {
    if (this.#options.posting === "naive") return false;
    const clockMs = this.#ints[word.clockMs] ?? 0;
    if (this.#burstStartMs < 0) this.#burstStartMs = clockMs;
    if (clockMs - this.#burstStartMs < burstMs) return false;
    this.#burstStartMs = -1;
    setImmediate(this.#post);
    return true;
  }

  // ---- between threads -----------------------------------------------------------------------------------------

  #readRing(reader: RingReader): void {
    const ints = reader.ints;
    const tail = Atomics.load(ints, ring.tailAt);
    while (reader.head !== tail) {
      const at = ring.dataAt + (reader.head & (ring.frames - 1)) * ring.frameInts;
      const to = ints[at + 1] ?? 0;
      const message = this.#host.across(ints[at] ?? 0, to, ints[at + 2] ?? 0);
      const cell = this.#cells[to];
      if (cell !== undefined && (cell.tail - cell.head < cell.mailbox.length || this.#grow(cell))) {
        // The commit: mailbox, run queue and ring position together.
        const mailbox = cell.mailbox;
        mailbox[cell.tail & (mailbox.length - 1)] = message;
        cell.tail++;
        if (!cell.isQueued && cell.open === undefined) {
          cell.isQueued = true;
          this.#runQueue[this.#runTail & this.#runMask] = cell;
          this.#runTail++;
        }
        reader.head = (reader.head + 1) | 0;
      } else {
        this.#host.lost(to, message, false);
        reader.head = (reader.head + 1) | 0;
      }
    }
    Atomics.store(ints, ring.headAt, reader.head);
  }

  #flush(): void {
    const writer = this.#writer;
    const peer = this.#peer;
    if (writer === undefined || peer === undefined) return;
    const ints = writer.ints;
    const head = Atomics.load(ints, ring.headAt);
    while (this.#outboxDone < this.#outbox.length && ((writer.tail - head) | 0) < ring.frames) {
      const frame = this.#outbox[this.#outboxDone];
      if (frame === undefined) break;
      const at = ring.dataAt + (writer.tail & (ring.frames - 1)) * ring.frameInts;
      ints[at] = frame.from;
      ints[at + 1] = frame.to;
      ints[at + 2] = frame.sequence;
      writer.tail = (writer.tail + 1) | 0;
      this.#outboxDone++;
    }
    if (this.#outboxDone === this.#outbox.length) {
      this.#outbox = [];
      this.#outboxDone = 0;
    }
    Atomics.store(ints, ring.tailAt, writer.tail);
    if (Atomics.compareExchange(peer.ints, word.sleeping, 1, 0) === 1) peer.port.postMessage(note.drain);
  }

  #sleep(reader: RingReader): void {
    Atomics.store(this.#ints, word.sleeping, 1);
    if (Atomics.load(reader.ints, ring.tailAt) === reader.head) return;
    Atomics.store(this.#ints, word.sleeping, 0);
    this.#arm();
  }
}

export function isCall(message: unknown): message is Call {
  return typeof message === "object" && message !== null && "type" in message && message.type === "call";
}
