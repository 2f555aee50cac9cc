/**
 * One seeded run of streams between actors on simulated threads: they write, read, end, cancel, crash, wait too long and are
 * lost with their threads at any moment. What each reads is held against what was written.
 */
import type { Context, Envelope, From, StreamReader, StreamWriter } from "../../../core/actor/context.ts";
import type { Ref } from "../../../core/actor/ref.ts";
import { makeBehaviour, sameRef } from "../../../core/index.ts";
import type { Kernel } from "../../../core/kernel/kernel.ts";
import type { Reader } from "../../../core/streams/stream-reader.ts";
import type { Writer } from "../../../core/streams/stream-writer.ts";
import { SimulatedSystem } from "../../support/simulated-system.ts";

const threads = 3;
const actorsPerThread = 2;
const deedsPerRun = 150;
const recentMax = 6;
const topic = "streams";
const endValue = "the end";

interface Actor {
  readonly kernel: Kernel;
  readonly ref: Ref;
  readonly ctx: Context;
}

/** What a run knows of one stream. */
interface Stream {
  readonly name: string;
  readonly consumer: Actor;
  readonly reader: StreamReader;
  /** Who has opened it; by a request it may be several, of whom one is read. */
  readonly written: { readonly by: Actor; readonly writer: StreamWriter; count: number; isEnded: boolean }[];
  readonly read: unknown[];
  isAsking: boolean;
  /** How its end was told, each time that it was. */
  readonly ends: string[];
  /** The consumer has left it, or may have waited too long. */
  isLeft: boolean;
}

type Chunk = readonly [opener: number, number: number];

export class StreamRun {
  readonly #system: SimulatedSystem;
  readonly #actors: Actor[] = [];
  readonly #streams = new Map<string, Stream>();
  readonly #breaches: string[] = [];
  #opened = 0;

