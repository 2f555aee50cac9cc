/**
 * What the runtime tells of a program, as lines on stderr: crashes, what supervisors report, what actors log, lost threads,
 * and faults that a plan has injected (not those of messages, which are only counted: they may be many).
 *
 * It reads the event stream like everybody else. Progress reports and level `debug` are left out.
 */
import { describe } from "../../core/index.ts";
import {
  type ErrorData,
  type ExitReason,
  type MofaSystem,
  type RefData,
  type RuntimeEvent,
  reasonText,
  refKey,
} from "../../index.ts";
import { reportIn, reportText } from "../../supervisors/index.ts";
import { paragraph } from "../attach/table.ts";
import { programFrames, programStack } from "../program-frames.ts";

type EventOf<T extends RuntimeEvent["type"]> = Extract<RuntimeEvent, { type: T }>;

/** Longest text of one report or of logged data, in characters. */
const charsMax = 2_000;
/** Longest text of the message in hand. */
const messageCharsMax = 100;

export class Journal implements Disposable {
  /** Of what actors say no line begins as one of these. */
  readonly #write: (line: string) => void;
  readonly #stops: readonly (() => void)[];
  readonly #gaveUp = new Set<string>();
  /** Why the system has ended by itself; undefined: it has not. */
  systemFailure: string | undefined;

  constructor({ events }: MofaSystem, out: NodeJS.WritableStream) {
    this.#write = (line) => out.write(`${paragraph(line)}\n`);
    this.#stops = [
      events.on("crashed", ({ ref, name, behaviour, reason, message, stack }) =>
        this.#write(`crash: ${behaviour} ${name ?? refKey(ref)}${inHandText(message)}: ${crashText(reason, stack)}`),
      ),
      events.on("shutdown", ({ supervisor, reason }) => {
        if (reason === "reached_max_restart_intensity") this.#gaveUp.add(refKey(supervisor));
      }),
      events.on("systemEnding", ({ reason }) => {
        if (reason !== "shutdown") this.systemFailure = `the system ended: ${reasonText(reason)}`;
      }),
      events.on("log", (event) => this.#log(event)),
      events.on("threadLost", ({ thread, why, actors, unread }) =>
        this.#write(`error: thread ${thread} was lost with ${actors} actors and ${unread} unread messages: ${why}`),
      ),
      events.on("faultInjected", ({ fault, kind, from, name, ref, thread }) => {
        if (from === undefined) this.#write(`fault: faults[${fault}] (${kind}) strikes ${whom(name, ref, thread)}`);
      }),
      events.on("faultSkipped", ({ fault, kind, name, ref, thread, why }) =>
        this.#write(`warning: faults[${fault}] (${kind}) cannot strike ${whom(name, ref, thread)}: ${why}`),
      ),
      events.on("eventsDropped", ({ thread, count, kinds }) =>
        this.#write(`warning: ${count} events of thread ${thread} were dropped: ${JSON.stringify(kinds)}`),
      ),
      events.on("unattributedError", ({ thread, error }) =>
        this.#write(`error: thread ${thread}: ${error.stack ?? error.message}`),
      ),
    ];
  }

  /** Whether this supervisor ends because it has restarted too often. */
  hasGivenUp(supervisor: RefData): boolean {
    return this.#gaveUp.has(refKey(supervisor));
  }

  [Symbol.dispose](): void {
    for (const stop of this.#stops) stop();
  }

  #log(event: EventOf<"log">): void {
    const { ref, name, level, message, data } = event;
    const report = reportIn(event);
    if (report !== undefined) {
      if ("errorContext" in report) {
        const brief = { ...report, reason: briefReason(report.reason) };
        this.#write(`${level}: ${reportText(brief, { singleLine: true, depth: 2, charsMax })}`);
      }
    } else if (level !== "debug") {
      const text = data === undefined ? "" : ` ${JSON.stringify(data).slice(0, charsMax)}`;
      this.#write(`${level}: ${name ?? refKey(ref)}: ${message}${text}`);
    }
  }
}

function whom(name: string | undefined, ref: RefData | undefined, thread: number): string {
  return name ?? (ref === undefined ? `thread ${thread}` : refKey(ref));
}

/** What it was about when it crashed. */
function inHandText(message: string | undefined): string {
  if (message === undefined) return "";
  return ` on ${message.length > messageCharsMax ? `${message.slice(0, messageCharsMax)}…` : message}`;
}

/** With the program's frames: of the error and its causes, where the reason is one, else of where the actor was ended. */
function crashText(reason: ExitReason, stack: string | undefined): string {
  const error = errorIn(reason);
  if (error?.stack === undefined) return `${reasonText(reason)}${stack === undefined ? "" : programFrames(stack)}`;
  const texts = [error.stack];
  for (let { cause } = error; cause !== undefined; cause = typeof cause === "string" ? undefined : cause.cause)
    texts.push(typeof cause === "string" ? cause : (cause.stack ?? `${cause.name}: ${cause.message}`));
  return texts.map(programStack).join("\n  [cause]: ");
}

/** An error's stack stands in the line of the crash already; so does that of one below a failed start. */
function briefReason(reason: ExitReason): ExitReason {
  if (errorIn(reason) !== undefined) return reasonText(reason);
  const { shutdown } = reason as { readonly shutdown?: { readonly failed_to_start_child?: unknown } };
  const failed = shutdown?.failed_to_start_child;
  if (!Array.isArray(failed)) return reason;
  const [id, below = "unknown"] = failed as readonly ExitReason[]; // an id and a reason, as supervisors make it
  const why = briefReason(below);
  return `failed_to_start_child ${describe(id)}: ${typeof why === "string" ? why : reasonText(why)}`;
}

function errorIn(reason: ExitReason): ErrorData | undefined {
  if (typeof reason !== "object" || !("error" in reason)) return undefined;
  const { error } = reason as { readonly error: unknown };
  // An actor may end itself with a reason that only looks so.
  return typeof error === "object" && error !== null && "message" in error ? (error as ErrorData) : undefined;
}
