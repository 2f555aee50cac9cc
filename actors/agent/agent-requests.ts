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
import type { AgentDelta } from "./agent-answer.ts";
import { type CheckedAgent, handOffPrefix } from "./agent-definition.ts";
import { cutFor, summaryRequest, summaryText, type TokenEstimate } from "./context-window.ts";
import { handOffSpecs } from "./hand-off.ts";
import { type Session, type Turn, turnPlace } from "./session.ts";
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
    const { corrections } = session.turn as Turn;
    const { plugin: _plugin, ...settings } = agent.model;
    // One of the two at a time: tools first, and the structure when it has answered without.
    const isStructured = output !== undefined && (!traits.isEitherOr || corrections > 0);
    const hasTools = output === undefined || !traits.isEitherOr || corrections === 0;
    const tools = [...(agent.tools.length > 0 ? await box.specs() : []), ...handOffSpecs(agent)];
    const clash = tools.find(
      ({ name }, place) => place < tools.length - agent.handOffs.length && name.startsWith(handOffPrefix),
    );
    if (clash !== undefined)
      throw new RuntimeError(
        "tool_ambiguous",
        `${agent.name}: a tool's name begins with ${handOffPrefix}: ${clash.name}`,
      );
    return {
      ...settings,
      messages: await this.#messages(),
      ...(tools.length > 0 && hasTools && { tools }),
      ...((isStructured || tools.length === 0) && output && { output: { name: "answer", schema: output.schema } }),
    };
  }

  /** As many as fit; the first ones are summed up, or left out. */
  async #messages(): Promise<readonly ChatMessage[]> {
    const { agent, estimate, session } = this.#parts;
    const head = this.#head();
    const room = this.#contextTokens - estimate.of(head);
    if (estimate.of(session.messages) <= room) return [...head, ...session.messages];
    // Less than would fit, so that not every turn has to.
    const cut = cutFor(session.messages, turnPlace(session), room / 2, estimate);
    if (cut === 0) return [...head, ...session.messages];
    if (!agent.memory.summarises) return [...head, ...session.messages.slice(cut)];
    await this.#summarise(cut);
    return [...this.#head(), ...session.messages];
  }

  #head(): readonly ChatMessage[] {
    const { instructions } = this.#parts.agent;
    const { summary } = this.#parts.session;
    const texts = [instructions, summary === undefined ? undefined : summaryText(summary)];
    const content = texts.filter((text) => text !== undefined && text !== "").join("\n\n");
    return content === "" ? [] : [{ role: "system", content }];
  }

  async #summarise(messages: number): Promise<void> {
    const { model, agent, session, operation, keep } = this.#parts;
    const { plugin: _plugin, ...settings } = agent.model;
    const { summary: before, messages: all } = session;
    const request = { ...settings, messages: summaryRequest(before, all.slice(0, messages)) };
    let made: { readonly content: string; readonly usage: ChatUsage | undefined };
    try {
      made = await model.chat(request, { signal: this.#signal, trace: operation.trace }).answer();
    } catch (error) {
      if (this.#signal.aborted) throw this.#signal.reason;
      if (errorData(error).code !== "model_context") throw error;
      made = { content: before === undefined ? tooLong : `${before}\n${tooLong}`, usage: undefined };
    }
    const { content: summary, usage } = made;
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
    if (traits.isEitherOr || tools === undefined || output === undefined) return false;
    traits.isEitherOr = true;
    return true;
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
