/** A request of a chat, checked where a plugin gets it. Each check throws RuntimeError `bad_argument` and says where. */
import { errorData, RuntimeError } from "../errors.ts";
import { assertKeys } from "../known-keys.ts";
import { wrong } from "./checked-values.ts";
import type { ChatMessage, ChatRequest, EmbedRequest, JsonSchema, PullRequest, ToolCall, ToolSpec } from "./model.ts";
import { checkedBudgetKeys } from "./model-budget.ts";

const requestKeys = [
  "model",
  "messages",
  "tools",
  "toolChoice",
  "output",
  "stop",
  "maxOutputTokens",
  "temperature",
  "topP",
  "seed",
  "budgets",
] as const satisfies readonly (keyof ChatRequest)[];
const toolName = /^[a-zA-Z0-9_-]{1,64}$/;
const stopsMax = 4;
const textsMax = 2_048;

/** @returns with every text well formed: half a pair is no character that JSON over HTTP has, and becomes U+FFFD. */
export function checkedChat(given: unknown): ChatRequest {
  assertKeys("chat", given, requestKeys);
  const { model, messages, tools, toolChoice, output, stop, maxOutputTokens, temperature, topP, seed, budgets } =
    given as ChatRequest;
  if (model !== undefined) text("model", model);
  if (!Array.isArray(messages) || messages.length === 0)
    throw wrong("chat", "messages is a list of one or more", messages);
  const names = new Set<string>();
  if (tools !== undefined && !Array.isArray(tools)) throw wrong("chat", "tools is a list", tools);
  const checkedTools = tools?.map((tool, place) => {
    const checked = checkedTool(`tools[${place}]`, tool);
    if (names.has(tool.name)) throw wrong("chat", `tools[${place}].name is of one tool alone`, tool.name);
    names.add(tool.name);
    return checked;
  });
  if (toolChoice !== undefined) checkChoice(toolChoice, names);
  if (output !== undefined) {
    assertKeys("chat: output", output, ["name", "schema"]);
    named("output.name", output.name);
  }
  if (stop !== undefined) {
    const isRight = Array.isArray(stop) && stop.length <= stopsMax && stop.every(isText);
    if (!isRight) throw wrong("chat", `stop is a list of at most ${stopsMax} texts`, stop);
  }
  number("maxOutputTokens", maxOutputTokens, "a whole number from 1", (n) => Number.isSafeInteger(n) && n >= 1);
  number("temperature", temperature, "a number from 0 to 2", (n) => n >= 0 && n <= 2);
  number("topP", topP, "a number above 0, at most 1", (n) => n > 0 && n <= 1);
  number("seed", seed, "a whole number", Number.isSafeInteger);
  return {
    ...(given as ChatRequest),
    ...(budgets !== undefined && { budgets: checkedBudgetKeys(budgets, "chat") }),
    ...(model !== undefined && { model: model.toWellFormed() }),
    messages: messages.map((message, place) => checkedMessage(message, place)),
    ...(checkedTools !== undefined && { tools: checkedTools }),
    ...(output !== undefined && { output: { ...output, schema: schema("output.schema", output.schema) } }),
    ...(stop !== undefined && { stop: stop.map((one) => one.toWellFormed()) }),
  };
}

function checkedMessage(message: ChatMessage, place: number): ChatMessage {
  const where = `messages[${place}]`;
  record(where, message);
  switch (message.role) {
    case "system":
    case "user":
      assertKeys(`chat: ${where}`, message, ["role", "content"]);
      return { role: message.role, content: content(where, message.content) };
    case "assistant": {
      assertKeys(`chat: ${where}`, message, ["role", "content", "toolCalls"]);
      const { toolCalls = [] } = message;
      if (!Array.isArray(toolCalls)) throw wrong("chat", `${where}.toolCalls is a list`, toolCalls);
      if (message.content === undefined && toolCalls.length === 0)
        throw wrong("chat", `${where} has content, toolCalls, or both`, message);
      return {
        role: "assistant",
        ...(message.content !== undefined && { content: content(where, message.content) }),
        ...(toolCalls.length > 0 && {
          toolCalls: toolCalls.map((call, at) => checkedCall(`${where}.toolCalls[${at}]`, call)),
        }),
      };
    }
    case "tool":
      assertKeys(`chat: ${where}`, message, ["role", "toolCallId", "content", "isError"]);
      text(`${where}.toolCallId`, message.toolCallId);
      return {
        ...message,
        toolCallId: message.toolCallId.toWellFormed(),
        content: content(where, message.content),
      };
    default: {
      const { role } = message as { readonly role: unknown };
      throw wrong("chat", `${where}.role is system, user, assistant or tool`, role);
    }
  }
}

