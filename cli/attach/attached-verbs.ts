/** What a running program does for those that are attached to it. */
import { wallMs } from "../../core/index.ts";
import {
  type Activity,
  type ActorInfo,
  type MofaSystem,
  type RefData,
  RuntimeError,
  refKey,
  type Target,
} from "../../index.ts";
import { actorForest } from "./actor-forest.ts";
import { actorList } from "./actor-list.ts";
import { heldText, noActor, threadText } from "./actor-text.ts";
import {
  type AttachedSystem,
  type AttachRequest,
  type AttachVerb,
  type DeadLetterList,
  type Killed,
  type PluginList,
  refOf,
  type TopColumn,
  type TopSample,
  type Unanswered,
} from "./attach-protocol.ts";
import { AttachedPlugins } from "./attached-plugins.ts";
import type { Restarts } from "./restarts.ts";

/** Time for a thread to say who lives there; then the others are told without it. */
const lookMs = 750;
/** Time for an actor to end that was killed, also in a turn that loops. */
const endMs = 10_000;
/** How long its supervisor is given for its restart, and the actor to say whether it has one; one that loops says nothing. */
const restartMs = 2_000;
const childMs = 100;

type VerbName = AttachVerb["verb"];

export class AttachedVerbs {
  readonly #system: MofaSystem;
  readonly #name: string;
  readonly #restarts: Restarts;
  readonly #plugins: AttachedPlugins;
  #activity: Activity | undefined;

  /** One for each that is attached. */
  constructor(system: MofaSystem, name: string, restarts: Restarts) {
    this.#system = system;
    this.#name = name;
    this.#restarts = restarts;
    this.#plugins = new AttachedPlugins(system);
  }

  async answer(request: AttachRequest): Promise<unknown> {
    try {
      return await this.#do(request);
    } catch (error) {
      throw this.#inWords(request, error);
    }
  }

