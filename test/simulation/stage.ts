/**
 * One run's stage: the simulated system, the players on it, and the oracles that watch them.
 *
 * The players' behaviours are functions of the stage and live in memory, so that no module is loaded; whatever they do is
 * told to the oracles before it is asked of the runtime, and what the runtime makes of it comes back by the handlers.
 */
import { type Behaviour, type Handlers, makeBehaviour } from "../../core/actor/behaviour.ts";
import { noteModule } from "../../core/actor/behaviour-module.ts";
import type { Context, DownMessage, ExitMessage, From, GroupMessage } from "../../core/actor/context.ts";
import type { ExitReason } from "../../core/actor/exit-reason.ts";
import { type AnyApi, noReply, type Ref, type RefData } from "../../core/actor/ref.ts";
import { eventBit } from "../../core/kernel/events.ts";
import { Table } from "../../core/kernel/replica.ts";
import type { SystemMemory } from "../../core/kernel/system-memory.ts";
import { SimulatedSystem } from "../support/simulated-system.ts";
import { CallsOracle } from "./calls.ts";
import { Deeds } from "./deeds.ts";
import { GroupsOracle } from "./groups.ts";
import { type Letter, Letters, textOf } from "./letters.ts";
import { NamesOracle } from "./names.ts";
import { drawPlan, type Plan } from "./plan.ts";
import { Player, Players, reasonKey } from "./players.ts";
import { watchKernel } from "./probes.ts";
import { Ties } from "./ties.ts";
import { Trace } from "./trace.ts";

/** Argument of every player's `init`. */
export interface Birth {
  readonly player: number;
}

const moduleUrl = "sim:players";

export class Stage {
  readonly system: SimulatedSystem;
  readonly plan: Plan;
  readonly trace: Trace;
  readonly players = new Players();
  readonly letters: Letters;
  readonly ties: Ties;
  readonly calls: CallsOracle;
  readonly names: NamesOracle;
  readonly groups: GroupsOracle;
  readonly deeds: Deeds;
  readonly guest: Player;
  readonly plain: Behaviour<Birth, AnyApi>;
  readonly server: Behaviour<Birth, AnyApi>;
  /** Promises that async turns wait for; the schedule opens them. */
  readonly gates: (() => void)[] = [];
  /** Sending thread and receiver, where the receiver has asked that its messages wait. */
  readonly pauses = new Set<string>();
  /** Sends that wait for room. */
  readonly waiting = new Set<Letter>();
  /** Everything winds down: players do nothing of their own any more. */
  isOver = false;
  /** Dead letters of a lost thread that its writers had not decoded. */
  undecoded = 0;

