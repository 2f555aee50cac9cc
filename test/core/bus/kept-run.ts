/**
 * One run of publishers, members of acknowledged queues and readers of a kept topic on three simulated threads, with a
 * supervised `system.bus`, held against the oracle of S17. What happens is given; how threads interleave is seeded.
 */
import type { Context, Envelope, SubscriptionOptions } from "../../../core/actor/context.ts";
import type { BusTable } from "../../../core/bus/kept/bus-table.ts";
import { ackIdOf } from "../../../core/bus/kept/kept-message.ts";
import { defineActor } from "../../../core/index.ts";
import type { Kernel } from "../../../core/kernel/kernel.ts";
import { ValueBytes } from "../../../core/thread/value-bytes.ts";
import { supervisor } from "../../../supervisors/index.ts";
import { SimulatedTree } from "../../support/simulated-tree.ts";
import { regExpOf } from "./bus-oracle.ts";
import { type Holder, KeptOracle, type News, type OracleQueue } from "./kept-oracle.ts";

const threads = 3;
const topics = ["a.x", "a.y", "b.x"];
const keptPattern = "a.*";
const membersMax = 5;
const lossesMax = 2;
const attempts = 4;

interface RunQueue extends OracleQueue {
  readonly options: SubscriptionOptions;
}

const queueOf = (pattern: string, name: string, isLossless: boolean, options: SubscriptionOptions): RunQueue => ({
  pattern,
  name,
  isLossless,
  matches: (topic) => regExpOf(pattern).test(topic),
  options: { queue: name, ack: true, attempts, backoff: { minMs: 20, maxMs: 100 }, ackWaitMs: 400, ...options },
});
const queues = [
  queueOf("a.*", "rejecting", true, { capacity: 6, policy: "reject" }),
  queueOf(">", "dropping", false, {
    capacity: 5,
    policy: "dropOldest",
    balance: "roundRobin",
    maxInHand: 3,
  }),
  queueOf("*.x", "waiting", true, { capacity: 4, policy: "wait" }),
];

interface Consumer extends Holder {
  readonly queue: RunQueue | undefined;
  readonly ctx: Context;
  readonly kept: Envelope[];
  subscription: number | undefined;
  hasLeft: boolean;
  isHeld: boolean;
  isAlive(): boolean;
}

/** What is to be done, and by whom or with what: each number as far as it is meant. */
export type Deed = readonly [deed: number, who: number, what: number];

export class KeptRun {
  readonly #tree: SimulatedTree;
  readonly #oracle = new KeptOracle();
  readonly #consumers: Consumer[] = [];
  readonly #numbers = new Map<number, number>();
  readonly #dueOf = new Map<string, number>();
  #born = 0;
  #losses = 0;
  #isOver = false;

  constructor(seed: number) {
    this.#tree = new SimulatedTree({ seed, threads });
    const main = this.#system.kernel(0);
    main.host.startService = ({ name, behaviour }) => {
      const children = [{ id: name, start: [behaviour], name }] as const;
      this.#tree.ctx.spawn(supervisor, { intensity: 10_000, children });
    };
    const bus = this.#bus;
    const record = bus.record.bind(bus);
    bus.record = (words, envelope, ...rest) => {
      this.#oracle.arrives(queues, envelope.message as News);
      record(words, envelope, ...rest);
    };
    const values = new ValueBytes(main.refWire);
    const give = bus.queues.give.bind(bus.queues);
    bus.queues.give = (entry, member) => {
      give(entry, member);
      const { number, queue, message, dueMs, attempts: attempt } = entry;
      this.#dueOf.set(ackIdOf([queue.number, number, attempt]), dueMs);
      const news = values.decode(message.bytes) as News;
      this.#oracle.gives(queueNamed(queue.name), news);
    };
  }

