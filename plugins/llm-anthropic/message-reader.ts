/** A stream of events, as Anthropic's messages have it, into deltas. */
import type { MessageDeltaUsage, RawMessageStreamEvent, Usage } from "@anthropic-ai/sdk/resources/messages";
import {
  type ChatDelta,
  type ChatEnd,
  type ChatOutlet,
  type ChatUsage,
  type FinishReason,
  ModelError,
} from "../../core/index.ts";

/** What else the provider may say is no end of a whole answer. */
const reasons = new Map<string, FinishReason>([
  ["end_turn", "stop"],
  ["stop_sequence", "stop"],
  ["max_tokens", "length"],
  ["tool_use", "toolCalls"],
]);

export async function readMessage(stream: AsyncIterable<RawMessageStreamEvent>, out: ChatOutlet): Promise<ChatEnd> {
  const blocks = new ToolBlocks();
  const usage = new UsageSoFar();
  let model = "";
  let stop = "";
  for await (const event of stream) {
    switch (event.type) {
      case "message_start":
        ({ model } = event.message);
        usage.take(event.message.usage);
        out.counted(usage.sum);
        break;
      case "message_delta":
        stop = event.delta.stop_reason ?? stop;
        usage.take(event.usage);
        out.counted(usage.sum);
        break;
      default: {
        const delta = blocks.deltaOf(event);
        if (delta !== undefined) await out.write(delta);
      }
    }
  }
  out.signal.throwIfAborted();
  if (stop === "") throw new ModelError("model_network", "the answer broke off: it has no stop_reason");
  if (stop === "refusal") throw new ModelError("model_refused", "the model refuses to answer");
  if (stop === "model_context_window_exceeded")
    throw new ModelError("model_context", "the answer has come to the end of the model's context");
  const finishReason = reasons.get(stop);
  if (finishReason === undefined)
    throw new ModelError("model_overloaded", `the provider has ended the answer: ${stop}`);
  return { model, finishReason, usage: usage.sum };
}

/** Blocks in which a tool is called, by the index of the block, which counts those of text as well. */
class ToolBlocks {
  readonly #calls = new Map<number, { readonly place: number; readonly input: unknown; isEmpty: boolean }>();

  deltaOf(event: RawMessageStreamEvent): ChatDelta | undefined {
    if (event.type === "content_block_start" && event.content_block.type === "tool_use") {
      const { id, name, input } = event.content_block;
      const place = this.#calls.size;
      this.#calls.set(event.index, { place, input, isEmpty: true });
      return { type: "toolCall", index: place, id, name, arguments: "" };
    }
    if (event.type === "content_block_stop") {
      // A tool without parameters is called without any, and some servers say them all as the block begins.
      const call = this.#calls.get(event.index);
      if (call?.isEmpty !== true) return undefined;
      return { type: "toolCall", index: call.place, arguments: JSON.stringify(call.input ?? {}) };
    }
    if (event.type !== "content_block_delta") return undefined;
    const { delta } = event;
    if (delta.type === "text_delta") return delta.text === "" ? undefined : { type: "text", text: delta.text };
    const call = this.#calls.get(event.index);
    if (delta.type !== "input_json_delta" || call === undefined || delta.partial_json === "") return undefined;
    call.isEmpty = false;
    return { type: "toolCall", index: call.place, arguments: delta.partial_json };
  }
}

/** Each word of it stands for all so far; what it leaves out, for what was said before. */
class UsageSoFar {
  #input = 0;
  #read = 0;
  #created = 0;
  #output: number | undefined;

  take(said: Usage | MessageDeltaUsage | null | undefined): void {
    if (said === undefined || said === null) return;
    this.#input = said.input_tokens ?? this.#input;
    this.#read = said.cache_read_input_tokens ?? this.#read;
    this.#created = said.cache_creation_input_tokens ?? this.#created;
    this.#output = said.output_tokens ?? this.#output;
  }

  /** The input is what is cached and what is not. */
  get sum(): ChatUsage | undefined {
    if (this.#output === undefined) return undefined;
    const inputTokens = this.#input + this.#read + this.#created;
    return { inputTokens, outputTokens: this.#output, ...(this.#read > 0 && { cachedInputTokens: this.#read }) };
  }
}
