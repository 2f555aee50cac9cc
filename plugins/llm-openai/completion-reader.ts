/** A stream of chunks, as servers of this protocol send it, into deltas. */
import type { ChatCompletionChunk } from "openai/resources/chat/completions";
import { type ChatEnd, type ChatOutlet, type ChatUsage, type FinishReason, ModelError } from "../../core/index.ts";

const refusalMax = 10_000;
/** What else a server may say is no end of a whole answer. */
const reasons = new Map<string, FinishReason>([
  ["stop", "stop"],
  ["length", "length"],
  ["tool_calls", "toolCalls"],
  ["function_call", "toolCalls"],
]);

type CallPart = NonNullable<ChatCompletionChunk.Choice.Delta["tool_calls"]>[number];

export async function readCompletion(stream: AsyncIterable<ChatCompletionChunk>, out: ChatOutlet): Promise<ChatEnd> {
  const calls = new CallPlaces();
  let model = "";
  let finish = "";
  let usage: ChatUsage | undefined;
  let refusal = "";
  for await (const chunk of stream) {
    // Azure begins with a chunk that names none.
    model ||= chunk.model;
    usage = usageOf(chunk) ?? usage;
    out.counted(usage);
    // The last one, with the usage, has no choice.
    const choice = chunk.choices?.[0];
    if (choice === undefined) continue;
    const { delta, finish_reason } = choice;
    finish = finish_reason || finish;
    refusal = (refusal + (delta?.refusal ?? "")).slice(0, refusalMax);
    if (delta?.content) await out.write({ type: "text", text: delta.content });
    for (const part of delta?.tool_calls ?? []) {
      const { id, function: called } = part;
      await out.write({
        type: "toolCall",
        index: calls.placeOf(part),
        ...(id && { id }),
        ...(called?.name && { name: called.name }),
        arguments: called?.arguments ?? "",
      });
    }
  }
  out.signal.throwIfAborted();
  if (refusal !== "") throw new ModelError("model_refused", refusal);
  if (finish === "") throw new ModelError("model_network", "the answer broke off: it has no finish_reason");
  if (finish === "content_filter") throw new ModelError("model_refused", "the provider's filter has cut the answer");
  const finishReason = reasons.get(finish);
  if (finishReason === undefined)
    throw new ModelError("model_overloaded", `the provider has ended the answer: ${finish}`);
  return { model, finishReason, usage };
}

/** Some servers give every call the same index, or none: another id is another call all the same. */
class CallPlaces {
  readonly #open = new Map<number, { readonly id: string | undefined; readonly place: number }>();
  #places = 0;

  placeOf({ index, id }: CallPart): number {
    const at = index ?? 0;
    const open = this.#open.get(at);
    if (open !== undefined && (!id || open.id === undefined || open.id === id)) return open.place;
    const place = this.#places++;
    this.#open.set(at, { id: id || undefined, place });
    return place;
  }
}

function usageOf({ usage }: ChatCompletionChunk): ChatUsage | undefined {
  if (usage === undefined || usage === null) return undefined;
  const { prompt_tokens, completion_tokens, prompt_tokens_details } = usage;
  const cached = prompt_tokens_details?.cached_tokens;
  return {
    inputTokens: prompt_tokens,
    outputTokens: completion_tokens,
    ...(cached !== undefined && cached > 0 && { cachedInputTokens: cached }),
  };
}