  get #system() {
    return this.#tree.system;
  }

  get #bus(): BusTable {
    const { bus } = this.#system.kernel(0);
    if (bus === undefined) throw new Error("main has no table");
    return bus;
  }

  /** What breaks S17. */
  async breaches(deeds: readonly Deed[]): Promise<string[]> {
    const kept = this.#tree.ctx.keepTopic(keptPattern, { messages: 8 });
    for (const queue of queues) this.#spawn(queue, 0);
    await this.#tree.until(kept);
    await this.#tree.settle();
    for (const deed of deeds) {
      this.#do(deed);
      for (let steps = this.#system.random.below(5); steps > 0; steps--) this.#system.step();
      await microtasks();
    }
    await this.#finish();
    const { queues: stats, kept: keptStats } = this.#bus.stats;
    const left = ({ name }: OracleQueue) => {
      const found = stats.find((one) => one.queue === name);
      if (found === undefined) throw new Error(`there is no queue ${name}`);
      return { ...found, left: found.waiting + found.inHand + found.resting + found.discarded };
    };
    return this.#oracle.verdict(left, keptStats[0]?.lastSeq ?? 0);
  }

  /** From now on everybody does his work, and time passes until nothing is left of it. */
  async #finish(): Promise<void> {
    this.#isOver = true;
    for (const consumer of this.#consumers) {
      this.#hold(consumer, false);
      for (const message of consumer.kept.splice(0)) if (consumer.isAlive()) this.#answer(consumer, message, "ack");
    }
    for (const queue of queues) this.#spawn(queue, 0);
    for (let rounds = 0; rounds < 30; rounds++) await this.#tree.advance(100);
  }

  #do([deed, who, what]: Deed): void {
    const consumer = this.#consumers[who % Math.max(1, this.#consumers.length)];
    const { ctx } = this.#tree;
    switch (deed % 12) {
      case 0:
        if (this.#consumers.length < membersMax + queues.length)
          this.#spawn(what % 4 === 3 ? undefined : queues[what % queues.length], who % threads);
        return;
      case 1:
        if (consumer?.isAlive() === true) ctx.exit(consumer.ctx.self, "kill");
        return;
      case 2:
        if (consumer?.isAlive() === true && consumer.subscription !== undefined) {
          consumer.hasLeft = true;
          consumer.ctx.unsubscribe(consumer.subscription);
        }
        return;
      case 3: {
        const keeper = ctx.whereis("system.bus");
        if (keeper !== undefined) ctx.exit(keeper, "kill");
        return;
      }
      case 4:
        this.#system.passTime(what % 300);
        return;
      case 5:
        if (consumer?.isAlive() === true) this.#hold(consumer, !consumer.isHeld);
        return;
      case 6: {
        const message = consumer?.kept.shift();
        if (consumer?.isAlive() === true && message !== undefined)
          this.#answer(consumer, message, what % 3 === 0 ? "nack" : "ack");
        return;
      }
      case 7:
        if (what % 8 === 0) this.#loseThread(1 + (who % (threads - 1)));
        return;
      default:
        this.#publish(who % threads, topics[what % topics.length] as string, what % 5 === 4 ? 9 : 5, what % 7 !== 6);
    }
  }

  #loseThread(position: number): void {
    if (this.#losses === lossesMax) return;
    this.#losses++;
    this.#oracle.isThreadLost = true;
    this.#system.killThread(this.#system.memory.threadAt(position) as number, "lost");
    this.#system.addThread(position);
  }

  #kernelAt(position: number): Kernel {
    return this.#system.kernel(this.#system.memory.threadAt(position) as number);
  }

  #publish(position: number, topic: string, priority: number, isAcked: boolean): void {
    const { guest, thread } = this.#kernelAt(position);
    const number = (this.#numbers.get(thread) ?? 0) + 1;
    this.#numbers.set(thread, number);
    const news: News = { publisher: thread, number, topic, priority };
    if (!isAcked) {
      void guest.ctx?.publish(topic, news, { priority });
      return;
    }
    // One that a bound refuses was not kept.
    guest.ctx?.publish(topic, news, { priority, ack: true }).then(
      ({ seq }) => this.#oracle.kept(news, seq),
      () => undefined,
    );
  }

  #hold(consumer: Consumer, isHeld: boolean): void {
    if (consumer.isHeld === isHeld || !consumer.isAlive()) return;
    consumer.isHeld = isHeld;
    const { self } = consumer.ctx;
    const kernel = this.#system.kernel(self.thread);
    const cell = kernel.cellOf(self);
    if (cell === undefined) throw new Error("it has ended");
    if (isHeld) kernel.lifecycle.hold(cell);
    else kernel.lifecycle.release(cell);
  }

  #spawn(queue: RunQueue | undefined, position: number): void {
    const kernel = this.#kernelAt(position);
    const behaviour = defineActor({
      module: "sim:kept",
      init: (_: undefined, ctx: Context): Consumer => {
        const name = `consumer${(this.#born += 1)}`;
        const isAlive = () => this.#system.threads.has(kernel.thread) && kernel.isAlive(ctx.self);
        const consumer: Consumer = {
          name,
          isAlive,
          isThere: () => isAlive() && !consumer.hasLeft,
          queue,
          ctx,
          kept: [],
          subscription: undefined,
          hasLeft: false,
          isHeld: false,
        };
        const options = queue === undefined ? ({ from: "first", capacity: 2 } as const) : queue.options;
        void ctx.subscribe(queue?.pattern ?? keptPattern, options).then(({ id }) => (consumer.subscription = id));
        this.#consumers.push(consumer);
        return consumer;
      },
      receive: (consumer: Consumer, message: Envelope, ctx) => {
        if (consumer.queue === undefined) this.#oracle.reads(consumer, message);
        else this.#begin(consumer, consumer.queue, message, ctx);
      },
    });
    kernel.guest.ctx?.spawn(behaviour, undefined, { placement: "local" });
  }

  #begin(consumer: Consumer, queue: RunQueue, message: Envelope, ctx: Context): void {
    const dueMs = this.#dueOf.get(message.ackId ?? "") ?? 0;
    this.#oracle.begins(queue, message, consumer, dueMs, this.#system.nowMs);
    const chance = this.#isOver ? 0 : this.#system.random.below(10);
    if (chance < 4) this.#answer(consumer, message, "ack");
    else if (chance < 5) this.#answer(consumer, message, "nack");
    else if (chance < 8) consumer.kept.push(message);
    else if (chance < 9) throw new Error("as told");
    else ctx.stop();
  }

  #answer(consumer: Consumer, message: Envelope, answer: "ack" | "nack"): void {
    if (consumer.queue === undefined) return;
    consumer.ctx[answer](message);
    const outcome = answer === "ack" ? "acked" : "nacked";
    this.#oracle.answers(consumer.queue, message, consumer, outcome, this.#system.nowMs);
  }
}

function queueNamed(name: string): RunQueue {
  const found = queues.find((queue) => queue.name === name);
  if (found === undefined) throw new Error(`there is no queue ${name}`);
  return found;
}

async function microtasks(): Promise<void> {
  for (let n = 0; n < 4; n++) await Promise.resolve();
}
