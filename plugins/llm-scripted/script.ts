/** What a scripted model says, and when. Plain data. */
import type { ChatMessage, ChatRequest, ChatUsage, FinishReason } from "../../core/index.ts";

export interface ScriptedAnswer {
  /** `{last}` in it is the content of the request's last message. */
  readonly content?: string;
  /** Arguments are an object, or the very text. */
  readonly toolCalls?: readonly { readonly name: string; readonly arguments: object | string; readonly id?: string }[];
  /** Default `stop`, and `toolCalls` where there are some. */
  readonly finishReason?: FinishReason;
  /** Default: a token for every four characters. */
  readonly usage?: ChatUsage;
  /** It fails by this one, behind so many deltas of what it has besides. */
  readonly error?: {
    readonly code: string;
    readonly message?: string;
    readonly retryAfterMs?: number;
    readonly afterDeltas?: number;
  };
}

export interface ScriptRule {
  /** All that is said must hold of the request. None: it always does. */
  readonly when?: {
    /** Of the last message. */
    readonly role?: ChatMessage["role"];
    /** In the content of the last message. */
    readonly contains?: string;
    /** A regular expression that the content of the last message has a match for. */
    readonly matches?: string;
    /** The request offers a tool of that name. */
    readonly tool?: string;
  };
  readonly answer: ScriptedAnswer;
}

/** The first rule that holds. */
export function ruleFor(rules: readonly ScriptRule[], request: ChatRequest): ScriptRule | undefined {
  const last = request.messages.at(-1) as ChatMessage; // there is one
  const content = last.content ?? "";
  return rules.find(({ when = {} }) => {
    const { role, contains, matches, tool } = when;
    return (
      (role === undefined || last.role === role) &&
      (contains === undefined || content.includes(contains)) &&
      (matches === undefined || new RegExp(matches, "u").test(content)) &&
      (tool === undefined || request.tools?.some(({ name }) => name === tool) === true)
    );
  });
}

/** What is wrong with an answer that somebody has written; undefined: nothing. */
export function faultOfAnswer(answer: unknown): string | undefined {
  if (!isRecord(answer)) return "an answer is an object";
  const { content, toolCalls, error, ...rest } = answer;
  const unknown = Object.keys(rest).find((key) => key !== "finishReason" && key !== "usage");
  if (unknown !== undefined) return `an answer has no "${unknown}"`;
  if (content === undefined && toolCalls === undefined && error === undefined)
    return "an answer has content, toolCalls or error";
  if (content !== undefined && typeof content !== "string") return "content is a text";
  if (toolCalls !== undefined && !(Array.isArray(toolCalls) && toolCalls.every(isCall)))
    return "toolCalls is a list of { name, arguments }";
  if (error !== undefined && !(isRecord(error) && typeof error["code"] === "string"))
    return "error is an object with a code";
  return undefined;
}

/** The same of a rule. */
export function faultOfRule(rule: unknown): string | undefined {
  if (!isRecord(rule)) return "a rule is { when, answer }";
  const { when, answer } = rule;
  if (when !== undefined) {
    if (!isRecord(when)) return "when is an object";
    const unknown = Object.keys(when).find((key) => !["role", "contains", "matches", "tool"].includes(key));
    if (unknown !== undefined) return `when has no "${unknown}"`;
    if (Object.values(when).some((value) => typeof value !== "string")) return "what when has are texts";
    if (when["matches"] !== undefined && !isPattern(when["matches"] as string))
      return `matches is a regular expression, and ${JSON.stringify(when["matches"])} is none`;
  }
  return faultOfAnswer(answer);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCall(call: unknown): boolean {
  return (
    isRecord(call) &&
    typeof call["name"] === "string" &&
    (typeof call["arguments"] === "string" || isRecord(call["arguments"]))
  );
}

function isPattern(pattern: string): boolean {
  try {
    return new RegExp(pattern, "u") instanceof RegExp;
  } catch {
    return false;
  }
}
