/**
 * Supervisor and progress reports, in OTP's shape (supervisor.erl, report_error and report_progress; format_log/2).
 *
 * They are log events of the supervisor: message `supervisor report`, level `error`, or message `progress`, level `info`.
 * All of it is data that can cross threads, except a start argument that cannot; so the argument is not in a report.
 */
import { inspect } from "node:util";
import { type Context, type ExitReason, isHeard, type Ref } from "../core/index.ts";
import {
  behaviourName,
  type ChildId,
  type ChildType,
  type FullChildSpec,
  type Restart,
  type Shutdown,
} from "./child-spec.ts";

export type ErrorContext = "start_error" | "child_terminated" | "shutdown_error" | "shutdown";

/** The child that a report is about. */
export interface ReportedChild {
  /** Its actor; `restarting` when it had none; undefined when it was never started. Not there for a number of children. */
  readonly ref?: Ref | "restarting" | undefined;
  /** How many children of a template ended in the same way. */
  readonly nbChildren?: number;
  readonly id: ChildId;
  /** The name of its behaviour. */
  readonly start: string;
  readonly restart: Restart;
  readonly significant: boolean;
  readonly shutdown: Shutdown;
  readonly type: ChildType;
}

export interface SupervisorReport {
  readonly supervisor: Ref;
  readonly errorContext: ErrorContext;
  /** Why the child ended or did not start; `reached_max_restart_intensity` in context `shutdown`. */
  readonly reason: ExitReason;
  readonly offender: ReportedChild;
}

export interface ProgressReport {
  readonly supervisor: Ref;
  readonly started: ReportedChild;
}

/** Messages of the log events. */
export const reportMessage = "supervisor report";
export const progressMessage = "progress";

/** The report that a log event of a supervisor carries; undefined: it carries none. */
export function reportIn({
  message,
  data,
}: {
  readonly message: string;
  readonly data: unknown;
}): SupervisorReport | ProgressReport | undefined {
  // Made below, and by nobody else under these messages.
  return message === reportMessage || message === progressMessage
    ? (data as SupervisorReport | ProgressReport)
    : undefined;
}

export function reportError(
  ctx: Context,
  errorContext: ErrorContext,
  reason: ExitReason,
  spec: FullChildSpec,
  which: { readonly ref: Ref | "restarting" | undefined } | { readonly nbChildren: number },
): void {
  if (!isHeard(ctx, "log")) return;
  const report: SupervisorReport = { supervisor: ctx.self, errorContext, reason, offender: reported(spec, which) };
  ctx.log("error", reportMessage, report);
}

export function reportProgress(ctx: Context, spec: FullChildSpec, ref: Ref): void {
  if (!isHeard(ctx, "log")) return;
  const report: ProgressReport = { supervisor: ctx.self, started: reported(spec, { ref }) };
  ctx.log("info", progressMessage, report);
}

function reported(spec: FullChildSpec, which: Pick<ReportedChild, "ref" | "nbChildren">): ReportedChild {
  const { id, start, restart, significant, shutdown, type } = spec;
  return { ...which, id, start: behaviourName(start[0]), restart, significant, shutdown, type };
}

export interface ReportTextOptions {
  /** All in one line. Default false. */
  readonly singleLine?: boolean;
  /** Levels of nested data that are shown. Default: all. */
  readonly depth?: number;
  /** Longest text in characters; the rest is cut with `...`. Default: no limit. */
  readonly charsMax?: number;
}

/** A report as text for people, as OTP's format_log does it. */
export function reportText(report: SupervisorReport | ProgressReport, options: ReportTextOptions = {}): string {
  const { singleLine = false, depth = Number.POSITIVE_INFINITY, charsMax } = options;
  const show = (value: unknown): string =>
    typeof value === "string"
      ? value
      : inspect(value, {
          depth,
          breakLength: Number.POSITIVE_INFINITY,
          compact: true,
          maxStringLength: charsMax ?? null,
        });
  const text = singleLine ? oneLine(report, show) : lines(report, show);
  if (charsMax === undefined || text.length <= charsMax) return text;
  return `${text.slice(0, Math.max(0, charsMax - 3))}...`;
}

type Show = (value: unknown) => string;

function oneLine(report: SupervisorReport | ProgressReport, show: Show): string {
  const supervisor = `Supervisor: ${report.supervisor.toString()}.`;
  const text =
    "started" in report
      ? `${supervisor} Started: ${childText(report.started)}.`
      : `${supervisor} Context: ${report.errorContext}. Reason: ${show(report.reason)}. Offender: ${childText(report.offender)}.`;
  return text.replaceAll(/\s*\n\s*/g, " ");
}

function lines(report: SupervisorReport | ProgressReport, show: Show): string {
  const rows: [string, string][] =
    "started" in report
      ? [
          ["supervisor", report.supervisor.toString()],
          ["started", show(plain(report.started))],
        ]
      : [
          ["supervisor", report.supervisor.toString()],
          ["errorContext", report.errorContext],
          ["reason", show(report.reason)],
          ["offender", show(plain(report.offender))],
        ];
  return rows.map(([key, value]) => `    ${key}: ${value}\n`).join("");
}

function childText(child: ReportedChild): string {
  return child.nbChildren === undefined
    ? `id=${child.id},ref=${String(child.ref)}`
    : `id=${child.id},nbChildren=${child.nbChildren}`;
}

/** With the ref as its key, which is what people can read. */
function plain(child: ReportedChild): object {
  return "ref" in child ? { ...child, ref: String(child.ref) } : child;
}
