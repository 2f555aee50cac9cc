/** Programs that may be run, each at its path, and which arguments they take. Plain data. */
import { isAbsolute, normalize } from "node:path";
import { ToolError } from "../../core/index.ts";

export interface ArgumentRule {
  /** A regular expression (with the flag `u`) that the whole argument has to match. */
  readonly matches: string;
  /** Of the argument at that position alone, from 0; there no rule without a position counts. Default: at any. */
  readonly at?: number;
  /** It may begin with `-`: without it nothing that does is taken, whatever matches. Default false. */
  readonly isOption?: boolean;
}

export interface Program {
  /** As a model names it. */
  readonly name: string;
  /** Absolute. Nothing is looked for along `PATH`. */
  readonly path: string;
  /** For the model. */
  readonly description?: string;
  /** Arguments before those of the model. */
  readonly before?: readonly string[];
  /** Default none: it takes no argument. */
  readonly arguments?: readonly ArgumentRule[];
  /** Default 16. */
  readonly maxArguments?: number;
  /** A model may give it a text to read. Default false. */
  readonly takesStdin?: boolean;
}

export interface RunArguments {
  readonly program: string;
  readonly arguments?: readonly string[];
  readonly stdin?: string;
}

const maxArgumentsDefault = 16;
const argumentCharsMax = 4_096;
const keys = ["name", "path", "description", "before", "arguments", "maxArguments", "takesStdin"];

/** As somebody has written it. */
export function isProgram(given: unknown): given is Program {
  if (!isRecord(given) || Object.keys(given).some((key) => !keys.includes(key))) return false;
  const { name, path, description, before, arguments: rules, maxArguments, takesStdin } = given;
  return (
    typeof name === "string" &&
    /^[\w.+-]{1,64}$/.test(name) &&
    isPlace(path) &&
    (description === undefined || typeof description === "string") &&
    (before === undefined || (Array.isArray(before) && before.every(isText))) &&
    (rules === undefined || (Array.isArray(rules) && rules.every(isRule))) &&
    (maxArguments === undefined || isCount(maxArguments)) &&
    (takesStdin === undefined || typeof takesStdin === "boolean")
  );
}

/** A path from the root, without `..` and the like. */
export function isPlace(path: unknown): path is string {
  return isText(path) && isAbsolute(path) && normalize(path) === path;
}

/** What no system call cuts off. */
export function isText(text: unknown): text is string {
  return typeof text === "string" && !text.includes("\0");
}

function isRule(rule: unknown): boolean {
  if (!isRecord(rule) || Object.keys(rule).some((key) => !["matches", "at", "isOption"].includes(key))) return false;
  const { matches, at, isOption } = rule;
  return (
    typeof matches === "string" &&
    isPattern(matches) &&
    (at === undefined || isCount(at)) &&
    (isOption === undefined || typeof isOption === "boolean")
  );
}

function isPattern(text: string): boolean {
  try {
    // By itself: one that closes a bracket which it has not opened would get out of those around it.
    new RegExp(text, "u");
    return true;
  } catch {
    return false;
  }
}

function isCount(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 0;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export class ProgramTable {
  readonly #programs: ReadonlyMap<string, Program>;

  constructor(programs: readonly Program[]) {
    this.#programs = new Map(programs.map((program) => [program.name, program]));
  }

  /** The program, where it may be run so. @throws ToolError `tool_denied`, with what would be right. */
  checked({ program: name, arguments: given = [], stdin }: RunArguments): Program {
    const program = this.#programs.get(name);
    if (program === undefined) {
      const known = [...this.#programs.keys()].join(", ") || "none";
      throw new ToolError(
        "tool_denied",
        `run_program: ${JSON.stringify(name.slice(0, 100))} is no program that may be run: ${known}`,
      );
    }
    const { maxArguments = maxArgumentsDefault, takesStdin = false } = program;
    if (given.length > maxArguments)
      throw new ToolError(
        "tool_denied",
        `run_program: ${name} takes at most ${maxArguments} arguments, got ${given.length}`,
      );
    if (stdin !== undefined && !takesStdin)
      throw new ToolError("tool_denied", `run_program: ${name} takes no stdin: leave it out`);
    for (const [at, argument] of given.entries()) {
      const rules = rulesAt(program, at);
      if (rules.some((rule) => takes(rule, argument))) continue;
      const shown = JSON.stringify(argument.length > 100 ? `${argument.slice(0, 100)}...` : argument);
      const right =
        rules.map(({ matches, isOption }) => `${isOption === true ? "option " : ""}/${matches}/`).join(", ") || "none";
      throw new ToolError(
        "tool_denied",
        `run_program: ${name} does not take ${shown} as its argument ${at}; there it takes: ${right}`,
      );
    }
    return program;
  }
}

function rulesAt({ arguments: rules = [] }: Program, at: number): readonly ArgumentRule[] {
  const own = rules.filter((rule) => rule.at === at);
  return own.length > 0 ? own : rules.filter((rule) => rule.at === undefined);
}

function takes({ matches, isOption = false }: ArgumentRule, argument: string): boolean {
  if (!isText(argument) || argument.length > argumentCharsMax) return false;
  if (argument.startsWith("-") && !isOption) return false;
  return new RegExp(`^(?:${matches})$`, "u").test(argument);
}
