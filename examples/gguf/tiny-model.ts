/**
 * A model of llama's kind that knows one sentence: real for whatever loads it, small, and made here from nothing.
 *
 * Its one layer adds nothing, since what its attention and its feed-forward part give is zero. A token's embedding is a row of the
 * identity, so what reaches the output is the last token alone, and the output is a table: which token follows which. At
 * temperature 0 it says its sentence word by word, and ends.
 */
import { type GgufTensor, type GgufValue, ggufFile } from "./gguf-file.ts";

export interface TinyModel {
  /** What it says behind the sign for an assistant's turn: parts, none of them twice. A part has its own space before it. */
  readonly sentence?: readonly string[];
  /** What follows what beside: with several of the same, each is as likely. A part may be a single character. */
  readonly follows?: readonly (readonly [part: string, next: string])[];
  /** Tokens that it was trained on. Default 512. */
  readonly contextLength?: number;
}

export const tinySentence = ["The", " quick", " brown", " fox", " jumps", " over", " a", " lazy", " dog", "."];

const end = "</s>";
const turns = { system: "<|system|>", user: "<|user|>", assistant: "<|assistant|>", tool: "<|tool|>" } as const;
const special = ["<unk>", "<s>", end, ...Object.values(turns)];
/** Kinds of tokens, by the format's numbers. */
const kind = { word: 1, unknown: 2, control: 3, byte: 6 } as const;
const headSize = 64;
const chatTemplate =
  "{{ bos_token }}{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}</s>{% endfor %}" +
  "{% if add_generation_prompt %}<|assistant|>{% endif %}";

/** The file's bytes: some 2 MB. */
export function tinyModel({ sentence = tinySentence, follows = [], contextLength = 512 }: TinyModel = {}): Uint8Array {
  const bytes = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`);
  const pairs = [...pairsOf([turns.assistant, ...sentence, end]), ...follows];
  const words = new Set(pairs.flat().filter((part) => !special.includes(part) && !isByte(part)));
  const tokens = [...special, ...bytes, ...Array.from(words, (word) => word.replaceAll(" ", "\u2581"))];
  const numbers = new Map([...special, ...bytes, ...words].map((part, number) => [part, number]));
  const numberOf = (part: string) =>
    numbers.get(part) ?? special.length + (new TextEncoder().encode(part)[0] as number);
  const width = Math.ceil(tokens.length / headSize) * headSize;

  const embedding = new Float32Array(width * tokens.length);
  for (const token of tokens.keys()) embedding[token * width + token] = 1;
  const output = new Float32Array(width * tokens.length);
  for (const [part, next] of pairs) output[numberOf(next) * width + numberOf(part)] = 1;

  return ggufFile(keysOf(tokens, width, contextLength), tensorsOf(width, tokens.length, embedding, output));
}

function keysOf(tokens: readonly string[], width: number, contextLength: number): Record<string, GgufValue> {
  const u32 = (value: number): GgufValue => ({ type: "u32", value });
  const text = (value: string): GgufValue => ({ type: "text", value });
  const kindOf = (token: string, number: number) => {
    if (number === 0) return kind.unknown;
    if (number < special.length) return kind.control;
    return number < special.length + 256 ? kind.byte : kind.word;
  };
  return {
    "general.architecture": text("llama"),
    "general.name": text("one sentence"),
    "llama.vocab_size": u32(tokens.length),
    "llama.context_length": u32(contextLength),
    "llama.embedding_length": u32(width),
    "llama.block_count": u32(1),
    "llama.feed_forward_length": u32(headSize),
    "llama.attention.head_count": u32(width / headSize),
    "llama.attention.head_count_kv": u32(1),
    "llama.attention.layer_norm_rms_epsilon": { type: "f32", value: 1e-5 },
    "llama.rope.dimension_count": u32(headSize),
    "tokenizer.ggml.model": text("llama"),
    "tokenizer.ggml.tokens": { type: "texts", value: tokens },
    // A word is found by its letters only if all on the way to it are words, so none is read: what is asked is read by its bytes.
    "tokenizer.ggml.scores": { type: "f32s", value: tokens.map((_, number) => -number) },
    "tokenizer.ggml.token_type": { type: "i32s", value: tokens.map(kindOf) },
    "tokenizer.ggml.unknown_token_id": u32(0),
    "tokenizer.ggml.bos_token_id": u32(1),
    "tokenizer.ggml.eos_token_id": u32(2),
    "tokenizer.ggml.add_bos_token": { type: "bool", value: true },
    "tokenizer.ggml.add_eos_token": { type: "bool", value: false },
    "tokenizer.ggml.add_space_prefix": { type: "bool", value: false },
    "tokenizer.chat_template": text(chatTemplate),
  };
}

function tensorsOf(width: number, words: number, embedding: Float32Array, output: Float32Array): GgufTensor[] {
  const ones = (name: string): GgufTensor => ({ name, shape: [width], values: new Float32Array(width).fill(1) });
  const zeros = (name: string, row: number, rows: number): GgufTensor => ({
    name,
    shape: [row, rows],
    values: new Float32Array(row * rows),
  });
  return [
    { name: "token_embd.weight", shape: [width, words], values: embedding },
    ones("blk.0.attn_norm.weight"),
    zeros("blk.0.attn_q.weight", width, width),
    zeros("blk.0.attn_k.weight", width, headSize),
    zeros("blk.0.attn_v.weight", width, headSize),
    zeros("blk.0.attn_output.weight", width, width),
    ones("blk.0.ffn_norm.weight"),
    zeros("blk.0.ffn_gate.weight", width, headSize),
    zeros("blk.0.ffn_up.weight", width, headSize),
    zeros("blk.0.ffn_down.weight", headSize, width),
    ones("output_norm.weight"),
    { name: "output.weight", shape: [width, words], values: output },
  ];
}

const isByte = (part: string) => part.length === 1 && part < "\u0080";

function pairsOf(parts: readonly string[]): (readonly [string, string])[] {
  return parts.slice(1).map((next, at) => [parts[at] as string, next] as const);
}