  constructor(seed: number) {
    this.#system = new SimulatedSystem(seed, threads);
    for (const { kernel } of this.#system.threads.values())
      for (let n = 0; n < actorsPerThread; n++) this.#spawn(kernel);
  }

  /** What breaks S18. The same seed gives the same. */
  async breaches(): Promise<string[]> {
    const { random } = this.#system;
    await this.#settle();
    for (let n = 0; n < deedsPerRun; n++) {
      this.#deed();
      for (let steps = random.below(4); steps > 0; steps--) this.#system.step();
      await microtasks();
    }
    await this.#settle();
    await this.#readOut();
    for (const stream of this.#streams.values()) {
      this.#checkEnds(stream);
      this.#checkEnded(stream);
    }
    // Nobody is left to write or to read.
    for (const { kernel, ref } of this.#actors) if (this.#isAlive({ kernel, ref })) kernel.guest.ctx?.exit(ref, "kill");
    await this.#settle();
    await this.#readOut();
    for (const stream of this.#streams.values()) this.#check(stream);
    for (const { kernel } of this.#system.threads.values())
      if (kernel.streams.open > 0 || kernel.calls.open > 0)
        this.#breaches.push(`thread ${kernel.thread} holds ${kernel.streams.open} streams, ${kernel.calls.open} calls`);
    return this.#breaches;
  }

  #spawn(kernel: Kernel): void {
    const open = (name: string, from: From, ctx: Context) => {
      const by = this.#actors.find(({ ctx: own }) => own === ctx) as Actor;
      const stream = this.#streams.get(name) as Stream;
      stream.written.push({ by, writer: ctx.stream(from), count: 0, isEnded: false });
    };
    const behaviour = makeBehaviour<undefined, never>(
      { module: "sim:streams" },
      {
        init: (_, ctx) => {
          this.#actors.push({ kernel, ref: ctx.self, ctx });
          void ctx.subscribe(topic);
          return undefined;
        },
        receive: (_state, message, ctx) => {
          const { message: name, replyTo } = message as Envelope;
          open(name as string, replyTo as From, ctx);
        },
        call: (_state, handler, name, ctx) => {
          if (handler === "plain") return endValue;
          if (handler === "crash") throw new Error("before it was opened");
          open(name as string, ctx.from as From, ctx);
          return ctx.noReply;
        },
      },
    );
    kernel.guest.ctx?.spawn(behaviour as never, undefined as never, { placement: "local" });
  }

  #isAlive({ kernel, ref }: Pick<Actor, "kernel" | "ref">): boolean {
    return this.#system.threads.has(kernel.thread) && kernel.isAlive(ref);
  }

  #deed(): void {
    const { random } = this.#system;
    const living = this.#actors.filter((actor) => this.#isAlive(actor));
    // Of old ones there is little left to see.
    const streams = [...this.#streams.values()].slice(-recentMax);
    if (living.length < 2 || random.below(40) === 0) {
      const kernel = random.pick([...this.#system.threads.values()]).kernel;
      this.#spawn(kernel);
      return;
    }
    switch (random.below(24)) {
      case 0:
      case 1:
        this.#open(random.pick(living), random.pick(this.#actors));
        return;
      case 3:
        if (random.below(6) > 0) return;
        // By anybody: the end overtakes what others have sent.
        random.pick(living).ctx.exit(random.pick(living).ref, "kill");
        return;
      case 4:
        if (random.below(8) === 0 && this.#system.threads.size > 1) this.#loseThread();
        return;
      case 5:
        if (random.below(3) === 0) this.#system.passTime(random.below(300));
        return;
      case 6:
        this.#leave(random.pick(streams));
        return;
      case 7:
        this.#end(random.pick(streams));
        return;
      default:
        if (random.below(2) === 0) this.#write(random.pick(streams));
        else this.#read(random.pick(streams));
    }
  }

  #loseThread(): void {
    const { random } = this.#system;
    const thread = random.pick([...this.#system.threads.keys()].filter((one) => one !== 0));
    if (thread !== undefined) this.#system.killThread(thread, "killed");
  }

  #open(consumer: Actor, producer: Actor): void {
    const { random } = this.#system;
    const name = `stream${(this.#opened += 1)}`;
    const mayTimeOut = random.below(4) === 0;
    const options = {
      window: 1 + random.below(4),
      idleTimeoutMs: mayTimeOut ? 200 : Number.POSITIVE_INFINITY,
      ...(random.below(16) === 0 && { signal: AbortSignal.abort() }),
    };
    const handler = random.pick(["open", "open", "open", "open", "plain", "crash"] as const);
    const reader =
      random.below(3) === 0
        ? consumer.ctx.requestStream(topic, name, options)
        : consumer.ctx.callStream(producer.ref, handler, name, options);
    const stream: Stream = {
      name,
      consumer,
      reader,
      written: [],
      read: [],
      isAsking: false,
      ends: [],
      isLeft: mayTimeOut,
    };
    this.#streams.set(name, stream);
  }

  #write(stream: Stream | undefined): void {
    if (stream === undefined) return;
    const { random } = this.#system;
    const at = random.below(Math.max(1, stream.written.length));
    const opened = stream.written[at];
    if (opened === undefined || !this.#isAlive(opened.by)) return;
    try {
      for (let more = random.below(6); more >= 0; more--) {
        // What it returns is not awaited: all that was written must come in its order.
        void opened.writer.write([at, opened.count] satisfies Chunk);
        opened.count++;
      }
    } catch (error) {
      const { code } = error as { code: string };
      if (code !== "stream_closed") this.#breaches.push(`${stream.name}: write failed with ${code}`);
    }
  }

  #end(stream: Stream | undefined): void {
    const { random } = this.#system;
    const opened = random.pick(stream?.written ?? []);
    if (opened === undefined || !this.#isAlive(opened.by)) return;
    opened.isEnded = true;
    if (random.below(3) === 0) opened.writer.fail({ code: "failed", message: "by the run" });
    else opened.writer.end(endValue);
  }

  #leave(stream: Stream | undefined): void {
    if (stream === undefined || !this.#isAlive(stream.consumer)) return;
    stream.isLeft = true;
    stream.reader.cancel();
  }

  #read(stream: Stream | undefined): void {
    if (stream === undefined || stream.isAsking || !this.#isAlive(stream.consumer)) return;
    stream.isAsking = true;
    void stream.reader.next().then(
      ({ done, value }) => {
        stream.isAsking = false;
        if (done !== true) stream.read.push(value);
        else if (stream.ends.length === 0) stream.ends.push(endOf(value));
        else if (value !== undefined && stream.ends[0] !== endOf(value)) stream.ends.push("another value");
      },
      ({ code }: { code: string }) => {
        stream.isAsking = false;
        stream.ends.push(`error ${code}`);
      },
    );
  }

  /** Each consumer reads for as long as there is something. */
  async #readOut(): Promise<void> {
    let before: number;
    let now = this.#progress();
    do {
      before = now;
      for (const stream of this.#streams.values()) this.#read(stream);
      await this.#settle();
      now = this.#progress();
    } while (now > before);
  }

  #progress(): number {
    let sum = 0;
    for (const { read, ends } of this.#streams.values()) sum += read.length + ends.length;
    return sum;
  }

  async #settle(): Promise<void> {
    do {
      await microtasks();
      this.#system.settle();
      await microtasks();
    } while (this.#system.isBusy);
  }

  /** While others live: nobody writes for a reader that is gone or reads another's, or reads of one who has ended. */
  #checkEnds({ consumer, name, reader, written }: Stream): void {
    const { callee, isOver, producer } = reader as Reader; // as a kernel makes it
    const isRead = this.#isAlive(consumer) && !isOver;
    for (const [at, { by, writer }] of written.entries()) {
      const isOpen = this.#isAlive(by) && !(writer as Writer).isOver;
      if (isOpen && !(isRead && sameRef(producer, by.ref)))
        this.#breaches.push(`${name}: opener ${at} writes for nobody`);
    }
    const other = producer ?? callee;
    if (!isRead || other === undefined) return;
    const isThere = [...this.#system.threads.values()].some(({ kernel }) => kernel.cellOf(other) !== undefined);
    if (!isThere) this.#breaches.push(`${name} is read of somebody who has ended`);
  }

  /** While its actors live: what was ended is over, and all of it was read. */
  #checkEnded(stream: Stream): void {
    const { consumer, ends, isLeft, name, read, written } = stream;
    if (isLeft || !this.#isAlive(consumer) || ends.some((end) => end === "error cancelled")) return;
    const [opened] = written;
    if (written.length !== 1 || opened === undefined || !opened.isEnded || !this.#isAlive(opened.by)) return;
    if (ends.length === 0) this.#breaches.push(`${name} was ended, and its consumer waits`);
    const isByOther = ends[0] !== `value ${endValue}` && ends[0] !== "error failed";
    if (!isByOther && read.length !== opened.count)
      this.#breaches.push(`${name}: read ${read.length} of ${opened.count} that were written before its end`);
  }

  #check(stream: Stream): void {
    const { consumer, ends, name, read, written } = stream;
    const chunks = read as Chunk[];
    const [opener] = chunks[0] ?? [0];
    for (const [at, [by, number]] of chunks.entries())
      if (by !== opener || number !== at) this.#breaches.push(`${name}: read ${by}.${number} at ${at} of ${opener}`);
    if (chunks.length > (written[opener]?.count ?? 0)) this.#breaches.push(`${name}: read more than was written`);
    if (ends.length > 1) this.#breaches.push(`${name}: its end was told as ${ends.join(", ")}`);
    if (this.#system.threads.has(consumer.kernel.thread) && stream.isAsking)
      this.#breaches.push(`${name}: its consumer waits for ever`);
  }
}

const endOf = (value: unknown): string => `value ${value === undefined ? "none" : (value as string)}`;
const microtasks = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