function checkedCall(where: string, call: ToolCall): ToolCall {
  assertKeys(`chat: ${where}`, call, ["id", "name", "arguments"]);
  text(`${where}.id`, call.id);
  text(`${where}.name`, call.name);
  if (typeof call.arguments !== "string") throw wrong("chat", `${where}.arguments is a text`, call.arguments);
  return {
    id: call.id.toWellFormed(),
    name: call.name.toWellFormed(),
    arguments: call.arguments.toWellFormed(),
  };
}

function checkedTool(where: string, tool: ToolSpec): ToolSpec {
  assertKeys(`chat: ${where}`, tool, ["name", "description", "inputSchema"]);
  named(`${where}.name`, tool.name);
  const inputSchema = schema(`${where}.inputSchema`, tool.inputSchema);
  if (tool.description === undefined) return { ...tool, inputSchema };
  return { ...tool, inputSchema, description: content(where, tool.description, "description") };
}

/** JSON writes half a pair by its number, and any other sign as it is. */
const escapes = /\\(?:u(d[89a-f][0-9a-f]{2})|.)/g;

/** @returns the same one, but where a text in it is not well formed */
function schema(where: string, value: JsonSchema): JsonSchema {
  record(where, value);
  const text = jsonOf(where, value);
  const wellFormed = text.replace(escapes, (escape, half?: string) => (half === undefined ? escape : "\ufffd"));
  return wellFormed === text ? value : (JSON.parse(wellFormed) as JsonSchema);
}

function jsonOf(where: string, value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch (error) {
    throw new RuntimeError("bad_argument", `chat: ${where} is no JSON: ${errorData(error).message}`, { cause: error });
  }
}

function checkChoice(choice: NonNullable<ChatRequest["toolChoice"]>, names: ReadonlySet<string>): void {
  if (typeof choice === "object" && choice !== null) {
    if (names.has(choice.name)) return;
    throw wrong(
      "chat",
      `toolChoice.name is one of its tools (${[...names].join(", ") || "there is none"})`,
      choice.name,
    );
  }
  if (!["auto", "none", "required"].includes(choice))
    throw wrong("chat", "toolChoice is auto, none, required or { name }", choice);
  if (choice === "required" && names.size === 0) throw wrong("chat", "toolChoice required wants tools", undefined);
}

/** @returns the model's name */
export function checkedPull(given: unknown): string {
  assertKeys("pull", given, ["model"]);
  const { model } = given as PullRequest;
  text("model", model, "pull");
  return model;
}

export function checkedEmbed(given: unknown): EmbedRequest {
  assertKeys("embed", given, ["model", "texts", "budgets"]);
  const { model, texts, budgets } = given as EmbedRequest;
  if (model !== undefined) text("model", model, "embed");
  if (!Array.isArray(texts) || texts.length === 0 || texts.length > textsMax || !texts.every(isText))
    throw wrong("embed", `texts is a list of 1 to ${textsMax} texts, none of them empty`, texts);
  return {
    ...(given as EmbedRequest),
    ...(budgets !== undefined && { budgets: checkedBudgetKeys(budgets, "embed") }),
    texts: texts.map((one) => one.toWellFormed()),
  };
}

const isText = (value: unknown): value is string => typeof value === "string" && value !== "";

function text(where: string, value: unknown, call = "chat"): void {
  if (!isText(value)) throw wrong(call, `${where} is a text that is not empty`, value);
}

function content(where: string, value: unknown, key = "content"): string {
  if (typeof value === "string") return value.toWellFormed();
  throw wrong("chat", `${where}.${key} is a text`, value);
}

function named(where: string, value: unknown): void {
  if (typeof value !== "string" || !toolName.test(value))
    throw wrong("chat", `${where} is 1 to 64 of a-z, A-Z, 0-9, _ and -`, value);
}

function record(where: string, value: unknown): void {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw wrong("chat", `${where} is an object`, value);
}

function number(where: string, value: unknown, what: string, isRight: (value: number) => boolean): void {
  if (value !== undefined && !(typeof value === "number" && isRight(value)))
    throw wrong("chat", `${where} is ${what}`, value);
}
