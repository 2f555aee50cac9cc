/** What an agent's model is sent: instructions, as much of the conversation as fits, tools, and the form of the answer. */
import {
  type ChatMessage,
  type ChatRequest,
  type ChatUsage,
  errorData,
  type ModelClient,
  type Operation,
  RuntimeError,
  type SchemaCheck,
  type Toolbox,
} from "../../core/index.ts";
import { untilBack } from "../restarted.ts";
import type { AgentDelta } from "./agent-answer.ts";
import { type CheckedAgent, handOffPrefix } from "./agent-definition.ts";
import { cutFor, summaryRequest, summaryText, type TokenEstimate } from "./context-window.ts";
import { handOffSpecs } from "./hand-off.ts";
import { type Session, type Turn, turnPlace, turnPlaces } from "./session.ts";
import type { Keep } from "./session-log.ts";

/** How an answer has a structure. */
export interface AgentOutput {
  readonly schema: Readonly<Record<string, unknown>>;
  readonly check: SchemaCheck;
}

/** What was found out about a model. */
export interface ModelTraits {
  /** It takes tools or a structure, and not both in one request. */
  isEitherOr: boolean;
}

export interface RequestParts {
  readonly agent: CheckedAgent;
  readonly session: Session;
  readonly box: Toolbox;
  readonly keep: Keep;
  readonly model: ModelClient;
  readonly estimate: TokenEstimate;
  readonly output: AgentOutput | undefined;
  readonly traits: ModelTraits;
  readonly operation: Operation;
}

/** How often a model may say in a turn that the conversation is too long for it: each time it gets half of it. */
const narrowedMax = 4;
const tooLong = "(What came before was too long to be summed up, and is left out.)";

/** Those of one turn. */
export class AgentRequests {
  readonly #parts: RequestParts;
  readonly #signal: AbortSignal;
  readonly #say: (delta: AgentDelta) => Promise<void>;
  /** That of the definition, and less where the model has said that it is too much. */
  #contextTokens: number;
  #narrowed = 0;

  constructor(parts: RequestParts, signal: AbortSignal, say: (delta: AgentDelta) => Promise<void>) {
    this.#parts = parts;
    this.#signal = signal;
    this.#say = say;
    this.#contextTokens = parts.agent.memory.contextTokens;
  }

