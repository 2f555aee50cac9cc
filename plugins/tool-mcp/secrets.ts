/**
 * What a server was given in confidence, `env` and `headers`, taken out of each text that is told of it: errors with their causes,
 * logs, health, progress and descriptions. A text is hidden first and cut to length then, since half a secret is not known again.
 */
import { describe, RuntimeError, ToolError } from "../../core/index.ts";
import type { McpConfig } from "./config.ts";

/** Shorter ones would be found in words that have nothing to do with them. */
const secretMin = 4;
const mark = "***";
const shownMax = 200;
/** Longest chain of causes that is kept. */
const causesMax = 8;

/** From where to where. */
type Place = readonly [number, number];

export class Secrets {
  readonly #secrets: readonly string[];

  constructor({ env, headers }: Pick<McpConfig, "env" | "headers">) {
    const given = [...Object.values(env).flatMap(partsOfVariable), ...Object.values(headers).flatMap(partsOfHeader)];
    const long = given.filter(({ length }) => length >= secretMin);
    this.#secrets = [...new Set(long.flatMap(spellings))];
  }

  /** The whole text, and instead of each secret three stars. */
  hide(text: string): string {
    return marked(text, this.#placesIn(text));
  }

  /** Of a text that was cut by somebody else: a secret that its end has only in part is hidden, too. */
  hideCut(text: string): string {
    // A sign that was cut in its bytes is none.
    const whole = text.replace(/\ufffd+$/, "");
    const part = Math.max(0, ...this.#secrets.map((secret) => partAtEnd(secret, whole)));
    const places = this.#placesIn(whole);
    return marked(whole, part === 0 ? places : [...places, [whole.length - part, whole.length]]);
  }

  /** Hidden, and then no longer than that. */
  beginning(text: string, max = shownMax): string {
    const hidden = this.hide(text);
    return hidden.length > max ? `${hidden.slice(0, max)} ... (${hidden.length} characters)` : hidden;
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

  #placesIn(text: string): readonly Place[] {
    return this.#secrets.flatMap((secret) => placesOf(secret, text));
  }

  #isIn(value: unknown): boolean {
    return JSON.stringify(value) !== JSON.stringify(this.#hideIn(value));
  }

  #hideIn(value: unknown): unknown {
    if (typeof value === "string") return this.hide(value);
    if (typeof value === "number") return this.hide(`${value}`) === `${value}` ? value : mark;
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

/** As it is, as it stands in JSON, and as it stands in an address. */
function spellings(secret: string): readonly string[] {
  return [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret.toWellFormed())];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // its % stand for themselves
  }
}

function marked(text: string, places: readonly Place[]): string {
  let hidden = "";
  let end = 0;
  for (const [from, to] of places.toSorted(([a], [b]) => a - b)) {
    // Where two overlap there is one mark for both.
    if (from > end || end === 0) hidden += text.slice(end, from) + mark;
    end = Math.max(end, to);
  }
  return hidden + text.slice(end);
}

/** Where it stands in the text: what overlaps is one. */
function placesOf(secret: string, text: string): readonly Place[] {
  const places: [number, number][] = [];
  for (let at = text.indexOf(secret); at !== -1; at = text.indexOf(secret, at + 1)) {
    const last = places.at(-1);
    if (last !== undefined && at <= last[1]) last[1] = at + secret.length;
    else places.push([at, at + secret.length]);
  }
  return places;
}

/** How much of the secret's beginning is the text's end. */
function partAtEnd(secret: string, text: string): number {
  for (let part = Math.min(secret.length - 1, text.length); part > 0; part--)
    if (text.endsWith(secret.slice(0, part))) return part;
  return 0;
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
