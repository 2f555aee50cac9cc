/**
 * One of the ten thousand: counts the slice it is given, sends the counts to an aggregator, and knows nothing of faults
 * but that it is told when to throw.
 *
 * It keeps no state, so its successor can take its place at once. What it was at when it failed, it tells the coordinator
 * in the failing turn: what an actor sent before it crashed is sent. A turn that is cut down cannot; its down tells.
 */
import { hash } from "node:crypto";
import { type Context, defineActor, type Ref, RuntimeError } from "../../index.ts";
import {
  type AgentMessage,
  type CrashingMessage,
  coordinatorName,
  type ReadyMessage,
  type ResultMessage,
  type TaskMessage,
} from "./conversation.ts";
import { suffer } from "./fault.ts";
import { fileCache } from "./file-cache.ts";
import { countText } from "./text-count.ts";

interface AgentState {
  readonly agent: number;
  readonly coordinator: Ref;
}

/** How long a turn of an agent may take: a hundred times what the longest takes that is well. */
const turnLimitMs = 500;

/** Its argument is its number. */
export const agent = defineActor({
  name: "agent",
  turnLimitMs,
  init(number: number, ctx): AgentState {
    const coordinator = ctx.whereis(coordinatorName);
    if (coordinator === undefined) throw new RuntimeError("noproc", `agent ${number} finds no ${coordinatorName}`);
    coordinator.cast("ready", { agent: number, ref: ctx.self } satisfies ReadyMessage);
    return { agent: number, coordinator };
  },
  async receive(state, message: AgentMessage, ctx) {
    let suffering: Promise<void> | undefined;
    try {
      suffering = handle(message);
    } catch (error) {
      // In the same turn as the work: nobody else's fault comes between, as it could behind an await.
      tellCrash(state, message, error, ctx);
      throw error;
    }
    if (suffering !== undefined) await suffering;
  },
});

/** Undefined, but for faults that strike behind an await. */
function handle(message: AgentMessage): Promise<void> | undefined {
  if (message.type === "poison") {
    JSON.parse(message.text);
    return undefined;
  }
  const { fault, task } = message;
  if (fault === undefined || fault === "throwAfter") work(message);
  return fault === undefined ? undefined : suffer(fault, task);
}

function work({ task, attempt, sliceNumber, slice, aggregator }: TaskMessage): void {
  const file = fileCache.read(slice.path);
  const end = slice.offset + slice.length;
  if (file.length < end) {
    throw new RuntimeError("file_changed", `${slice.path} has ${file.length} bytes now, ${end} are to be counted`);
  }
  const result: ResultMessage = {
    task,
    attempt,
    sliceNumber,
    count: countText(file, slice.offset, end),
    hash: hash("sha1", file.subarray(slice.offset, end)),
  };
  aggregator.cast("result", result);
}

function tellCrash(state: AgentState, message: AgentMessage, error: unknown, ctx: Context): void {
  const crash: CrashingMessage = {
    agent: state.agent,
    type: message.type,
    task: message.task,
    attempt: message.attempt,
    atMs: ctx.nowMs(),
    error: error instanceof Error ? error.message : String(error),
  };
  state.coordinator.cast("crashing", crash);
}
