/**
 * Crash reports that nobody listens to, while their thread has more to do.
 *
 * Main keeps the last hundred of all (SEMANTICS S20.6), and to write down a stack is more than a third of a restart. So in a storm
 * a thread writes down and sends those alone that main would keep: its own last hundred since it told main anything. They stand
 * before whatever goes to main next, so that who learns of a death finds its report.
 */
import { types } from "node:util";
import type { Cell } from "../actor/cell.ts";
import { Flag } from "../actor/cell.ts";
import { type Mail, Meta } from "../actor/mailbox.ts";
import { sameRef } from "../actor/ref.ts";
import { RefTable } from "../actor/ref-table.ts";
import { cutText, type ErrorData } from "../errors.ts";
import { crashesMax } from "./event-stream.ts";
import { type CrashReport, crashesHeardBit, eventBit } from "./events.ts";
import type { Kernel } from "./kernel.ts";

/** A thread that never rests tells them after so long. */
const waitMsMax = 50;

/** Who listens to one of these reads the error of a crash. */
const heardBits = crashesHeardBit | eventBit("exited") | eventBit("log");

/** Ends that nobody is told of but the parent, and that answer nobody. */
const tellingFlags =
  Flag.initializing | Flag.terminating | Flag.async | Flag.remote | Flag.faulty | Flag.traced | Flag.agent;

/** An error whose stack is V8's own: no code of a program runs when it is written down. */
const plainErrors = new Set<object>(
  [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map(({ prototype }) => prototype),
);
const ownStack = Object.getOwnPropertyDescriptor(new Error("unthrown"), "stack")?.get;

/** Node's own, since a thread loads this before any module of a program. */
const nodesHook = Error.prepareStackTrace;

interface Unheard {
  readonly report: CrashReport;
  readonly data: ErrorData;
  readonly error: Error;
}

export class UnheardCrashes {
  readonly #kernel: Kernel;
  /** The last ones, in a circle. */
  #kept: Unheard[] = [];
  #count = 0;
  /** When the first of them came. */
  #sinceMs = 0;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** Whether the stack of what an actor has thrown is for its report alone, and that for nobody yet. */
  mayWait(cell: Cell, error: unknown, mail: Mail | undefined): error is Error {
    const kernel = this.#kernel;
    if (kernel.thread === 0 || kernel.wants(heardBits) || kernel.faults !== undefined) return false;
    return isPlainError(error) && !(mail?.meta instanceof Meta) && this.#isSupervisorsAlone(cell);
  }

  /** Its supervisor, which reads no stack, is the only one that its end is told to. */
  #isSupervisorsAlone(cell: Cell): boolean {
    const { extra, links, mailbox, parent } = cell;
    if ((cell.flags & tellingFlags) !== 0 || cell.current !== undefined || (mailbox?.size ?? 0) > 0) return false;
    if (cell.behaviour.handlers.terminate !== undefined) return false;
    if (links === undefined || links instanceof RefTable || parent === undefined || !sameRef(links, parent))
      return false;
    if (this.#kernel.cellOf(parent)?.behaviour.handlers.isSupervisor !== true) return false;
    if (extra === undefined) return true;
    const { configuration, heldMail, openCalls, readers, stash, stopCallers, waiting, watchers, writers } = extra;
    return (
      (configuration ?? heldMail ?? openCalls ?? readers ?? stash ?? stopCallers ?? waiting ?? watchers ?? writers) ===
      undefined
    );
  }

  keep(report: CrashReport, data: ErrorData, error: Error): void {
    if (this.#count === 0) this.#sinceMs = this.#kernel.nowMs;
    this.#kept[this.#count % crashesMax] = { report, data, error };
    this.#count++;
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /** At the end of a drain. @param isQuiet nothing is left to do */
  drained(isQuiet: boolean): void {
    if (this.#count > 0 && (isQuiet || this.#kernel.nowMs - this.#sinceMs >= waitMsMax)) this.tell();
  }

  /** Tells main. */
  tell(): void {
    const [kept, count] = [this.#kept, this.#count];
    this.#kept = [];
    this.#count = 0;
    const first = count > kept.length ? count % crashesMax : 0;
    for (const { report, data, error } of [...kept.slice(first), ...kept.slice(0, first)]) {
      const { name, message, code } = data;
      const stack = stackOf(error);
      const full = { name, message, ...(code !== undefined && { code }), ...(stack !== undefined && { stack }) };
      this.#kernel.eventOutlet.emit({ ...report, reason: { error: full } });
    }
  }
}

function isPlainError(error: unknown): error is Error {
  if (!types.isNativeError(error) || Error.prepareStackTrace !== nodesHook) return false;
  if (!plainErrors.has(Object.getPrototypeOf(error) as object)) return false;
  if (Object.hasOwn(error, "name") || Object.hasOwn(error, "cause")) return false;
  const stack = Object.getOwnPropertyDescriptor(error, "stack");
  const message = Object.getOwnPropertyDescriptor(error, "message");
  return ownStack !== undefined && stack?.get === ownStack && message?.get === undefined;
}

/** Not by a hook that a program has set meanwhile: this runs in nobody's name. */
function stackOf(error: Error): string | undefined {
  const hook = Error.prepareStackTrace;
  if (hook !== nodesHook) Error.prepareStackTrace = nodesHook;
  try {
    return typeof error.stack === "string" ? cutText(error.stack) : undefined;
  } finally {
    if (hook !== nodesHook) Error.prepareStackTrace = hook;
  }
}