  constructor(seed: number, memory: SystemMemory, isTold: boolean) {
    this.trace = new Trace(isTold);
    const exports: Record<string, unknown> = {};
    const pending = Promise.resolve(exports);
    // Plan and schedule draw from one source: a run is its seed.
    this.system = new SimulatedSystem(seed, 1, { memory, importModule: () => pending });
    this.plan = drawPlan(seed, this.system.random);
    // Without listeners only crashes are events; with them every ring carries events, too.
    if (!this.plan.hasEvents) this.system.memory.interest = eventBit("crashed");
    for (let position = 1; position < this.plan.threads; position++) this.system.addThread(position);
    this.letters = new Letters(this.trace);
    this.ties = new Ties(this.trace, this.players);
    this.calls = new CallsOracle(this.trace);
    this.names = new NamesOracle(this.trace, this.players, {
      whereisAll: (name) =>
        [...this.system.threads.values()].map(({ kernel }) => this.playerOf(kernel.names.whereis(name))),
      whereisAt: (thread, name) => this.playerOf(this.system.threads.get(thread)?.kernel.names.whereis(name)),
    });
    const replicaAt = (thread: number) => this.system.threads.get(thread)?.kernel.replica;
    this.groups = new GroupsOracle(this.trace, this.players, {
      threads: () => [...this.system.threads.keys()],
      countAt: (thread, group, { ref }) =>
        ref === undefined ? 0 : ((replicaAt(thread)?.valueOf(Table.groups, group, ref) as number | undefined) ?? 0),
      groupsAt: (thread) => replicaAt(thread)?.keys(Table.groups) ?? [],
      playerOf: (ref) => this.players.of(ref),
    });
    this.plain = makeBehaviour<Birth, AnyApi>({ name: "plain", module: moduleUrl }, this.#handlers(false));
    this.server = makeBehaviour<Birth, AnyApi>({ name: "server", module: moduleUrl }, this.#handlers(true));
    exports["plain"] = this.plain;
    exports["server"] = this.server;
    noteModule(this.plain, { url: moduleUrl, exportName: "plain" });
    noteModule(this.server, { url: moduleUrl, exportName: "server" });
    this.guest = new Player(0, undefined, { isServer: false, init: "ok", capacity: undefined, policy: "reject" });
    this.players.add(this.guest);
    const { guest } = this.system.kernel(0);
    this.guest.ctx = guest.ctx;
    this.guest.isInitialized = true;
    this.guest.traps = true;
    this.players.settle(this.guest, this.system.kernel(0).refOf(guest));
    this.deeds = new Deeds(this);
    this.system.drained = (kernel, isDoomed) => {
      if (!isDoomed && kernel.peers.isFlushed) this.letters.published(kernel.thread);
    };
    for (const { kernel } of this.system.threads.values()) watchKernel(this, kernel);
  }

  /** A thread comes up. */
  addThread(position: number): void {
    const kernel = this.system.addThread(position);
    this.trace.note("threadUp", position, kernel.thread);
    watchKernel(this, kernel);
  }

  /** A thread dies between two drains, or is going to before its present drain ends. */
  loseThread(thread: number, isInTurn: boolean): void {
    this.trace.note("threadLost", thread, isInTurn ? 1 : 0);
    for (const player of this.players.all) if (player.thread === thread) this.lost(player);
    if (isInTurn) this.system.doom(thread);
    else this.system.killThread(thread, "killed");
  }

  lost(player: Player): void {
    player.isThreadLost = true;
    if (player.isDead) return;
    player.isLost = true;
    player.deathTime = Math.min(player.deathTime, this.trace.time);
  }

  /** Whether what this thread's actors do has no effect any more. */
  isMute(thread: number): boolean {
    const simulated = this.system.threads.get(thread);
    return simulated === undefined || simulated.isDoomed;
  }

  playerOf(ref: RefData | undefined): Player | undefined {
    return ref === undefined ? undefined : this.players.of(ref);
  }

  player(id: number): Player {
    return this.players.all[id] as Player;
  }

  // Handlers ------------------------------------------------------------------------------------------------------

  #handlers(isServer: boolean): Handlers {
    return {
      isServer,
      init: (argument, ctx) => this.#init(this.player((argument as Birth).player), ctx),
      receive: (state, message, ctx) => this.#received(state as Player, message, ctx),
      call: (state, name, argument, ctx) => this.#called(state as Player, name, argument, ctx),
      cast: (state, _name, argument, ctx) => this.#turn(state as Player, argument, ctx),
      terminate: (state, reason) => this.#terminate(state as Player, reason),
      // Crash reports show no more of the stage than a number.
      format: (state) => (state as Player | undefined)?.id,
    };
  }

  #enter(player: Player, what: string): void {
    this.trace.note("turn", player.id, what.length);
    if (player.isDead) this.trace.breach("S1.4", `${player.id} is dead and got a turn (${what})`);
    if (player.inTurn) this.trace.breach("S1.1", `${player.id} got a turn (${what}) while another is open`);
    if (what !== "init" && what !== "terminate" && !player.isInitialized)
      this.trace.breach("S1.6", `${player.id} got a turn (${what}) before its init ended well`);
    player.inTurn = true;
  }

