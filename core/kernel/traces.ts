/**
 * The messages of chosen actors, told as events: what each gets and sends, with ids that tie a message to the one whose turn
 * sent it (Erlang's sys:trace/2 and sequential trace tokens).
 *
 * An actor that is traced has a flag by which its turns and deliveries leave the short way; all others do not know of it.
 * The id of a message that a traced actor sends to another one goes with it, also to another thread (not while a plan of
 * faults is at work, whose mark stands in its place).
 */
import { type Cell, extraOf, Flag } from "../actor/cell.ts";
import { type MessageMeta, Meta, MetaKind } from "../actor/mailbox.ts";
import { type RefData, refKey } from "../actor/ref.ts";
import { eventBit, type TraceEvent } from "./events.ts";
import type { Kernel } from "./kernel.ts";
import { mailText, plainText } from "./report-text.ts";

/** Messages that came and that the actor has not handled, of which it is known from whom; older ones are forgotten. */
const arrivalsMax = 1_024;
/** The same of calls that are not answered. */
const callsMax = 1_024;
/** Ids of one thread; those of all threads are whole numbers below 2^53. */
const idsPerThread = 2 ** 32;
const textMax = 500;

interface Arrival {
  readonly meta: MessageMeta;
  readonly payload: unknown;
  readonly id: number;
  readonly from: RefData | undefined;
}

/** What is known of one traced actor. */
export class TraceRecord {
  /** Oldest first. */
  readonly arrivals: Arrival[] = [];
  /** The message that it handles, or handled last, and the scheduler's number of that turn. */
  current = 0;
  turn = 0;
  /** What it sent last, as long as that is not delivered. */
  sent: { readonly id: number; readonly payload: unknown } | undefined = undefined;
  /** Calls that it made: the kernel's id of it -> that of the message. */
  readonly calls = new Map<number, number>();
  /** Calls that it has handled, and may still answer: caller and its id of it -> that of the message. */
  readonly handledCalls = new Map<string, number>();
}

const kindNames = new Map(Object.entries(MetaKind).map(([name, kind]) => [kind, name]));

export class Traces {
  readonly #kernel: Kernel;
  #last = 0;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  begin(cell: Cell): void {
    const extra = extraOf(cell);
    cell.flags |= Flag.traced;
    if (extra.trace !== undefined) return;
    const record = new TraceRecord();
    extra.trace = record;
    // What is there already has come from nobody that is known: others like it are told apart from it by their order.
    for (const box of [extra.heldMail, cell.mailbox])
      box?.forEach((meta, payload) => this.#note(record, { meta, payload, id: 0, from: undefined }));
  }

  end(cell: Cell): void {
    cell.flags &= ~Flag.traced;
    if (cell.extra !== undefined) cell.extra.trace = undefined;
  }

