/**
 * Ends runaway actors on one thread, a few at a time, until it has ended as many as it was told to. It lives on main.
 *
 * Half of them are killed when they have said that they loop, half run into a turn limit. A module's top level stays pending
 * in its thread for ever and would taint what loads beside it, so that is one in a hundred, and alone.
 */
import {
  type Api,
  type Context,
  type DownMessage,
  defineServer,
  type ErrorData,
  type ExitReason,
  type From,
  type Ref,
  refKey,
  SeededRandom,
} from "../../../index.ts";
import { type CulpritKind, culpritKinds, isLater, looper, sleepwalker } from "./culprit.ts";

/** How many culprits stand in a thread at once: the next loops as soon as one has been ended. */
const lanes = 4;
const moduleShare = 0.01;
const limitsMs = [5, 25] as const;

export interface Sentence {
  readonly thread: number;
  readonly kills: number;
  readonly seed: number;
  readonly near: readonly Ref[];
  readonly far: readonly Ref[];
}

/** What has been done. */
export interface Deeds {
  readonly kills: number;
  /** Milliseconds from the kill to the down, and beyond the limit, by what the culprit did. */
  readonly killMs: { readonly [kind: string]: readonly number[] };
  readonly overLimitMs: { readonly [kind: string]: readonly number[] };
  /** Culprits that ended before they looped: they may be cut down after their end. */
  readonly lost: number;
  /** Ref keys of all that have ended. */
  readonly ended: readonly string[];
  /** What went wrong, as a sentence. */
  readonly wrongs: readonly string[];
}

interface Culprit {
  readonly id: number;
  readonly kind: CulpritKind | "module";
  readonly ref: Ref<Api>;
  /** Infinity: it is to be killed. */
  readonly limitMs: number;
  enteredMs: number;
  killedMs: number;
}

interface State {
  readonly sentence: Sentence;
  readonly random: SeededRandom;
  readonly open: Map<number, Culprit>;
  readonly byMonitor: Map<number, Culprit>;
  readonly killMs: { [kind: string]: number[] };
  readonly overLimitMs: { [kind: string]: number[] };
  readonly ended: string[];
  readonly wrongs: string[];
  nextId: number;
  kills: number;
  lost: number;
  isModuleNext: boolean;
  isStopping: boolean;
  from: From | undefined;
}

/** Numbers of culprits of one thread. */
const idsPerThread = 10_000_000;
export const threadOfCulprit = (id: number): number => Math.floor(id / idsPerThread);

export const executioner = defineServer({
  init: (sentence: Sentence): State => ({
    sentence,
    random: new SeededRandom(sentence.seed),
    open: new Map(),
    byMonitor: new Map(),
    killMs: {},
    overLimitMs: {},
    ended: [],
    wrongs: [],
    nextId: sentence.thread * idsPerThread,
    kills: 0,
    lost: 0,
    isModuleNext: false,
    isStopping: false,
    from: undefined,
  }),
  calls: {
    /** Answered when all have been ended. */
    begin: (state, _none: undefined, ctx) => {
      state.from = ctx.from;
      fill(state, ctx);
      return ctx.noReply;
    },
    counts: ({ kills, wrongs }) => ({ kills, isWrong: wrongs.length > 0 }),
    /** What stands open, for people. */
    waiting: ({ open }) =>
      [...open.values()].map(({ kind, ref, enteredMs }) => `${kind} ${refKey(ref)} ${enteredMs > 0}`),
  },
  casts: {
    /** A culprit loops. */
    entered: (state, id: number, ctx) => {
      const culprit = state.open.get(id);
      if (culprit === undefined) return;
      culprit.enteredMs = performance.now();
      if (culprit.limitMs < Number.POSITIVE_INFINITY) return;
      culprit.killedMs = performance.now();
      ctx.exit(culprit.ref, "kill");
    },
    stop: (state) => {
      state.isStopping = true;
    },
  },
  info: (state, message, ctx) => {
    const { monitor, reason } = message as DownMessage; // it monitors, and gets nothing else
    const culprit = state.byMonitor.get(monitor);
    if (culprit === undefined) return;
    state.byMonitor.delete(monitor);
    state.open.delete(culprit.id);
    ended(state, culprit, reason);
    fill(state, ctx);
  },
});

