/** A chat's answer, made of its deltas as they come, each looked at: drivers pass on what servers say. */
import { describe, RuntimeError } from "../errors.ts";
import type { ChatAnswer, ChatDelta, ChatUsage, FinishReason, ToolCall } from "./model.ts";
import { chatUsage, modelName } from "./model-usage.ts";

/** What a driver says at the end, beside its deltas. */
export interface ChatEnd {
  /** As the provider names it. */
  readonly model: string;
  readonly finishReason: FinishReason;
  readonly usage: ChatUsage | undefined;
}

interface OpenCall {
  id: string | undefined;
  name: string | undefined;
  readonly parts: string[];
}

const callsMax = 1_024;

export class ChatAssembly {
  readonly #charsMax: number;
  readonly #texts: string[] = [];
  readonly #calls = new Map<number, OpenCall>();
  #chars = 0;
  #deltas = 0;

  /** @param charsMax of all texts together, and of deltas: an endless stream ends there */
  constructor(charsMax: number) {
    this.#charsMax = charsMax;
  }

  /** @throws RuntimeError `model_protocol`: it is none, or the answer has become too long. */
  add(delta: ChatDelta): void {
    if (delta.type === "text") {
      this.#count(delta.text);
      this.#texts.push(delta.text);
    } else if (delta.type === "toolCall") {
      const { index, id, name, arguments: part } = delta;
      this.#count(part);
      if (id !== undefined) this.#count(id);
      if (name !== undefined) this.#count(name);
      const call = this.#call(index);
      call.id ??= id;
      call.name ??= name;
      call.parts.push(part);
    } else if (delta.type === "again") this.#forget();
  }

  /** What it has cost counts on: nobody may begin for ever. */
  #forget(): void {
    this.#texts.length = 0;
    this.#calls.clear();
  }

  #call(index: number): OpenCall {
    let call = this.#calls.get(index);
    if (call === undefined) {
      if (!Number.isSafeInteger(index) || this.#calls.size >= callsMax)
        throw new RuntimeError(
          "model_protocol",
          `an answer has calls of tools by number, ${callsMax} at most, got ${describe(index)}`,
        );
      call = { id: undefined, name: undefined, parts: [] };
      this.#calls.set(index, call);
    }
    return call;
  }

  #count(text: unknown): void {
    if (typeof text !== "string")
      throw new RuntimeError("model_protocol", `a part of an answer is a text, got ${describe(text)}`);
    this.#chars += text.length;
    this.#deltas++;
    if (Math.max(this.#chars, this.#deltas) > this.#charsMax)
      throw new RuntimeError(
        "model_protocol",
        `the answer is longer than maxAnswerChars (${this.#charsMax}): the provider does not stop, or raise it`,
      );
  }

  /** @param check what the content says, where it is to have a structure @throws RuntimeError `model_protocol`: a call without id or name; what `check` throws. */
  answer({ model, finishReason, usage }: ChatEnd, check: ((content: string) => unknown) | undefined): ChatAnswer {
    const content = this.#texts.join("");
    const toolCalls = [...this.#calls].sort(([a], [b]) => a - b).map(([, call]) => wholeCall(call));
    const hasCalled = toolCalls.length > 0;
    const answer = {
      model: modelName(model),
      content,
      toolCalls,
      finishReason: hasCalled && finishReason === "stop" ? "toolCalls" : finishReason,
      usage: chatUsage(usage),
    } as const;
    // Who calls a tool has not answered yet.
    return check === undefined || hasCalled ? answer : { ...answer, output: check(content) };
  }
}

function wholeCall({ id, name, parts }: OpenCall): ToolCall {
  if (id === undefined || name === undefined)
    throw new RuntimeError("model_protocol", `a call of a tool came without its ${id === undefined ? "id" : "name"}`);
  return { id, name, arguments: parts.join("") };
}