  #init(player: Player, ctx: Context): unknown {
    if (this.isMute(player.thread)) return player;
    if (player.initBegan) this.trace.breach("S1.6", `${player.id} was initialized twice`);
    player.initBegan = true;
    this.#enter(player, "init");
    player.ctx = ctx;
    switch (player.init) {
      case "throw":
        player.inTurn = false;
        player.ownReasons.add(`error init of ${player.id}`);
        throw new Error(`init of ${player.id}`);
      case "stop": {
        const reason = { init: player.id };
        player.ownReasons.add(reasonKey(reason));
        ctx.stop(reason);
        player.inTurn = false;
        return player;
      }
      case "ignore":
        player.ownReasons.add("normal");
        ctx.ignore();
        player.inTurn = false;
        return player;
      case "async":
        return this.gate().then(() => {
          this.#leave(player);
          player.isInitialized = true;
          return player;
        });
      case "ok":
        this.#traps(player, ctx);
        this.#leave(player);
        player.isInitialized = true;
        return player;
    }
  }

  #traps(player: Player, ctx: Context): void {
    if (this.system.random.next() >= this.plan.trapShare) return;
    ctx.trapExit(true);
    player.traps = true;
  }

  #leave(player: Player): void {
    player.inTurn = false;
  }

  #terminate(player: Player, reason: ExitReason): void {
    if (this.isMute(player.thread)) return;
    this.#enter(player, "terminate");
    if (!player.ownReasons.has(reasonKey(reason)))
      this.trace.breach("S1.3", `${player.id} terminates with ${reasonKey(reason)}, which it was not told`);
    player.inTurn = false;
  }

  #received(player: Player, message: unknown, ctx: Context): unknown {
    if (this.isMute(player.thread)) return undefined;
    const type = (message as { type?: unknown }).type;
    if (type === undefined) return this.#turn(player, message, ctx);
    this.#enter(player, type === "down" ? "down" : "exit");
    try {
      if (type === "group") this.groups.handled(player, message as GroupMessage);
      else if (type === "down") this.#down(player, message as DownMessage, ctx);
      else if (type === "exit") this.#exit(player, message as ExitMessage);
      else this.trace.breach("S2.1", `${player.id} got a message that nobody sent: ${JSON.stringify(type)}`);
    } finally {
      this.#leave(player);
    }
    return undefined;
  }

  #down(player: Player, message: DownMessage, ctx: Context): void {
    const gone = this.ties.downHandled(player, message.monitor);
    if (gone === undefined) return;
    this.letters.senderEnded(gone, player, `the down of ${gone.id} at ${player.id}`);
    this.endSeen(gone);
    if (this.isOver) return;
    // The watcher takes the dead actor's name at once.
    if (gone.bornName !== undefined && this.system.random.next() < 0.8)
      void this.deeds.register(player, ctx, gone.bornName);
    this.deeds.some(player, ctx, 1);
  }

  #exit(player: Player, message: ExitMessage): void {
    const sender = this.playerOf(message.from);
    if (sender === undefined) {
      this.trace.breach("S3.4", `${player.id} got an exit of nobody`);
      return;
    }
    this.ties.exitHandled(player, sender, message.reason);
    const letter = this.letterOf(message.reason);
    if (letter !== undefined && letter.from === sender && letter.to === player) {
      this.letters.exitHandled(letter, player);
      return;
    }
    if (player.isServer && sender === player.parent)
      this.trace.breach("S3.5", `${player.id} handled its parent's exit instead of ending by it`);
    if (!sender.isGone || this.deeds.wasSent(sender, player, message.reason)) return;
    this.letters.senderEnded(sender, player, `the exit of ${sender.id} at ${player.id}`);
    this.endSeen(sender);
  }

  endSeen(gone: Player): void {
    const { memory, threads } = this.system;
    const ref = gone.ref as RefData;
    const isAlive = memory.isAlive(ref.thread, ref.slot, ref.generation);
    this.names.endSeen(gone, isAlive || [...threads.values()].some(({ kernel }) => kernel.isAlive(ref)));
  }

  /** The letter that an exit signal's reason carries. */
  letterOf(reason: ExitReason | undefined): Letter | undefined {
    const id = (reason as { signal?: number } | undefined)?.signal;
    return typeof id === "number" ? this.letters.all[id] : undefined;
  }

  /** A user message, a cast or a timer's. */
  #turn(player: Player, message: unknown, ctx: Context): unknown {
    if (this.isMute(player.thread)) return undefined;
    this.#enter(player, "message");
    const letter = this.#take(player, message);
    if (letter === undefined || this.#stashes(player, letter, ctx)) {
      this.#leave(player);
      return undefined;
    }
    if (letter.isPeriodic && letter.handled >= 3) this.deeds.cancel(player, ctx, letter.id);
    if ((message as { body: { tangle?: true } }).body.tangle === true && !this.isOver) this.deeds.tangle(player, ctx);
    const forward = (message as { answer?: { caller: Ref; id: number } }).answer;
    if (forward !== undefined) this.deeds.answer(player, ctx, forward, (message as { letter: number }).letter);
    if (this.system.random.next() < this.plan.asyncShare) return this.#asyncTurn(player, ctx);
    return this.#syncTurn(player, ctx);
  }

  #syncTurn(player: Player, ctx: Context): undefined {
    try {
      this.deeds.some(player, ctx, 3);
    } finally {
      this.#leave(player);
    }
    return undefined;
  }

  async #asyncTurn(player: Player, ctx: Context): Promise<void> {
    try {
      this.deeds.some(player, ctx, 2);
      if (this.isMute(player.thread)) return;
      await this.deeds.wait(player, ctx);
      if (this.isMute(player.thread)) return;
      if (player.isDead) this.deeds.ghost(player);
      else this.deeds.some(player, ctx, 2);
    } finally {
      this.#leave(player);
    }
  }

  #called(player: Player, name: string, argument: unknown, ctx: Context): unknown {
    if (this.isMute(player.thread)) return undefined;
    this.#enter(player, "call");
    const letter = this.#take(player, argument);
    if (letter === undefined || this.#stashes(player, letter, ctx)) {
      this.#leave(player);
      return noReply;
    }
    switch (name) {
      case "now":
        this.calls.answered(letter.id);
        this.#syncTurn(player, ctx);
        return letter.id;
      case "async":
        return this.#asyncTurn(player, ctx).then(() => {
          this.calls.answered(letter.id);
          return letter.id;
        });
      case "later": {
        const from = ctx.from as From;
        player.unanswered.push({ from, letter: letter.id });
        this.#syncTurn(player, ctx);
        return noReply;
      }
      case "throw":
        this.#leave(player);
        this.deeds.throw(player);
        return undefined;
      default: {
        this.#leave(player);
        player.ownReasons.add(`error undefined ${name}`);
        throw Object.assign(new Error(`undefined ${name}`), { code: "undef" });
      }
    }
  }

  #take(player: Player, message: unknown): Letter | undefined {
    const letter = this.letters.all[(message as { id: number }).id];
    if (letter === undefined) {
      this.trace.breach("S2.1", `${player.id} got a message that nobody sent`);
      return undefined;
    }
    if (!Object.isFrozen(message) || !Object.isFrozen((message as { body: unknown }).body))
      this.trace.breach("S2.6", `${textOf(letter)} was not frozen`);
    this.trace.note("handled", player.id, letter.id);
    return this.letters.handled(letter, player, this.system.nowMs) ? letter : this.#again(letter);
  }

  /** A stashed message comes up again. */
  #again(letter: Letter): Letter {
    letter.to.stashed--;
    return letter;
  }

  #stashes(player: Player, letter: Letter, ctx: Context): boolean {
    if (this.isOver || letter.isPeriodic || !this.deeds.wantsStash(player)) return false;
    ctx.stash();
    player.stashed++;
    player.hasStashed = true;
    letter.isStashed = true;
    this.trace.note("stash", player.id, letter.id);
    return true;
  }

  /** A promise of the world outside: the schedule opens it. */
  gate(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.gates.push(resolve);
    return promise;
  }
}
