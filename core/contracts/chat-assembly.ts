/** A chat's answer, made of its deltas as they come. */
import { RuntimeError } from "../errors.ts";
import type { ChatAnswer, ChatDelta, ChatRequest, ChatUsage, FinishReason, ToolCall } from "./model.ts";
import { outputOf } from "./model-output.ts";

/** What a driver says at the end, beside its deltas. */
export interface ChatEnd {
  /** As the provider names it. */
  readonly model: string;
  readonly finishReason: FinishReason;
  readonly usage: ChatUsage | undefined;
}

export class ChatAssembly {
  readonly #charsMax: number;
  readonly #texts: string[] = [];
  readonly #calls = new Map<number, { id: string | undefined; name: string | undefined; readonly parts: string[] }>();
  #chars = 0;

  /** @param charsMax of text and arguments together: an endless stream ends there */
  constructor(charsMax: number) {
    this.#charsMax = charsMax;
  }

  /** @throws RuntimeError `model_protocol`: it has become too long. */
  add(delta: ChatDelta): void {
    if (delta.type === "text") {
      this.#count(delta.text);
      this.#texts.push(delta.text);
    } else if (delta.type === "toolCall") {
      this.#count(delta.arguments);
      let call = this.#calls.get(delta.index);
      if (call === undefined) {
        call = { id: undefined, name: undefined, parts: [] };
        this.#calls.set(delta.index, call);
      }
      call.id ??= delta.id;
      call.name ??= delta.name;
      call.parts.push(delta.arguments);
    }
  }

  #count({ length }: string): void {
    this.#chars += length;
    if (this.#chars > this.#charsMax)
      throw new RuntimeError(
        "model_protocol",
        `the answer is longer than maxAnswerChars (${this.#charsMax}): the provider does not stop, or raise it`,
      );
  }

  /** @throws RuntimeError `model_protocol`: a call without id or name; `model_output`. */
  async answer({ output }: ChatRequest, { model, finishReason, usage }: ChatEnd): Promise<ChatAnswer> {
    const content = this.#texts.join("");
    const toolCalls = [...this.#calls].sort(([a], [b]) => a - b).map(([, call]) => wholeCall(call));
    const answer = {
      model,
      content,
      toolCalls,
      finishReason: toolCalls.length > 0 && finishReason === "stop" ? "toolCalls" : finishReason,
      usage,
    } as const;
    // Who calls a tool has not answered yet.
    if (output === undefined || toolCalls.length > 0) return answer;
    return { ...answer, output: await outputOf(content, output.schema) };
  }
}

function wholeCall({
  id,
  name,
  parts,
}: {
  readonly id: string | undefined;
  readonly name: string | undefined;
  readonly parts: readonly string[];
}): ToolCall {
  if (id === undefined || name === undefined)
    throw new RuntimeError("model_protocol", `a call of a tool came without its ${id === undefined ? "id" : "name"}`);
  return { id, name, arguments: parts.join("") };
}