function fill(state: State, ctx: Context): void {
  const { sentence, open } = state;
  while (open.size < lanes && state.kills + open.size < sentence.kills && !state.isStopping) {
    if (state.isModuleNext && open.size > 0) return;
    if (state.isModuleNext) {
      state.isModuleNext = false;
      spawnModule(state, ctx);
      return;
    }
    spawn(state, ctx);
    state.isModuleNext = state.random.next() < moduleShare;
    if ([...open.values()].some(({ kind }) => kind === "module")) return;
  }
  if (open.size === 0 && state.from !== undefined) ctx.reply(state.from, deeds(state));
}

function spawn(state: State, ctx: Context): void {
  const { sentence, random } = state;
  const id = state.nextId++;
  const kind = random.pick(culpritKinds);
  const [least, most] = limitsMs;
  const limitMs = random.next() < 0.5 ? Number.POSITIVE_INFINITY : least + random.below(most - least);
  const { ref, monitor } = ctx.spawnMonitor(
    isLater(kind) ? sleepwalker : looper,
    { id, kind, near: random.pick(sentence.near), far: random.pick(sentence.far) },
    { placement: { thread: sentence.thread }, turnLimitMs: limitMs },
  );
  note(state, { id, kind, ref, limitMs }, monitor.id);
  ctx.send(ref, "go");
}

function spawnModule(state: State, ctx: Context): void {
  const id = state.nextId++;
  const url = new URL("./endless-load.js", import.meta.url);
  url.search = `id=${id}`;
  const behaviour = { kind: "behaviourRef", url: url.href, exportName: "behaviour" } as never;
  // The others take all the time that a load may take.
  const isKilled = state.random.next() < 0.75;
  const { ref, monitor } = ctx.spawnMonitor(behaviour, undefined, { placement: { thread: state.sentence.thread } });
  note(state, { id, kind: "module", ref, limitMs: isKilled ? Number.POSITIVE_INFINITY : 0 }, monitor.id);
}

function note(state: State, what: Pick<Culprit, "id" | "kind" | "ref" | "limitMs">, monitor: number): void {
  const culprit: Culprit = { ...what, enteredMs: 0, killedMs: 0 };
  state.open.set(culprit.id, culprit);
  state.byMonitor.set(monitor, culprit);
}

function ended(state: State, culprit: Culprit, reason: ExitReason): void {
  const { kind, ref, limitMs } = culprit;
  const nowMs = performance.now();
  // Behind its await, before it looped, it may itself be lost with another that was cut. A load may be slow in itself.
  const isLost = typeof reason === "object" && "turnLost" in reason && kind !== "module" && isLater(kind);
  if (isLost || (kind === "module" && culprit.enteredMs === 0)) {
    state.lost++;
    // What it waited for may still come, and then it loops as a dead actor, until it is cut down.
    state.ended.push(refKey(ref));
    return;
  }
  const isKilled = limitMs === Number.POSITIVE_INFINITY;
  const isRight = isKilled ? reason === "killed" && culprit.killedMs > 0 : isOverLimit(culprit, reason);
  if (!isRight) {
    state.wrongs.push(
      `${kind} ${refKey(ref)} (${isKilled ? "to be killed" : `limit ${limitMs}`}) ended ${JSON.stringify(reason)}`,
    );
    state.isStopping = true;
    return;
  }
  state.kills++;
  state.ended.push(refKey(ref));
  if (isKilled) (state.killMs[kind] ??= []).push(nowMs - culprit.killedMs);
  else if (kind !== "module" && culprit.enteredMs > 0)
    (state.overLimitMs[kind] ??= []).push(Math.max(0, nowMs - culprit.enteredMs - limitMs));
}

function isOverLimit({ kind, limitMs }: Culprit, reason: ExitReason): boolean {
  if (typeof reason !== "object") return false;
  if (kind !== "module") return "turnLimit" in reason && reason.turnLimit === limitMs;
  return "error" in reason && (reason.error as ErrorData).code === "load_timeout";
}

function deeds({ kills, lost, killMs, overLimitMs, ended: keys, wrongs }: State): Deeds {
  return { kills, lost, killMs, overLimitMs, ended: keys, wrongs };
}