  /** A traced actor sends a message. @param name of a cast or a call. */
  sent(cell: Cell, to: RefData, kind: "message" | "cast" | "call", name: string | undefined, payload: unknown): void {
    const record = cell.extra?.trace;
    if (record === undefined || !this.#isWanted) return;
    this.#kernel.scheduler.commit(() => {
      const id = this.#newId();
      record.sent = { id, payload };
      const meta = kind === "call" ? new Meta(MetaKind.call, name ?? "", 0, undefined) : name;
      this.#tell(cell, "sent", kind, to, id, this.#causeIn(cell, record), mailText({ meta, payload }, plainText));
    });
  }

  /** The id of the message that is on its way from this sender, for its receiver; 0: there is none. */
  idOf(sender: Cell, payload: unknown): number {
    const record = sender.extra?.trace;
    const sent = record?.sent;
    if (record === undefined || sent === undefined || !Object.is(sent.payload, payload)) return 0;
    record.sent = undefined;
    return sent.id;
  }

  /** A message has come to a traced actor. @param id as its sender's thread gave it; 0: none. */
  arrived(cell: Cell, meta: MessageMeta, payload: unknown, from: RefData | undefined, id: number): void {
    const record = cell.extra?.trace;
    if (record === undefined || !this.#isWanted) return;
    this.#note(record, { meta, payload, id, from });
  }

  #note({ arrivals }: TraceRecord, arrival: Arrival): void {
    if (arrivals.length >= arrivalsMax) arrivals.shift();
    arrivals.push(arrival.id === 0 ? { ...arrival, id: this.#newId() } : arrival);
  }

  /** A traced actor begins to handle a message. */
  handled(cell: Cell, meta: MessageMeta, payload: unknown): void {
    const record = cell.extra?.trace;
    if (record === undefined || !this.#isWanted) return;
    if (meta instanceof Meta && meta.kind === MetaKind.inspect) return;
    this.#kernel.scheduler.commit(() => {
      const at = record.arrivals.findIndex((one) => one.meta === meta && Object.is(one.payload, payload));
      const [arrival] = at < 0 ? [] : record.arrivals.splice(at, 1);
      const id = arrival?.id ?? this.#newId();
      record.current = id;
      record.turn = this.#kernel.scheduler.turn;
      if (meta instanceof Meta && meta.kind === MetaKind.call)
        keep(record.handledCalls, callKey(meta.from, meta.id), id);
      const kind = meta instanceof Meta ? (kindNames.get(meta.kind) as TraceEvent["kind"]) : undefined;
      const from = arrival?.from ?? (meta instanceof Meta ? meta.from : undefined);
      const text = mailText({ meta, payload }, plainText);
      this.#tell(cell, "received", kind ?? (meta === undefined ? "message" : "cast"), from, id, 0, text);
    });
  }

  /** A traced actor answers a call. */
  answers(cell: Cell, to: RefData | undefined, callId: number, value: unknown): void {
    const record = cell.extra?.trace;
    if (record === undefined || !this.#isWanted) return;
    const key = callKey(to, callId);
    this.#kernel.scheduler.commit(() => {
      const cause = record.handledCalls.get(key) ?? 0;
      record.handledCalls.delete(key);
      this.#tell(cell, "sent", "reply", to, this.#newId(), cause, plainText(value));
    });
  }

  /** A traced actor makes a call, which the kernel knows by its id. */
  called(cell: Cell, to: RefData, callId: number, name: string, argument: unknown): void {
    this.sent(cell, to, "call", name, argument);
    const record = cell.extra?.trace;
    if (record?.sent !== undefined && this.#isWanted) keep(record.calls, callId, record.sent.id);
  }

  /** The answer of a call has come to a traced actor; its cause is the call. */
  answered(cell: Cell, callId: number, callee: RefData, value: unknown): void {
    const record = cell.extra?.trace;
    const cause = record?.calls.get(callId);
    if (record === undefined || cause === undefined || !this.#isWanted) return;
    record.calls.delete(callId);
    this.#tell(cell, "received", "reply", callee, this.#newId(), cause, plainText(value));
  }

  get #isWanted(): boolean {
    return this.#kernel.wants(eventBit("trace"));
  }

  #newId(): number {
    return this.#kernel.thread * idsPerThread + ++this.#last;
  }

  /** What it handles now; 0: it sends outside of any message's turn. */
  #causeIn(cell: Cell, record: TraceRecord): number {
    const isOpen = (cell.flags & Flag.open) !== 0;
    const { scheduler } = this.#kernel;
    return isOpen || (scheduler.isTurnOf(cell) && record.turn === scheduler.turn) ? record.current : 0;
  }

  #tell(
    cell: Cell,
    what: TraceEvent["what"],
    kind: TraceEvent["kind"],
    peer: RefData | undefined,
    id: number,
    cause: number,
    text: string,
  ): void {
    const kernel = this.#kernel;
    kernel.emit({
      type: "trace",
      ref: kernel.refOf(cell),
      name: cell.extra?.name,
      what,
      kind,
      peer,
      id: idText(id),
      cause: cause === 0 ? undefined : idText(cause),
      message: text.slice(0, textMax),
    });
  }
}

/** Within the bound: the oldest goes. */
function keep<K>(calls: Map<K, number>, key: K, id: number): void {
  const [oldest] = calls.size >= callsMax ? calls.keys() : [];
  if (oldest !== undefined) calls.delete(oldest);
  calls.set(key, id);
}

function callKey(caller: RefData | undefined, id: number): string {
  return caller === undefined ? String(id) : `${refKey(caller)} ${id}`;
}

function idText(id: number): string {
  return `${Math.floor(id / idsPerThread)}.${id % idsPerThread}`;
}
