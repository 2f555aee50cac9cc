/**
 * What a server was given in confidence, `env` and `headers`, taken out of each text that is told of it: errors with their causes,
 * logs, health, progress and descriptions.
 */
import { describe, RuntimeError, SecretTexts, secretMark, ToolError } from "../../core/index.ts";
import type { McpConfig } from "./config.ts";

/** Longest chain of causes that is kept. */
const causesMax = 8;

export class Secrets extends SecretTexts {
  constructor({ env, headers }: Pick<McpConfig, "env" | "headers">) {
    super([...Object.values(env).flatMap(partsOfVariable), ...Object.values(headers).flatMap(partsOfHeader)]);
  }

  /** A short text for any value of JSON. */
  describe(value: unknown): string {
    return describe(this.#hideIn(value));
  }

  /** A schema whose descriptions tell nothing, and without defaults and examples that would. Its names and choices are as they are. */
  hideSchema<T>(schema: T): T {
    return this.#mapped(schema, (key, one) => {
      if (typeof one === "string" && ["description", "title", "$comment"].includes(key)) return this.hide(one);
      if (["default", "example", "examples"].includes(key) && this.#isIn(one)) return undefined;
      return one;
    }) as T;
  }

  /** An error as it may be told, with its causes. What else it carries beside code and message stays here. */
  failure(code: string, message: string, cause?: unknown): ToolError {
    return new ToolError(code, this.hide(message), cause === undefined ? undefined : this.#cause(cause, 1));
  }

  /** What an error says. A parser of JSON quotes of what it could not read, which may be a part of a secret: that is left out. */
  wordsOf(error: unknown, max?: number): string {
    const { message } = errorLike(error);
    const quotes = causesOf(error).filter(({ name }) => name === "SyntaxError");
    const said = quotes.reduce((text, quote) => text.replaceAll(quote.message, "what is no JSON"), message);
    return this.beginning(said, max);
  }

  #cause(thrown: unknown, depth: number): Error {
    const { name, code, cause, stack } = errorLike(thrown);
    const message = this.wordsOf(thrown, Number.POSITIVE_INFINITY);
    const options = cause === undefined || depth >= causesMax ? {} : { cause: this.#cause(cause, depth + 1) };
    const hidden =
      typeof code === "string" ? new RuntimeError(this.hide(code), message, options) : new Error(message, options);
    hidden.name = this.hide(name);
    const frames = stack.split("\n").filter((line) => line.startsWith("    at "));
    hidden.stack = [`${hidden.name}: ${message}`, ...frames.map((line) => this.hide(line))].join("\n");
    return hidden;
  }

  #isIn(value: unknown): boolean {
    return JSON.stringify(value) !== JSON.stringify(this.#hideIn(value));
  }

  #hideIn(value: unknown): unknown {
    if (typeof value === "string") return this.hide(value);
    if (typeof value === "number") return this.hide(`${value}`) === `${value}` ? value : secretMark;
    if (Array.isArray(value)) return value.map((one) => this.#hideIn(one));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [this.hide(key), this.#hideIn(one)]));
  }

  /** @param told what stands there instead; undefined: nothing */
  #mapped(value: unknown, told: (key: string, one: unknown) => unknown): unknown {
    if (Array.isArray(value)) return value.map((one) => this.#mapped(one, told));
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value).map(([key, one]) => [key, this.#mapped(told(key, one), told)] as const);
    return Object.fromEntries(entries.filter(([, one]) => one !== undefined));
  }
}

/** The whole, each of its lines, and the password of an address. */
function partsOfVariable(value: string): readonly string[] {
  const password = URL.parse(value)?.password ?? "";
  return [value, ...value.split(/\r?\n/), password, decoded(password)];
}

/** The whole, each of its words, and what stands behind a name, as in a cookie; of `Basic` user and password, too. */
function partsOfHeader(value: string): readonly string[] {
  const words = value.split(/[\s;,]+/);
  const named = words.map((word) => word.slice(word.indexOf("=") + 1));
  const pair = /^basic\s+(\S+)$/i.exec(value)?.[1];
  const basic = pair === undefined ? "" : Buffer.from(pair, "base64").toString("utf8");
  return [value, ...words, ...named, basic, basic.slice(basic.indexOf(":") + 1)];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // its % stand for themselves
  }
}

/** As it is: `errorData` would cut it. */
function errorLike(thrown: unknown) {
  const isObject = typeof thrown === "object" && thrown !== null;
  const { name, code, message, stack, cause } = (isObject ? thrown : {}) as Readonly<Record<string, unknown>>;
  return {
    name: typeof name === "string" ? name : "Error",
    message: typeof message === "string" ? message : String(thrown),
    stack: typeof stack === "string" ? stack : "",
    code,
    cause,
  };
}

/** It, and what has led to it. */
function causesOf(thrown: unknown): readonly ReturnType<typeof errorLike>[] {
  const causes = [errorLike(thrown)];
  for (
    let { cause } = errorLike(thrown);
    cause !== undefined && causes.length < causesMax;
    { cause } = errorLike(cause)
  )
    causes.push(errorLike(cause));
  return causes;
}
