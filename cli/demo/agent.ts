/**
 * One of the ten thousand: counts the slice that it is given and publishes the counts.
 *
 * It knows nothing of faults but that some tasks have one, about which it asks. It keeps no state but those tasks, so its
 * successor can take its place at once, and whoever can do the same can do what it left undone.
 */
import { hash } from "node:crypto";
import { type Context, defineServer, type From, type Ref, RuntimeError } from "../../index.ts";
import {
  agentName,
  type CountAnswer,
  type CountedMessage,
  type CountRequest,
  type FaultAnswer,
  type FaultQuestion,
  injectorName,
  resultTopic,
} from "./conversation.ts";
import { suffer } from "./fault.ts";
import { fileCache } from "./file-cache.ts";
import { countText } from "./text-count.ts";

export interface AgentSetup {
  readonly agent: number;
  readonly capability: string;
}

interface AgentState {
  readonly agent: number;
  readonly injector: Ref;
  hasWorked: boolean;
  /** The task about whose fault it has asked. */
  asked: { readonly request: CountRequest; readonly from: From } | undefined;
}

/** How long a turn of an agent may take: a hundred times what the longest takes that is well. */
const turnLimitMs = 500;

export const agent = defineServer({
  name: agentName,
  turnLimitMs,
  init({ agent, capability }: AgentSetup, ctx): AgentState {
    const injector = ctx.whereis(injectorName);
    if (injector === undefined) throw new RuntimeError("noproc", `agent ${agent} finds no ${injectorName}`);
    ctx.declare({ capabilities: [{ name: capability }], metadata: { agent } });
    return { agent, injector, hasWorked: false, asked: undefined };
  },
  calls: {
    count(state, request: CountRequest, ctx) {
      const { task, fault } = request;
      if (fault === undefined) return counted(state, request, ctx);
      state.asked = { request, from: ctx.from as From }; // a call has one
      state.injector.cast("ask", { task, fault, agent: ctx.self } satisfies FaultQuestion);
      return ctx.noReply;
    },
    /** JSON, they say. */
    read: (_state, text: string) => JSON.parse(text),
  },
  /** `async` so that a fault behind an await is known to be this agent's. */
  async info(state, message: unknown, ctx) {
    const { task, strikes } = message as FaultAnswer; // nobody else sends it anything
    const { asked } = state;
    if (asked?.request.task !== task) return;
    state.asked = undefined;
    const { request, from } = asked;
    if (strikes) {
      const suffering = struck(request, ctx);
      if (suffering !== undefined) await suffering;
      return;
    }
    const waiting = publish(request, ctx);
    if (waiting !== undefined) await waiting;
    ctx.reply(from, answerOf(state));
  },
});

/** The answer, once the counts are published: a promise where that has to wait. */
function counted(state: AgentState, request: CountRequest, ctx: Context): CountAnswer | PromiseLike<CountAnswer> {
  const waiting = publish(request, ctx);
  const answer = answerOf(state);
  return waiting === undefined ? answer : waiting.then(() => answer);
}

function answerOf(state: AgentState): CountAnswer {
  const isFirst = !state.hasWorked;
  state.hasWorked = true;
  return { agent: state.agent, isFirst };
}

/** Undefined, but for faults that strike behind an await. */
function struck(request: CountRequest, ctx: Context): Promise<void> | undefined {
  const { fault, task } = request;
  if (fault === "throwAfter") void publish(request, ctx);
  return fault === undefined ? undefined : suffer(fault, task);
}

function publish({ task, sliceNumber, slice, aggregator }: CountRequest, ctx: Context) {
  const file = fileCache.read(slice.path);
  const end = slice.offset + slice.length;
  if (file.length < end) {
    throw new RuntimeError("file_changed", `${slice.path} has ${file.length} bytes now, ${end} are to be counted`);
  }
  const message: CountedMessage = {
    task,
    sliceNumber,
    count: countText(file, slice.offset, end),
    hash: hash("sha1", file.subarray(slice.offset, end)),
  };
  return ctx.publish(resultTopic(aggregator), message);
}
