/**
 * One seeded run of a crowd that is subscribed to one topic, on simulated threads: what a publish puts into one entry of
 * the run queue (`core/kernel/fan-outs.ts`) must be to each of them as a message in its mailbox.
 *
 * What an actor does with a message stands in the message, so that it is done at once, between two turns of the crowd.
 */
import type { Context, Envelope } from "../../../core/actor/context.ts";
import type { Ref } from "../../../core/actor/ref.ts";
import { defineActor } from "../../../core/index.ts";
import { Counter } from "../../../core/kernel/counters.ts";
import { fanOutMin } from "../../../core/kernel/fan-outs.ts";
import type { Kernel } from "../../../core/kernel/kernel.ts";
import { SimulatedSystem } from "../../support/simulated-system.ts";

const threads = 2;
const membersPerThread = fanOutMin * 2;
const deedsPerRun = 60;
const topic = "news";
/** Of those that do something the deed, else nothing. */
const deeds = ["none", "none", "send", "publish", "crash", "kill", "stash", "unstash", "unsubscribe", "wait"] as const;

interface News {
  readonly from: number;
  /** Counts what its sender has published and sent. */
  readonly number: number;
  readonly deed: (typeof deeds)[number];
  /** The member that does it, and the one to which it is done; everybody else reads the message. */
  readonly by: number;
  readonly to: number;
}

interface Member {
  readonly number: number;
  readonly kernel: Kernel;
  readonly ref: Ref;
  readonly ctx: Context;
  readonly lastOf: Map<number, number>;
  subscription: number | undefined;
  hasLeft: boolean;
  sent: number;
}

export class CrowdRun {
  readonly #system: SimulatedSystem;
  readonly #members: Member[] = [];
  readonly #breaches: string[] = [];
  readonly #gates: (() => void)[] = [];
  /** What is published, once for each subscription that it is for. */
  #expected = 0;
  #isOver = false;

  constructor(seed: number) {
    this.#system = new SimulatedSystem(seed, threads);
    for (const { kernel } of this.#system.threads.values()) {
      const { deliveries } = kernel.topics;
      const deliverAll = deliveries.deliverAll.bind(deliveries);
      deliveries.deliverAll = (route, envelope, source) => {
        this.#expected += route.subscriptions.length;
        deliverAll(route, envelope, source);
      };
    }
  }

  /** What is wrong. The same seed gives the same. */
  async breaches(): Promise<string[]> {
    const { random } = this.#system;
    const kernels = [...this.#system.threads.values()].map(({ kernel }) => kernel);
    for (let n = 0; n < membersPerThread; n++) for (const kernel of kernels) this.#spawn(kernel);
    await this.#settled();
    for (let n = 0; n < deedsPerRun; n++) {
      const member = random.pick(this.#members);
      if (member.kernel.isAlive(member.ref)) this.#publish(member);
      if (random.below(8) === 0) random.pick(this.#gates.splice(random.below(this.#gates.length + 1), 1))?.();
      if (random.below(4) === 0) this.#look(random.pick(kernels));
      for (let steps = random.below(3); steps > 0; steps--) this.#system.step();
      if (random.below(4) === 0) await microtasks();
    }
    this.#isOver = true;
    do {
      for (const open of this.#gates.splice(0)) open();
      for (const { kernel, ref, ctx } of this.#members) if (kernel.isAlive(ref)) ctx.unstashAll();
      await this.#settled();
    } while (this.#system.isBusy || this.#gates.length > 0);
    const counted = [Counter.busDelivered, Counter.busDropped, Counter.busDeadLettered].map((counter) =>
      kernels.reduce((sum, { counters }) => sum + counters.get(counter), 0),
    );
    const total = counted.reduce((sum, count) => sum + count, 0);
    if (total !== this.#expected) this.#breaches.push(`${counted.join(" + ")} is not ${this.#expected} in all`);
    for (const { thread, counters } of kernels)
      if (counters.unread !== 0) this.#breaches.push(`thread ${thread} counts ${counters.unread} unread`);
    return this.#breaches;
  }

  /** What is told of the actors of a thread, one by one, is all that it counts. */
  #look(kernel: Kernel): void {
    const told = kernel.cells.reduce(
      (sum, cell) => sum + (cell === undefined ? 0 : kernel.controls.messagesOf(cell)),
      0,
    );
    const { unread } = kernel.counters;
    if (told !== unread)
      this.#breaches.push(`thread ${kernel.thread} counts ${unread} unread, its actors have ${told}`);
  }

  async #settled(): Promise<void> {
    await microtasks();
    this.#system.settle();
    await microtasks();
  }

  #spawn(kernel: Kernel): void {
    const { random } = this.#system;
    // A few get it by way of their mailbox: they are bounded.
    const bound = random.below(8) === 0 ? { mailboxCapacity: 3, mailboxPolicy: "dropOldest" as const } : {};
    const behaviour = defineActor({
      module: "sim:crowd",
      ...bound,
      init: (_: undefined, ctx: Context): Member => {
        const number = this.#members.length;
        const member: Member = {
          number,
          kernel,
          ref: ctx.self,
          ctx,
          lastOf: new Map(),
          subscription: undefined,
          hasLeft: false,
          sent: 0,
        };
        this.#members.push(member);
        void ctx.subscribe(topic).then(({ id }) => {
          member.subscription = id;
        });
        return member;
      },
      receive: (member: Member, message: Envelope | News, ctx) => {
        if (!("type" in message)) return this.#read(member, message, ctx);
        if (member.hasLeft) this.#breaches.push(`${member.number} got ${message.id} after it had left`);
        return this.#read(member, message.message as News, ctx);
      },
    });
    kernel.guest.ctx?.spawn(behaviour, undefined, { placement: "local" });
  }

  #news(member: Member): News {
    const { random } = this.#system;
    const [by, to] = [random.below(this.#members.length), random.below(this.#members.length)];
    member.sent += 1;
    return { from: member.number, number: member.sent, deed: random.pick(deeds), by, to };
  }

  #publish(member: Member): void {
    void member.ctx.publish(topic, this.#news(member));
  }

  #send(member: Member, to: number): void {
    void member.ctx.send((this.#members[to] as Member).ref, this.#news(member));
  }

  #read(member: Member, news: News, ctx: Context): void | Promise<void> {
    const isDoer = news.by === member.number && !this.#isOver;
    if (isDoer && news.deed === "stash") {
      // It comes up again out of its order.
      ctx.stash();
      return;
    }
    const last = member.lastOf.get(news.from) ?? 0;
    if (news.number <= last && news.deed !== "stash")
      this.#breaches.push(`${member.number} got ${news.number} of ${news.from} after ${last}`);
    member.lastOf.set(news.from, Math.max(last, news.number));
    if (!isDoer) return;
    switch (news.deed) {
      case "send":
        this.#send(member, news.to);
        return;
      case "publish":
        // Before, between and after messages to one of those who get it.
        this.#send(member, news.to);
        this.#publish(member);
        this.#send(member, news.to);
        this.#publish(member);
        return;
      case "crash":
        throw new Error("as told");
      case "kill":
        ctx.exit((this.#members[news.to] as Member).ref, "kill");
        return;
      case "unstash":
        ctx.unstashAll();
        return;
      case "unsubscribe":
        if (member.subscription !== undefined) member.hasLeft ||= ctx.unsubscribe(member.subscription);
        return;
      case "wait":
        return new Promise((resolve) => this.#gates.push(resolve));
      default:
        return;
    }
  }
}

async function microtasks(): Promise<void> {
  for (let n = 0; n < 4; n++) await Promise.resolve();
}