  /** What is left out for want of room is summed up before. @throws what that fails with, by rejection. */
  async next(): Promise<ChatRequest> {
    const { agent, box, output, traits, session } = this.#parts;
    const { isForm } = session.turn as Turn;
    const { plugin: _plugin, ...settings } = agent.model;
    // One of the two at a time: tools first, and the form when it has answered without.
    const isSeparate = output !== undefined && traits.isEitherOr;
    const known = agent.tools.length > 0 ? await untilBack(this.#signal, () => box.specs()) : [];
    const tools = [...known, ...handOffSpecs(agent)];
    const clash = tools.find(
      ({ name }, place) => place < tools.length - agent.handOffs.length && name.startsWith(handOffPrefix),
    );
    if (clash !== undefined)
      throw new RuntimeError(
        "tool_ambiguous",
        `${agent.name}: a tool's name begins with ${handOffPrefix}: ${clash.name}`,
      );
    const hasTools = tools.length > 0 && !(isSeparate && isForm);
    const beside = {
      ...(hasTools && { tools }),
      ...(output && !(isSeparate && hasTools) && { output: { name: "answer", schema: output.schema } }),
    };
    return { ...settings, messages: await this.#messages(beside), ...beside };
  }

  /** As many as fit; the first ones are summed up, or left out. */
  async #messages(beside: object): Promise<readonly ChatMessage[]> {
    const { agent, estimate, session, keep } = this.#parts;
    const room = this.#contextTokens - estimate.ofAll({ messages: this.#head(), beside });
    let left = 0;
    if (estimate.of(session.messages) > room) {
      // Less than would fit, so that not every turn has to.
      const messages = cutFor(session.messages, turnPlaces(session), room / 2, estimate);
      if (agent.memory.summarises) await this.#summarise(messages);
      // For a model that takes less than it should nothing is forgotten: the turn may fail all the same.
      else if (this.#narrowed > 0) left = messages;
      else if (messages > 0) await keep({ type: "forgotten", messages });
    }
    // Providers take no message that says nothing.
    return [...this.#head(), ...session.messages.slice(left).filter((message) => !saysNothing(message))];
  }

  #head(): readonly ChatMessage[] {
    const { instructions } = this.#parts.agent;
    const { summary } = this.#parts.session;
    const texts = [instructions, summary === undefined ? undefined : summaryText(summary)];
    const content = texts.filter((text) => text !== undefined && text !== "").join("\n\n");
    return content === "" ? [] : [{ role: "system", content }];
  }

  /** In as many parts as it takes for each to fit. */
  async #summarise(messages: number): Promise<void> {
    for (let left = messages; left > 0; ) {
      const some = this.#fitting(left);
      await this.#sumUp(some);
      left -= some;
    }
  }

  /** One at least: of a message that has no room by itself its beginning is read. */
  #fitting(messagesMax: number): number {
    const { estimate, session } = this.#parts;
    let tokens = estimate.of(summaryRequest(session.summary, [], 0));
    for (let messages = 0; messages < messagesMax; messages++) {
      tokens += estimate.of([session.messages[messages] as ChatMessage]);
      if (tokens > this.#contextTokens) return Math.max(1, messages);
    }
    return messagesMax;
  }

  async #sumUp(messages: number): Promise<void> {
    const { model, agent, session, operation, keep } = this.#parts;
    const { plugin: _plugin, ...settings } = agent.model;
    const { summary: before, messages: all } = session;
    // Half of what a token has on the average.
    const charsMax = Math.max(200, Math.floor(this.#contextTokens * 2));
    const request = { ...settings, messages: summaryRequest(before, all.slice(0, messages), charsMax) };
    let made: { readonly content: string; readonly usage: ChatUsage | undefined };
    try {
      made = await model.chat(request, { signal: this.#signal, trace: operation.trace }).answer();
    } catch (error) {
      if (this.#signal.aborted) throw this.#signal.reason;
      if (errorData(error).code !== "model_context") throw error;
      made = { content: before === undefined ? tooLong : `${before}\n${tooLong}`, usage: undefined };
    }
    const { usage } = made;
    const summary = made.content.trim() === "" ? (before ?? tooLong) : made.content;
    await keep({ type: "summarised", messages, summary, ...(usage && { usage }) });
    await this.#say({ type: "summarised", messages });
  }

  /** Whether a request that has failed so can be made otherwise: the next one is. */
  bears(code: string | undefined, request: ChatRequest): boolean {
    if (code === "model_context") return this.#narrow(request);
    return code === "model_rejected" && this.#separate(request);
  }

  /** Whether the model may have refused the request for what it has both of. It is not sent so again. */
  #separate({ tools, output }: ChatRequest): boolean {
    const { traits } = this.#parts;
    const isSeparate = tools === undefined || output === undefined;
    // It has refused that as well: it was for something else.
    if (traits.isEitherOr) traits.isEitherOr = false;
    else if (!isSeparate) traits.isEitherOr = true;
    return traits.isEitherOr;
  }

  /** The model has said that it is too much. @returns false: there is nothing more to leave out. */
  #narrow({ messages }: ChatRequest): boolean {
    const { session, estimate } = this.#parts;
    if (turnPlace(session) === 0 || this.#narrowed === narrowedMax) return false;
    this.#narrowed++;
    this.#contextTokens = Math.min(this.#contextTokens, estimate.of(messages)) / 2;
    return true;
  }
}

function saysNothing(message: ChatMessage): boolean {
  const { role, content = "" } = message;
  return role === "assistant" && content === "" && (message.toolCalls ?? []).length === 0;
}
