/**
 * What players do in their turns, drawn by chance: every verb of `ctx`, also at wrong moments and on wrong targets.
 *
 * Each deed tells the oracles first and asks the runtime then, since a signal may act before the verb returns.
 */
import type { MailboxPolicy } from "../../core/actor/behaviour.ts";
import type { Context, SpawnOptions } from "../../core/actor/context.ts";
import type { ExitReason } from "../../core/actor/exit-reason.ts";
import type { Ref, RefData, SendResult } from "../../core/actor/ref.ts";
import type { Kernel } from "../../core/kernel/kernel.ts";
import type { GroupVerb } from "./groups.ts";
import type { Letter } from "./letters.ts";
import type { DeedName } from "./plan.ts";
import { type InitMode, Player, reasonKey } from "./players.ts";
import type { Stage } from "./stage.ts";

const policies: readonly MailboxPolicy[] = ["reject", "dropOldest", "dropNewest", "wait"];
const inits: readonly InitMode[] = ["ok", "ok", "ok", "ok", "ok", "ok", "async", "throw", "stop", "ignore"];
const callNames = ["now", "now", "now", "async", "later", "later", "throw", "nothing"] as const;
const callTimeouts = [5, 50, 300, 300, 1_000, Number.POSITIVE_INFINITY] as const;

interface Failure {
  readonly code?: string;
  readonly message: string;
}

export class Deeds {
  readonly #stage: Stage;
  left: number;
  lossesLeft: number;
  /** Whose ref the spawn that is under way will have. */
  expected: Player | undefined;
  #serial = 0;

  constructor(stage: Stage) {
    this.#stage = stage;
    this.left = stage.plan.deeds;
    this.lossesLeft = stage.plan.losses;
  }

