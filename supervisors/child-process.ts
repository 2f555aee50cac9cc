/**
 * Starting one child and taking one down, as OTP does: do_start_child/2, shutdown/1 and terminate_dynamic_children/1 of
 * supervisor.erl. How children are kept is not known here.
 */
import {
  type Context,
  type DownMessage,
  type ExitMessage,
  type ExitReason,
  errorReason,
  isRef,
  type Placement,
  type Ref,
  type RefData,
  RefTable,
  sameRef,
} from "../core/index.ts";
import { type FullChildSpec, spawnOptions } from "./child-spec.ts";
import type { AlarmMessage, Procedure, Procedures, Signal } from "./procedure.ts";
import { isExpectedEnd, outsideCauseOf } from "./restart-decision.ts";
import type { OutsideCause } from "./restart-window.ts";

export type StartOutcome =
  /** `ref` is undefined when the child's `init` answered ignore. */
  { readonly ok: true; readonly ref: Ref | undefined } | FailedStart;

export interface FailedStart {
  readonly ok: false;
  readonly reason: ExitReason;
  /** The holder of the child's name. */
  readonly running?: Ref;
  /** What ended it before its `init` had ended, where that is not its own doing. */
  readonly cause?: OutsideCause;
}

/** A child to start: what `startActor` and `startActors` are told. */
export interface Start {
  readonly spec: FullChildSpec;
  readonly argument: unknown;
  /** Whether it is the first actor of a listed child, or follows another. */
  readonly life?: "first" | "next";
  /** Whether it takes the place of one that has failed by its own doing. */
  readonly isRestart?: boolean;
}

/**
 * Starts a linked child and waits until its `init` has ended. When that failed, the child is gone and its name is free.
 * Once the supervisor was asked to stop no child is started, and one whose `init` is under way is taken down. Ours: OTP's
 * supervisor waits for it, for ever where it never ends.
 */
export function* startActor(
  ctx: Context,
  procedures: Procedures,
  start: Start,
  childPlacement: Placement,
): Procedure<StartOutcome> {
  if (procedures.stopReason !== undefined) return { ok: false, reason: procedures.stopReason };
  const ref = spawn(ctx, start, childPlacement);
  if (!isRef(ref)) return ref;
  const signal = yield { started: { has: (other) => sameRef(other, ref) } };
  if (signal.type !== "stop") return outcomeOf(signal, ref);
  return yield* giveUp(ctx, procedures, ref, start.spec);
}

/** Takes a child down whose start is under way, since the supervisor shall stop. */
function* giveUp(ctx: Context, procedures: Procedures, ref: Ref, spec: FullChildSpec): Procedure<FailedStart> {
  procedures.giveUpStart(ref);
  yield* shutDownActor(ctx, procedures, ref, spec);
  return { ok: false, reason: procedures.stopReason ?? "shutdown" };
}

/** Starts that may be under way at once, of children that do not depend on one another. */
export const startsAtOnceMax = 256;

/**
 * Starts children that do not depend on one another, many at a time.
 * @param ended is told how each start ended, as it ends.
 */
export function* startActors<T extends Start>(
  ctx: Context,
  procedures: Procedures,
  starts: readonly T[],
  childPlacement: Placement,
  ended: (start: T, outcome: StartOutcome) => void,
): Procedure<void> {
  const open = new RefTable<{ readonly start: T; readonly ref: Ref }>(({ ref }) => ref);
  for (let next = 0; next < starts.length || open.size > 0; ) {
    while (next < starts.length && open.size < startsAtOnceMax) {
      const start = starts[next++] as T;
      const reason = procedures.stopReason;
      const ref = reason === undefined ? spawn(ctx, start, childPlacement) : ({ ok: false, reason } as const);
      if (isRef(ref)) open.set(ref, { start, ref });
      else ended(start, ref);
    }
    if (open.size === 0) continue;
    const signal = yield { started: open };
    if (signal.type === "stop") {
      const given = [...open.values()];
      for (const { ref } of given) open.delete(ref);
      for (const { ref, start } of given) ended(start, yield* giveUp(ctx, procedures, ref, start.spec));
      continue;
    }
    const ref = signal.type === "started" ? signal.ref : (signal as ExitMessage).from;
    const { start } = open.delete(ref) as { readonly start: T };
    ended(start, outcomeOf(signal, ref));
  }
}

function outcomeOf(signal: Signal, ref: Ref): StartOutcome {
  if (signal.type === "exit") return failedStart(ref, { reason: signal.reason });
  if (signal.type !== "started") throw new TypeError(`a start was ended by ${signal.type}`);
  const { result } = signal;
  if (result.ok) return { ok: true, ref };
  return result.reason === "ignore" ? { ok: true, ref: undefined } : failedStart(ref, result);
}