  /** The same failure in words of commands: who is meant by nobody, and what holds the thread of who did not answer. */
  #inWords(request: AttachRequest, error: unknown): unknown {
    if (!(error instanceof RuntimeError) || !("target" in request) || request.target === undefined) return error;
    if (error.code === "noproc") return noActor(request.target);
    if (error.code !== "timeout") return error;
    const target = targetOf(request.target);
    const ref = typeof target === "string" ? this.#system.whereis(target) : target;
    const turn = this.#system.remaining().turns.find(({ thread }) => thread === ref?.thread);
    if (turn === undefined) return error;
    const held = { ...turn, actor: turn.name ?? refKey(turn.ref) };
    return new RuntimeError("timeout", `${error.message}: it is on ${threadText(held)}, and ${heldText(held)}`);
  }

  async #do(request: AttachRequest): Promise<unknown> {
    const system = this.#system;
    switch (request.verb) {
      case "hello":
        return { pid: process.pid, name: this.#name } satisfies AttachedSystem;
      case "actors": {
        const { actors, unanswered } = await this.#look();
        return actorList(actors, unanswered, request);
      }
      case "tree": {
        const unanswered: Unanswered[] = [];
        const roots = await system.tree(this.#lookOptions(unanswered));
        return actorForest(roots, unanswered, request);
      }
      case "plugins": {
        const plugins = await system.plugins();
        return { plugins: plugins.map((one) => ({ ...one, ref: one.ref?.toJSON() ?? null })) } satisfies PluginList;
      }
      case "models":
        return await this.#plugins.models();
      case "tools":
        return await this.#plugins.tools();
      case "approvals":
        return await this.#plugins.approvals();
      case "decide":
        return await this.#plugins.decide(request);
      case "info":
        return await system.info(targetOf(request.target));
      case "deadLetters":
        return await this.#deadLetters(request.limit ?? Number.POSITIVE_INFINITY);
      case "resend":
        return await system.resend(request.letter, request.target === undefined ? undefined : targetOf(request.target));
      case "getState":
        return await system.getState(targetOf(request.target), { hideSecrets: true });
      case "pause":
      case "resume":
        return await system[request.verb](targetOf(request.target));
      case "interrupt":
        return await system.interrupt(targetOf(request.target));
      case "kill":
        return await this.#kill(request.target);
      case "top":
        return await this.#top(request.sort, request.limit);
      case "profile": {
        const { position, kind, ms, file } = request;
        return await system.profile(position, { kind, ms, file });
      }
      case "callTool":
      case "giveUp":
      case "trace":
      case "watch":
        throw new Error("done elsewhere");
    }
  }

  async #look(): Promise<{ readonly actors: readonly ActorInfo[]; readonly unanswered: readonly Unanswered[] }> {
    const unanswered: Unanswered[] = [];
    return { actors: await this.#system.actors(this.#lookOptions(unanswered)), unanswered };
  }

  #lookOptions(unanswered: Unanswered[]) {
    return {
      timeoutMs: lookMs,
      unanswered: (thread: number, position: number) => {
        const turn = this.#system.remaining().turns.find((running) => running.thread === thread);
        unanswered.push({ thread, position, actor: turn === undefined ? null : (turn.name ?? refKey(turn.ref)) });
      },
    };
  }

  async #deadLetters(limit: number): Promise<DeadLetterList> {
    const unanswered: Unanswered[] = [];
    const all = await this.#system.deadLetters(this.#lookOptions(unanswered));
    const deadLetters = all.slice(-Math.min(limit, all.length));
    return { deadLetters, kept: all.length, unanswered, nowMs: this.#system.nowMs() };
  }

  async #top(sort: TopColumn, limit: number): Promise<TopSample> {
    this.#activity ??= this.#system.activity();
    const { forMs, threads, actors } = await this.#activity.read(
      sort === "restarts"
        ? { limit, of: this.#restarts.most(limit) }
        : { limit, sort: sort === "busy" ? "busyMs" : sort },
    );
    const known = actors.map((actor) => ({ ...actor, restarts: this.#restarts.of(actor.ref) }));
    if (sort === "restarts") known.sort((a, b) => b.restarts - a.restarts);
    const rows = threads.map(({ load = null, heapBytes = null, heldBy = null, ...thread }) => ({
      ...thread,
      load,
      heapBytes,
      heldBy,
    }));
    return { atMs: wallMs(), forMs, sort, threads: rows, actors: known };
  }

  async #kill(text: string): Promise<Killed> {
    const system = this.#system;
    const target = targetOf(text);
    const ref = typeof target === "string" ? system.whereis(target) : target;
    if (ref === undefined || !system.isAlive(ref)) throw noActor(text);
    const restart = Promise.withResolvers<RefData | null>();
    const stop = system.events.on("restarted", ({ former, ref: next }) => {
      if (former !== undefined && refKey(former) === refKey(ref)) restart.resolve(next);
    });
    try {
      const isChild = system.info(ref).then(({ childId }) => childId !== undefined);
      const mayRestart = await inTime(isChild, childMs, () => true);
      const monitor = await system.monitor(ref);
      system.exit(ref, "kill");
      await inTime(monitor.down, endMs, () => {
        system.demonitor(monitor);
        throw new RuntimeError("timeout", `${text} has not ended within ${endMs} ms`);
      });
      return { restartedAs: !mayRestart ? null : await inTime(restart.promise, restartMs, () => null) };
    } finally {
      stop();
    }
  }
}

/** What a promise comes to, or what `late` says when it takes longer. */
async function inTime<T>(promise: Promise<T>, ms: number, late: () => T): Promise<T> {
  const { promise: over, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  try {
    return await Promise.race([promise, over.then(late)]);
  } finally {
    clearTimeout(timer);
  }
}

export function targetOf(text: string): Target {
  return refOf(text) ?? text;
}

const verbs: Readonly<Record<VerbName, true>> = {
  hello: true,
  actors: true,
  tree: true,
  info: true,
  plugins: true,
  models: true,
  tools: true,
  callTool: true,
  giveUp: true,
  approvals: true,
  decide: true,
  deadLetters: true,
  resend: true,
  getState: true,
  pause: true,
  resume: true,
  interrupt: true,
  kill: true,
  top: true,
  profile: true,
  trace: true,
  watch: true,
};

export function isVerb(text: unknown): text is VerbName {
  return typeof text === "string" && Object.hasOwn(verbs, text);
}
