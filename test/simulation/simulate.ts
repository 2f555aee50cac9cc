/** One run from its seed: a schedule drawn by chance, then rest, then the end of all, with the clauses held against each. */

import { Meta, MetaKind } from "../../core/actor/mailbox.ts";
import type { RefData } from "../../core/actor/ref.ts";
import { Counter } from "../../core/kernel/counters.ts";
import { linksOf } from "../../core/kernel/links.ts";
import { SystemMemory } from "../../core/kernel/system-memory.ts";
import { simulatedSlots } from "../support/simulated-system.ts";
import type { Player } from "./players.ts";
import { Stage } from "./stage.ts";
import type { Breach } from "./trace.ts";

export interface Outcome {
  readonly seed: number;
  /** Equal for two runs only if they went the same way. */
  readonly hash: number;
  readonly steps: number;
  readonly breaches: readonly Breach[];
  /** What was seen, if it was asked for. */
  readonly lines: readonly string[];
}

/** Scheduler positions of one system at most. */
const threadsMax = 8;
/** Steps after which a run that does not come to rest is a failure. */
const stepsMax = 20_000;
/** Ticks of the microtask queue between two steps: the longest chain that a turn leaves behind. */
const ticks = 8;
/** Time that passes before a run counts as being at rest: more than any timer and any deadline of the plan. */
const restMs = 2_000;

let memory: SystemMemory | undefined;

/** Memory of one run, all zero. It is used again: a fresh one costs more than most runs. */
function cleanMemory(): SystemMemory {
  if (memory === undefined) memory = SystemMemory.create(threadsMax, simulatedSlots, 0);
  else memory.clear();
  return memory;
}