function failedStart(ref: Ref, { reason, running }: Pick<FailedStart, "reason" | "running">): FailedStart {
  const cause = outsideCauseOf(reason, ref.thread);
  return { ok: false, reason, ...(running && { running }), ...(cause !== undefined && { cause }) };
}

function spawn(
  ctx: Context,
  { spec, argument, life, isRestart }: Start,
  childPlacement: Placement,
): Ref | StartOutcome {
  const [behaviour] = spec.start;
  const options = {
    ...spawnOptions(spec, childPlacement),
    ...(life !== undefined && { life }),
    ...(isRestart === true && { isRestart }),
  };
  try {
    // A supervisor does not know what its children offer or take; whoever wrote the spec does. Hence the two casts.
    return (
      behaviour.kind === "behaviourRef"
        ? ctx.spawnLink(behaviour, argument, options)
        : ctx.spawnLink(behaviour, argument as never, options)
    ) as Ref;
  } catch (thrown) {
    // A placement that names no thread, an argument that cannot cross: a start that failed, not a fault of the supervisor.
    return { ok: false, reason: errorReason(thrown) };
  }
}

/**
 * Takes one child down and waits for it, however long that takes after the kill. Returns why it ended.
 *
 * It is the monitor that is waited for and not the exit: a child that has unlinked itself cannot hang its supervisor.
 */
export function* shutDownActor(
  ctx: Context,
  procedures: Procedures,
  ref: Ref,
  spec: FullChildSpec,
): Procedure<ExitReason> {
  const monitor = ctx.monitor(ref).id;
  const downs = { has: (id: number) => id === monitor };
  ctx.exit(ref, exitWord(spec));
  let signal: { readonly type: string };
  if (typeof spec.shutdown === "number") {
    const alarm: AlarmMessage = { type: "timer", timer: "shutdown" };
    const timer = ctx.sendAfter(spec.shutdown, alarm);
    signal = yield { downs, alarm };
    if (signal.type === "timer") {
      ctx.exit(ref, "kill");
      signal = yield { downs };
    } else {
      ctx.cancelTimer(timer);
    }
  } else {
    signal = yield { downs };
  }
  return trueReason(ctx, procedures, ref, signal as DownMessage);
}

/** Ends that were not as they should be, by reason: identical ones are one report (OTP). */
export type UnexpectedEnds = Map<string, { readonly reason: ExitReason; count: number }>;

/** Children that are signalled in one turn. */
const signalledPerTurn = 1_000;

/** Takes many children of one spec down at once, with one timer for all of them. In no order. */
export function* shutDownActors(
  ctx: Context,
  procedures: Procedures,
  refs: Iterable<Ref>,
  spec: FullChildSpec,
): Procedure<UnexpectedEnds> {
  const downs = new Map<number, Ref>();
  const unexpected: UnexpectedEnds = new Map();
  const take = (down: DownMessage): void => {
    const ref = downs.get(down.monitor) as Ref;
    downs.delete(down.monitor);
    const reason = trueReason(ctx, procedures, ref, down);
    if (isExpectedEnd(spec.restart, spec.shutdown, reason)) return;
    const key = JSON.stringify(reason);
    const entry = unexpected.get(key);
    if (entry === undefined) unexpected.set(key, { reason, count: 1 });
    else entry.count++;
  };
  function* breathe(): Procedure<void> {
    for (;;) {
      const signal = yield { downs, turn: true };
      if (signal.type === "down") take(signal);
      else return;
    }
  }

  let signalled = 0;
  for (const ref of refs) {
    downs.set(ctx.monitor(ref).id, ref);
    ctx.exit(ref, exitWord(spec));
    if (++signalled % signalledPerTurn === 0) yield* breathe();
  }
  const alarm: AlarmMessage = { type: "timer", timer: "shutdown" };
  const timer = typeof spec.shutdown === "number" ? ctx.sendAfter(spec.shutdown, alarm) : undefined;
  while (downs.size > 0) {
    const signal = yield { downs, alarm };
    if (signal.type === "down") {
      take(signal);
      continue;
    }
    for (const ref of downs.values()) {
      ctx.exit(ref, "kill");
      if (++signalled % signalledPerTurn === 0) yield* breathe();
    }
  }
  if (timer !== undefined) ctx.cancelTimer(timer);
  return unexpected;
}

function exitWord(spec: FullChildSpec): "kill" | "shutdown" {
  return spec.shutdown === "brutal_kill" ? "kill" : "shutdown";
}

/** A child that was gone before it was monitored is down with `noproc`; its exit, if it came, says why. */
function trueReason(ctx: Context, procedures: Procedures, ref: RefData, down: DownMessage): ExitReason {
  ctx.unlink(ref);
  return procedures.takeExit(ref) ?? down.reason;
}