  get #random() {
    return this.#stage.system.random;
  }

  /** Up to so many deeds. After the actor's own death it only tries what must be refused. */
  some(player: Player, ctx: Context, most: number): void {
    const stage = this.#stage;
    for (let count = this.#random.below(most + 1); count > 0 && this.left > 0 && !stage.isOver; count--) {
      if (player.isDead) {
        this.ghost(player);
        return;
      }
      this.left--;
      this.#deed(this.#random.pick(stage.plan.deedList), player, ctx);
      if (stage.isMute(player.thread)) return;
    }
  }

  #deed(name: DeedName, player: Player, ctx: Context): void {
    const random = this.#random;
    switch (name) {
      case "send":
        return this.#drop(this.post("send", player, ctx, this.#target(player), this.#body()));
      case "cast":
        return this.#drop(this.post("cast", player, ctx, this.#target(player), this.#body()));
      case "large":
        return this.#drop(
          this.post("send", player, ctx, this.#target(player), { text: "x".repeat(1_000 + random.below(12_000)) }),
        );
      case "burst": {
        const to = this.#target(player);
        for (let i = 4 + random.below(8); i > 0; i--) this.#drop(this.post("send", player, ctx, to, this.#body()));
        return;
      }
      case "uncloneable":
        return this.#uncloneable(player, ctx);
      case "call":
        void this.call(player, ctx);
        return;
      case "reply":
        return this.#reply(player, ctx);
      case "spawn":
      case "spawnLink":
      case "spawnMonitor":
        this.spawn(name, player, ctx);
        return;
      case "start":
        void this.#start(player, ctx);
        return;
      case "link":
        return this.#link(player, ctx, this.#target(player));
      case "unlink":
        return this.#unlink(player, ctx, this.#target(player));
      case "tangle": {
        return this.tangle(player, ctx);
      }
      case "monitor":
        return this.#monitor(player, ctx);
      case "demonitor": {
        const monitor = random.pick(player.monitors);
        if (monitor === undefined) return;
        const flush = random.next() < 0.7;
        this.#stage.ties.demonitored(player, monitor, flush);
        ctx.demonitor(monitor, { flush });
        return;
      }
      case "exit":
        return this.exit(player, ctx, this.#target(player));
      case "exitSelf":
        return this.exit(player, ctx, player);
      case "trapExit": {
        const on = random.next() < 0.5;
        if (on !== player.traps) player.trapsChanged = true;
        player.traps = on;
        ctx.trapExit(on);
        return;
      }
      case "stop": {
        const reason = this.#reason(player);
        player.ownReasons.add(reasonKey(reason));
        player.mustEnd = true;
        ctx.stop(reason);
        return;
      }
      case "throw":
        return this.throw(player);
      case "register": {
        const name = random.pick(this.#stage.plan.names);
        void this.register(player, ctx, name, random.next() < 0.2 ? this.#target(player) : player);
        return;
      }
      case "unregister":
        return this.#unregister(player, ctx);
      case "whereis":
        this.#whereis(player, ctx, random.pick(this.#stage.plan.names));
        return;
      case "sendName":
        return this.#sendName(player, ctx);
      case "join":
      case "leave":
        void this.#group(name, player, ctx);
        return;
      case "members":
        return this.#members(player, ctx);
      case "monitorGroup": {
        const group = random.next() < 0.3 ? undefined : random.pick(this.#stage.plan.groups);
        const monitor = ctx.monitorGroup(group);
        player.groupMonitors.push(monitor.id);
        this.#stage.groups.monitored(player, group, monitor);
        return;
      }
      case "demonitorGroup": {
        const id = random.pick(player.groupMonitors);
        if (id !== undefined) this.#stage.groups.demonitored(player, id, ctx.demonitorGroup(id));
        return;
      }
      case "sendAfter":
      case "sendEvery":
        return this.#timer(name, player, ctx);
      case "cancelTimer": {
        const timer = random.pick(player.timers);
        if (timer !== undefined) this.cancel(player, ctx, timer.letter);
        return;
      }
      case "unstash":
        ctx.unstashAll();
        return;
      case "ghost":
        return this.ghost(random.pick(this.#stage.players.all.filter((one) => one.isDead && !one.isLost)));
      case "doom":
        if (player.thread === 0 || this.lossesLeft === 0) return;
        this.lossesLeft--;
        this.#stage.loseThread(player.thread, true);
        return;
    }
  }

  /** Something that an async turn waits for. */
  async wait(player: Player, ctx: Context): Promise<void> {
    const choice = this.#random.below(6);
    if (player.isDead || this.#stage.isOver || choice < 2) await this.#stage.gate();
    else if (choice === 2) await this.call(player, ctx);
    else if (choice === 3) await this.register(player, ctx, this.#random.pick(this.#stage.plan.names));
    else if (choice === 4) await this.#start(player, ctx);
    else await this.post("send", player, ctx, this.#target(player), this.#body());
  }

  // Whom and what -------------------------------------------------------------------------------------------------

  #target(by: Player): Player {
    const { players } = this.#stage;
    const living = players.living().filter((player) => player.isKnown);
    if (living.length > 0 && this.#random.next() < 0.85) return this.#random.pick(living);
    if (living.length === 0 && by.id !== 0) return by;
    const all = players.all.filter((player) => player.id !== 0 && player.isKnown);
    return this.#random.pick(all);
  }

  #body(): object {
    const serial = this.#serial++;
    switch (this.#random.below(6)) {
      case 0:
        return { serial, list: [1, { deep: [serial] }] };
      case 1:
        return { serial, map: new Map([["a", 1]]), when: new Date(serial), bytes: new Uint8Array(40) };
      default:
        return { serial };
    }
  }

  #reason(player: Player): ExitReason {
    switch (this.#random.below(5)) {
      case 0:
        return "normal";
      case 1:
        return "shutdown";
      case 2:
        return { shutdown: player.id };
      default:
        return { own: this.#serial++ };
    }
  }

  // Messages ------------------------------------------------------------------------------------------------------

  /** Sends one numbered message; resolves when it no longer waits for room. */
  post(kind: "send" | "cast", player: Player, ctx: Context, to: Player, body: object, target?: string): SendResult {
    const letter = this.#stage.letters.write(kind, player, to);
    try {
      const message = { id: letter.id, body };
      const address = target ?? (to.ref as RefData);
      const result = kind === "send" ? ctx.send(address, message) : ctx.cast(address, "cast", message);
      if (result !== undefined) return this.#waits(letter, result);
      if (this.#stage.pauses.has(`${player.thread} ${to.id}`) && !to.isGone && !player.isDead)
        this.#stage.trace.breach("S7.4", `${player.id} sent to ${to.id}, whose thread has asked to wait`);
      return undefined;
    } catch (error) {
      this.#refused(letter, player, error as Failure, undefined);
      return undefined;
    }
  }

  async #waits(letter: Letter, result: PromiseLike<void>): Promise<void> {
    if (letter.to.policy !== "wait" || letter.to.capacity === undefined)
      this.#stage.trace.breach(
        "S7.1",
        `${letter.from.id} waits to send to ${letter.to.id}, whose policy is ${letter.to.policy}`,
      );
    letter.hasWaited = true;
    this.#stage.waiting.add(letter);
    await result;
    letter.isAccepted = true;
    this.#stage.waiting.delete(letter);
  }

  #drop(result: SendResult): void {
    void result;
  }

  #refused(letter: Letter, player: Player, error: Failure, expected: string | undefined): void {
    this.#stage.letters.unsent(letter);
    if (error.code === "noproc" && player.isDead) return;
    if (error.code !== expected) this.#stage.trace.breach("S2.5", `a send failed with ${error.code}: ${error.message}`);
  }

  #uncloneable(player: Player, ctx: Context): void {
    const to = this.#target(player);
    const letter = this.#stage.letters.write("send", player, to);
    try {
      const result = ctx.send(to.ref as RefData, { id: letter.id, body: { run: () => undefined } });
      if (result !== undefined) void this.#waits(letter, result);
      if (to.thread !== player.thread)
        this.#stage.trace.breach("S2.7", `a function was sent from ${player.id} to ${to.id}`);
    } catch (error) {
      this.#refused(letter, player, error as Failure, to.thread === player.thread ? undefined : "not_cloneable");
    }
  }

  #sendName(player: Player, ctx: Context): void {
    const name = this.#random.pick(this.#stage.plan.names);
    const to = this.#whereis(player, ctx, name);
    if (to !== undefined) {
      this.#drop(this.post("send", player, ctx, to, this.#body(), name));
      return;
    }
    try {
      ctx.send(name, { id: -1 });
      this.#stage.trace.breach("S2.5", `${player.id} sent to the name "${name}", which nobody holds`);
    } catch (error) {
      if ((error as Failure).code !== "noproc")
        this.#stage.trace.breach("S2.5", `sending to a free name failed with ${(error as Failure).code}`);
    }
  }

  #whereis(player: Player, ctx: Context, name: string): Player | undefined {
    const holder = this.#stage.playerOf(ctx.whereis(name));
    this.#stage.names.seen(name, holder);
    this.#stage.trace.note("whereis", player.id, holder?.id ?? -1);
    return holder;
  }

  // Calls ---------------------------------------------------------------------------------------------------------

  async call(player: Player, ctx: Context): Promise<void> {
    const stage = this.#stage;
    const to = this.#random.next() < 0.05 ? player : this.#target(player);
    const name = this.#random.pick(callNames);
    const timeoutMs = this.#random.pick(callTimeouts);
    const letter = stage.letters.write("call", player, to);
    stage.calls.made(letter, name, stage.system.nowMs + timeoutMs);
    if (to === player) stage.letters.unsent(letter);
    try {
      const value = await ctx.call(to.ref as RefData, name, { id: letter.id, body: this.#body() }, { timeoutMs });
      if (!stage.isMute(player.thread)) stage.calls.ended(letter.id, value, undefined, stage.system.nowMs);
    } catch (error) {
      if (!stage.isMute(player.thread)) stage.calls.ended(letter.id, undefined, error as Failure, stage.system.nowMs);
    }
  }

  #reply(player: Player, ctx: Context): void {
    const at = this.#random.below(player.unanswered.length);
    const call = player.unanswered[at];
    if (call === undefined) return;
    // Now and then it is answered again later, which nobody may notice.
    if (this.#random.next() < 0.8) player.unanswered.splice(at, 1);
    if (this.#random.next() < 0.7) this.answer(player, ctx, call.from, call.letter);
    else {
      const to = this.#target(player);
      const letter = this.#stage.letters.write("send", player, to);
      const result = ctx.send(to.ref as RefData, { id: letter.id, body: {}, answer: call.from, letter: call.letter });
      if (result !== undefined) void this.#waits(letter, result);
    }
  }

  answer(player: Player, ctx: Context, from: { readonly caller: Ref; readonly id: number }, letter: number): void {
    this.#stage.trace.note("reply", player.id, letter);
    this.#stage.calls.answered(letter);
    ctx.reply(from, letter);
  }

  // Births --------------------------------------------------------------------------------------------------------

  #newborn(parent: Player): { child: Player; options: SpawnOptions } | undefined {
    const stage = this.#stage;
    const random = this.#random;
    if (stage.players.all.length > stage.plan.playersMax) return undefined;
    const isBounded = random.next() < stage.plan.boundedShare;
    const child = new Player(stage.players.all.length, parent, {
      isServer: random.next() < 0.5,
      init: parent === stage.guest ? "ok" : random.pick(inits),
      capacity: isBounded ? 1 + random.below(3) : undefined,
      policy: isBounded ? random.pick(policies) : "reject",
    });
    if (random.next() < 0.3) child.bornName = random.pick(stage.plan.names);
    stage.players.add(child);
    if (child.bornName !== undefined) stage.names.claimed(child.bornName, child);
    const position = random.below(stage.plan.threads);
    const placement = random.next() < 0.3 ? "local" : random.next() < 0.1 ? "spread" : { thread: position };
    return {
      child,
      options: {
        placement,
        ...(child.bornName !== undefined && { name: child.bornName }),
        ...(child.capacity !== undefined && { mailboxCapacity: child.capacity, mailboxPolicy: child.policy }),
      },
    };
  }

  spawn(how: "spawn" | "spawnLink" | "spawnMonitor", parent: Player, ctx: Context): void {
    const stage = this.#stage;
    const newborn = this.#newborn(parent);
    if (newborn === undefined) return;
    const { child, options } = newborn;
    const behaviour = child.isServer ? stage.server : stage.plain;
    const argument = { player: child.id };
    stage.trace.note(how, parent.id, child.id);
    this.expected = child;
    if (how === "spawn") ctx.spawn(behaviour, argument, options);
    else if (how === "spawnLink") {
      stage.ties.linkedAtBirth(parent, child, false);
      ctx.spawnLink(behaviour, argument, options);
    } else {
      const { monitor } = ctx.spawnMonitor(behaviour, argument, options);
      parent.monitors.push(monitor.id);
      stage.ties.monitored(parent, child, monitor.id);
    }
    this.expected = undefined;
  }

  /** The ref of the spawn that is under way is known. */
  born(ref: RefData): void {
    const child = this.expected;
    if (child === undefined || child.ref !== undefined) return;
    const stage = this.#stage;
    stage.players.settle(child, ref);
    stage.trace.say(() => `${child.id} is on thread ${ref.thread}`);
    if (!stage.system.memory.isThreadUp(ref.thread)) stage.lost(child);
    else if (ref.thread === child.parent?.thread) child.isThere = true;
  }

  async #start(parent: Player, ctx: Context): Promise<void> {
    const stage = this.#stage;
    const newborn = this.#newborn(parent);
    if (newborn === undefined) return;
    const { child, options } = newborn;
    stage.trace.note("start", parent.id, child.id);
    stage.ties.linkedAtBirth(parent, child, true);
    // An async init may wait longer than this for its gate.
    child.ownReasons.add("killed");
    this.expected = child;
    const promise = ctx.start(
      child.isServer ? stage.server : stage.plain,
      { player: child.id },
      { ...options, startTimeoutMs: 100 },
    );
    this.expected = undefined;
    try {
      await promise;
      if (stage.isMute(parent.thread)) return;
      stage.trace.note("started", child.id);
      if (!child.isInitialized && !child.isLost)
        stage.trace.breach("S6.1", `start of ${child.id} resolved before its init ended`);
    } catch (error) {
      if (stage.isMute(parent.thread)) return;
      const { code } = error as Failure;
      stage.trace.note("startFailed", child.id, code?.length ?? 0);
      if (parent.isDead) return;
      if (!child.isGone) stage.trace.breach("S6.2", `start of ${child.id} failed with ${code}, and it lives`);
      else stage.endSeen(child);
    }
  }

  // Signals -------------------------------------------------------------------------------------------------------

  /** Two that link and unlink each other at once, from both sides. */
  tangle(player: Player, ctx: Context): void {
    const partner = this.partnerOf(player);
    const to = partner?.isKnown === true ? partner : this.#target(player);
    for (let i = 1 + this.#random.below(3); i > 0 && !player.isDead && to.id !== 0; i--) {
      if (this.#random.next() < 0.6) this.#link(player, ctx, to);
      else this.#unlink(player, ctx, to);
    }
  }

  partnerOf(player: Player): Player | undefined {
    return this.#stage.players.all[player.id ^ 1];
  }

  #link(player: Player, ctx: Context, to: Player): void {
    this.#stage.ties.link(player, to, to.thread === player.thread);
    ctx.link(to.ref as RefData);
  }

  #unlink(player: Player, ctx: Context, to: Player): void {
    this.#stage.ties.unlink(player, to, to.thread === player.thread);
    ctx.unlink(to.ref as RefData);
  }

  #monitor(player: Player, ctx: Context): void {
    const stage = this.#stage;
    if (this.#random.next() < 0.2) {
      const name = this.#random.pick(stage.plan.names);
      const holder = this.#whereis(player, ctx, name);
      const { id } = ctx.monitor(name);
      player.monitors.push(id);
      stage.ties.monitored(player, holder, id);
      return;
    }
    const to = this.#target(player);
    const { id } = ctx.monitor(to.ref as RefData);
    player.monitors.push(id);
    stage.ties.monitored(player, to, id);
  }

  exit(player: Player, ctx: Context, to: Player): void {
    const choice = this.#random.below(10);
    let reason: ExitReason;
    if (choice < 2) reason = "kill";
    else if (choice === 2) reason = "normal";
    else if (choice === 3) reason = "shutdown";
    else reason = { signal: this.#stage.letters.write("exit", player, to).id };
    this.exitWith(player, ctx, to, reason);
  }

  exitWith(player: Player, ctx: Context, to: Player, reason: ExitReason): void {
    const key = reasonKey(reason);
    const senders = to.sentReasons.get(key) ?? new Set();
    senders.add(player.id);
    to.sentReasons.set(key, senders);
    this.#stage.trace.note("exitSent", player.id, to.id, key.length);
    ctx.exit(to.ref as RefData, reason);
  }

  wasSent(from: Player, to: Player, reason: ExitReason): boolean {
    return to.sentReasons.get(reasonKey(reason))?.has(from.id) === true;
  }

  /** `stop(ref, reason)` by the guest (proc_lib:stop). */
  stopFromOutside(to: Player): void {
    const { kernel } = this.#stage.system.threads.get(0) as { kernel: Kernel };
    const reason = this.#reason(to);
    to.ownReasons.add(reasonKey(reason));
    this.#stage.trace.note("stopFromOutside", to.id);
    kernel.calls.stop(kernel.guest, to.ref as RefData, reason, 500).then(
      (value) => {
        if (!to.isGone)
          this.#stage.trace.breach("S1.3", `stop of ${to.id} resolved with ${String(value)}, and it lives`);
      },
      (error: Failure) => {
        if (error.code !== "timeout" && !to.isGone && !to.mayNeverCome)
          this.#stage.trace.breach("S1.3", `stop of ${to.id} failed with ${error.code}, and it lives`);
      },
    );
  }

  throw(player: Player): never {
    const text = `boom ${this.#serial++}`;
    player.ownReasons.add(`error ${text}`);
    player.mustEnd = true;
    throw new Error(text);
  }

  // Names ---------------------------------------------------------------------------------------------------------

  async register(player: Player, ctx: Context, name: string, holder = player): Promise<void> {
    const { names, trace } = this.#stage;
    const claim = names.claimed(name, holder);
    const { thread } = player;
    trace.say(() => `by ${player.id} for ${holder.id}: "${name}"`);
    try {
      await ctx.register(name, holder.ref);
      if (!this.#stage.isMute(thread)) names.granted(claim, thread);
    } catch (error) {
      if (!this.#stage.isMute(thread) && !player.isDead) names.refused(claim, (error as Failure).code);
    }
  }

  #unregister(player: Player, ctx: Context): void {
    const name = this.#random.pick(this.#stage.plan.names);
    const done = this.#stage.names.unregistering(name);
    // Nobody of that name: a bad argument, as in Erlang.
    ctx.unregister(name).then(done, done);
  }

  // Groups --------------------------------------------------------------------------------------------------------

  async #group(verb: GroupVerb, player: Player, ctx: Context): Promise<void> {
    const { groups, plan } = this.#stage;
    const group = this.#random.pick(plan.groups);
    const member = this.#random.next() < 0.5 ? player : this.#target(player);
    const { thread } = player;
    const asked = groups.asked(verb, player, group, member);
    try {
      const outcome = await ctx[verb](group, member.ref);
      if (!this.#stage.isMute(thread)) groups.ended(asked, thread, outcome as string | undefined);
    } catch (error) {
      if (!this.#stage.isMute(thread) && !player.isDead) groups.failed(asked, (error as Failure).code);
    }
  }

  #members(player: Player, ctx: Context): void {
    const group = this.#random.pick(this.#stage.plan.groups);
    this.#stage.groups.read(player.thread, group, ctx.members(group), ctx.groups());
  }

  // Timers --------------------------------------------------------------------------------------------------------

  #timer(verb: "sendAfter" | "sendEvery", player: Player, ctx: Context): void {
    const { letters, system } = this.#stage;
    const to = verb === "sendEvery" || this.#random.next() < 0.8 ? player : this.#target(player);
    const delayMs = verb === "sendEvery" ? 20 + this.#random.below(50) : this.#random.below(100);
    const letter = letters.write("timer", player, to, system.nowMs + delayMs);
    letter.isPeriodic = verb === "sendEvery";
    const message = { id: letter.id, body: this.#body() };
    const target = to === player ? undefined : (to.ref as RefData);
    const ref = ctx[verb](delayMs, message, target);
    player.timers.push({ ref, letter: letter.id });
  }

  /** Takes a timer back, from whoever handles its message, too, if it is its own. */
  cancel(player: Player, ctx: Context, letterId: number): void {
    const letter = this.#stage.letters.all[letterId] as Letter;
    const owner = letter.from;
    const timer = owner.timers.find(({ letter: id }) => id === letterId);
    if (timer === undefined) return;
    if (owner !== player) {
      if (!owner.isGone && owner.ctx !== undefined) owner.ctx.cancelTimer(timer.ref);
      return;
    }
    const leftMs = ctx.cancelTimer(timer.ref);
    this.#stage.trace.note("cancelTimer", player.id, letterId, leftMs ?? -1);
    if (letter.to === player || leftMs !== undefined) letter.isCancelled = true;
  }

  wantsStash(player: Player): boolean {
    return player.stashed < (player.capacity ?? 3) && this.#random.next() < this.#stage.plan.stashShare;
  }

  // Ghosts --------------------------------------------------------------------------------------------------------

  /** The verbs of the dead throw `noproc`, and nothing comes of them (S1.4). */
  ghost(player: Player | undefined): void {
    const ctx = player?.ctx;
    if (player === undefined || ctx === undefined || player.isLost) return;
    const stage = this.#stage;
    const to = this.#target(player);
    const ref = to.ref as RefData;
    const verbs: readonly (() => unknown)[] = [
      () => ctx.send(ref, { id: -1, body: {} }),
      () => ctx.cast(ref, "cast", { id: -1, body: {} }),
      () => ctx.link(ref),
      () => ctx.unlink(ref),
      () => ctx.monitor(ref),
      () => ctx.exit(ref, "kill"),
      () => ctx.trapExit(true),
      () => ctx.stop("normal"),
      () => ctx.spawn(stage.plain, { player: 0 }),
      () => ctx.sendAfter(1, { id: -1, body: {} }, ref),
      () => ctx.unstashAll(),
    ];
    const at = this.#random.below(verbs.length + 2);
    stage.trace.note("ghost", player.id, at);
    const verb = verbs[at];
    if (verb === undefined) {
      const promise = at === verbs.length ? ctx.call(ref, "now", { id: -1 }) : ctx.register("ghost");
      promise.then(
        () => stage.trace.breach("S1.4", `${player.id} is dead, and its verb ${at} succeeded`),
        (error: Failure) => this.#haunted(player, at, error),
      );
      return;
    }
    try {
      verb();
      stage.trace.breach("S1.4", `${player.id} is dead, and its verb ${at} succeeded`);
    } catch (error) {
      this.#haunted(player, at, error as Failure);
    }
  }

  #haunted(player: Player, at: number, error: Failure): void {
    if (error.code !== "noproc")
      this.#stage.trace.breach(
        "S1.4",
        `${player.id} is dead, and its verb ${at} failed with ${error.code}: ${error.message}`,
      );
  }
}