/** Runs one seed. @param isTold keeps a line for everything that happens. */
export async function simulate(seed: number, isTold = false): Promise<Outcome> {
  const run = new Run(new Stage(seed, cleanMemory(), isTold));
  try {
    await run.play();
  } catch (error) {
    run.stage.trace.breach("run", error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  const { hash, breaches, lines } = run.stage.trace;
  return { seed, hash, steps: run.steps, breaches, lines };
}

class Run {
  readonly stage: Stage;
  steps = 0;
  #pokes: number;

  constructor(stage: Stage) {
    this.stage = stage;
    this.#pokes = stage.plan.pokes;
  }

  get #isBroken(): boolean {
    return this.stage.trace.breaches.length > 0;
  }

  async play(): Promise<void> {
    const { stage } = this;
    const ctx = stage.guest.ctx;
    if (ctx === undefined) throw new Error("the guest has no context");
    for (let i = 0; i < 3; i++) stage.deeds.spawn("spawn", stage.guest, ctx);
    while (this.#pokes > 0 && !this.#isBroken) await this.#chance();
    await this.#rest(restMs);
    if (!this.#isBroken) this.#judgeRest();
    stage.isOver = true;
    for (const player of stage.players.living())
      if (player.ref !== undefined) stage.deeds.exitWith(stage.guest, ctx, player, "kill");
    await this.#rest(0);
    if (!this.#isBroken) this.#judgeEnd();
  }

  // Chance --------------------------------------------------------------------------------------------------------

  /** What the schedule does next. */
  async #chance(): Promise<void> {
    const { stage } = this;
    const { random } = stage.system;
    const dice = random.below(100);
    if (dice < 72) {
      if (!stage.system.step()) this.#poke();
    } else if (dice < 84) this.#poke();
    else if (dice < 91) this.#openGate();
    else if (dice < 97) {
      const ms = 1 + random.below(30);
      stage.trace.note("time", ms);
      stage.system.passTime(ms);
    } else this.#loseOrReplace();
    await this.#after();
  }

  async #after(): Promise<void> {
    if (++this.steps > stepsMax) throw new Error(`no rest within ${stepsMax} steps`);
    for (let i = 0; i < ticks; i++) await Promise.resolve();
    this.#judgeBounds();
    this.#judgeSettled();
    this.stage.groups.hold();
  }

  #poke(): void {
    const { stage } = this;
    const { random } = stage.system;
    const ctx = stage.guest.ctx;
    this.#pokes--;
    const living = stage.players.living().filter((player) => player.isKnown);
    if (ctx === undefined) return;
    if (living.length < 2) {
      stage.deeds.spawn("spawn", stage.guest, ctx);
      return;
    }
    const to = random.pick(living);
    const partner = stage.deeds.partnerOf(to);
    if (partner !== undefined && living.includes(partner) && random.below(6) === 0) {
      void stage.deeds.post("send", stage.guest, ctx, to, { tangle: true });
      void stage.deeds.post("send", stage.guest, ctx, partner, { tangle: true });
    } else if (random.below(30) === 0) stage.deeds.stopFromOutside(to);
    else void stage.deeds.post("send", stage.guest, ctx, to, { poke: this.#pokes });
  }

  #openGate(): void {
    const { gates, system } = this.stage;
    const [open] = gates.splice(system.random.below(gates.length), 1);
    open?.();
  }

  #loseOrReplace(): void {
    const { stage } = this;
    const { memory: words, threads, random } = stage.system;
    const vacant: number[] = [];
    for (let position = 1; position < stage.plan.threads; position++)
      if (!words.isThreadUp(words.threadAt(position) as number)) vacant.push(position);
    if (vacant.length > 0 && random.next() < 0.7) {
      stage.addThread(random.pick(vacant));
      return;
    }
    if (stage.deeds.lossesLeft === 0) return;
    const victims = [...threads.keys()].filter((thread) => thread !== 0);
    if (victims.length === 0) return;
    stage.deeds.lossesLeft--;
    stage.loseThread(random.pick(victims), false);
  }

  /** Lets everything come to its end: gates open, time passes until nothing is due. */
  async #rest(lastsMs: number): Promise<void> {
    const { system, gates } = this.stage;
    const untilMs = system.nowMs + lastsMs;
    while (!this.#isBroken) {
      do {
        while (system.step() && !this.#isBroken) await this.#after();
        for (const open of gates.splice(0)) open();
        await this.#after();
      } while ((system.isBusy || gates.length > 0) && !this.#isBroken);
      const dueMs = system.nextDueMs;
      if (dueMs > untilMs) break;
      system.passTime(Math.max(0, dueMs - system.nowMs));
      await this.#after();
    }
  }

  // Judgement -----------------------------------------------------------------------------------------------------

  /** S7.1: at no moment does a mailbox hold more than its bound. */
  #judgeBounds(): void {
    const { players, system, trace } = this.stage;
    for (const player of players.all) {
      if (player.capacity === undefined || player.isGone || player.ref === undefined || player.hasStashed) continue;
      if (player.policy === "wait" && this.stage.plan.threads > 1) continue;
      const box = system.threads.get(player.thread)?.kernel.cellOf(player.ref)?.mailbox;
      if (box === undefined) continue;
      let held = 0;
      for (const meta of box.peek(box.size, (mail) => mail.meta)) {
        if (!(meta instanceof Meta) || meta.kind === MetaKind.call || meta.kind === MetaKind.timer) held++;
      }
      if (held > player.capacity)
        trace.breach("S7.1", `${player.id} holds ${held} messages of ${player.capacity} (${player.policy})`);
    }
  }

  /** The four counters say that the system is settled only if it is. */
  #judgeSettled(): void {
    const { system, trace } = this.stage;
    const { memory: words } = system;
    let sent = 0;
    let received = 0;
    for (const thread of words.threadsUp()) {
      if (words.isBusy(thread) || words.hasLossToTake(thread)) return;
      sent = (sent + words.sent(thread)) | 0;
      received = (received + words.received(thread)) | 0;
    }
    if (sent === received && system.isBusy)
      trace.breach("settled", `${sent} frames sent and handled, and there is something left to do: ${system.work()}`);
  }

  #linksOf(player: Player): readonly Player[] {
    const { system, players } = this.stage;
    const cell = system.threads.get(player.thread)?.kernel.cellOf(player.ref as never);
    if (cell === undefined) return [];
    return linksOf(cell).flatMap((ref) => players.of(ref) ?? []);
  }

  #judgeRest(): void {
    const { stage } = this;
    const { trace, players, system } = stage;
    trace.note("rest");
    stage.ties.atRest((player) => this.#linksOf(player));
    stage.calls.atRest(system.nowMs);
    stage.names.atRest();
    stage.groups.atRest();
    for (const player of players.living()) {
      if (player.mustEnd && !player.inTurn) trace.breach("S1.3", `${player.id} stopped or threw, and lives`);
      if (isBorn(player) && system.threads.get(player.thread)?.kernel.cellOf(player.ref as RefData) === undefined)
        trace.breach("S4.1", `${player.id} has no cell and no death`);
    }
    for (const letter of stage.waiting) {
      if (letter.from.isGone) continue;
      if (letter.to.isGone)
        trace.breach("S7.2", `${letter.from.id} waits for ever to send to ${letter.to.id}, which has ended`);
      else if (!letter.to.inTurn && letter.to.isInitialized && letter.to.stashed === 0)
        trace.breach("S7.2", `${letter.from.id} waits for ever to send to ${letter.to.id}, which has nothing to do`);
    }
    this.#judgeCounters();
  }

  #lostWithThreads(): number {
    const { memory } = this.stage.system;
    let messages = 0;
    for (let thread = 0; thread < memory.threadCount; thread++) {
      if (memory.isThreadUp(thread)) continue;
      const counters = memory.countersOf(thread);
      messages += counters.unread + counters.get(Counter.unsent);
    }
    return messages;
  }

  #judgeCounters(): void {
    const { system, trace } = this.stage;
    const { memory: words } = system;
    let sent = 0;
    let received = 0;
    for (const thread of words.threadsUp()) {
      sent = (sent + words.sent(thread)) | 0;
      received = (received + words.received(thread)) | 0;
      const stats = system.kernel(thread).stats();
      const counters = system.kernel(thread).counters;
      if (counters.get(Counter.unsent) !== 0)
        trace.breach("S2.3", `thread ${thread} counts ${counters.get(Counter.unsent)} unsent, at rest`);
      if (stats.outbox > 0) trace.breach("S2.3", `thread ${thread} keeps ${stats.outbox} frames back`);
    }
    if (sent !== received) trace.breach("settled", `at rest, yet ${sent} frames sent and ${received} handled`);
  }

  /** Everybody is dead: nothing may be left of them. */
  #judgeEnd(): void {
    const { stage } = this;
    const { trace, system } = stage;
    trace.note("end");
    for (const player of stage.players.living())
      if (isBorn(player)) trace.breach("S3.4", `${player.id} was killed and lives`);
    stage.letters.conserved(stage.undecoded + this.#lostWithThreads());
    stage.names.atRest();
    stage.groups.atRest();
    for (const [thread, { kernel }] of system.threads) {
      const { actors, timers, openCalls } = kernel.stats();
      if (actors > 0) trace.breach("S1.3", `thread ${thread} counts ${actors} actors, and all are dead`);
      const unread = kernel.counters.unread;
      if (unread !== 0) trace.breach("S2.3", `thread ${thread} counts ${unread} messages unread, and all are dead`);
      if (timers > 0) trace.breach("S5.6", `thread ${thread} has ${timers} timers of the dead`);
      if (openCalls > 0) trace.breach("S5.2", `thread ${thread} has ${openCalls} open calls of the dead`);
      const { holders, awaited } = kernel.replica.sizes;
      if (holders > 0 || awaited > 0 || kernel.groups.monitors > 0)
        trace.breach(
          "S12.3",
          `thread ${thread} keeps entries of ${holders}, ${awaited} changes to come and ${kernel.groups.monitors} monitors`,
        );
      if (system.memory.actors(thread) !== 0)
        trace.breach("S4", `thread ${thread} publishes ${system.memory.actors(thread)} actors, and all are dead`);
    }
    this.#judgeCounters();
  }
}

/** Not if its spawn was lost with its spawner's thread. */
function isBorn(player: Player): boolean {
  return player.ref !== undefined && (player.isThere || player.parent?.isThreadLost !== true);
}
