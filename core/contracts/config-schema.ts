/** The configuration of the runtime's own plugins, key by key: a Standard Schema that names every wrong key, and what it should be. */
import type { StandardIssue, StandardSchema } from "../registry/standard-schema.ts";

export interface ConfigKey<out T> {
  /** Undefined: it must be given. */
  readonly initial: T | undefined;
  isRight(value: unknown): boolean;
  /** What is right, for people: `is a whole number from 1`. */
  readonly what: string;
}

export interface ConfigSchema<out T> extends StandardSchema<T> {
  readonly keys: readonly string[];
  /** What a key has that is left out; undefined: it must be given. */
  readonly defaults: Readonly<Record<string, unknown>>;
}

export function configSchema<T extends object>(keys: { readonly [K in keyof T]-?: ConfigKey<T[K]> }): ConfigSchema<T> {
  const known = Object.entries<ConfigKey<unknown>>(keys);
  const names = known.map(([name]) => name);
  return {
    keys: names,
    defaults: Object.fromEntries(known.map(([name, { initial }]) => [name, initial])),
    "~standard": {
      version: 1,
      vendor: "mofa",
      validate(given) {
        const value: Record<string, unknown> = { ...(given as object) };
        const issues: StandardIssue[] = [];
        for (const key of Object.keys(value)) {
          if (!Object.hasOwn(keys, key))
            issues.push({
              message: `there is no such key: it takes ${names.join(", ")}`,
              path: [key],
            });
        }
        for (const [name, { initial, isRight, what }] of known) {
          // What is null was written by somebody, and is not left out.
          if (value[name] === undefined) value[name] = initial;
          // What was given, and where, is said by who has asked: it may be a secret.
          if (!isRight(value[name])) issues.push({ message: what, path: [name] });
        }
        return issues.length > 0 ? { issues } : { value: value as T };
      },
    },
  };
}

/** A whole number. */
export function countKey(initial: number | undefined, min: number, max = 2 ** 31 - 1, of = ""): ConfigKey<number> {
  return {
    initial,
    isRight: (value) => typeof value === "number" && Number.isInteger(value) && value >= min && value <= max,
    what: `is a whole number${of === "" ? "" : ` of ${of}`} from ${min} to ${max}`,
  };
}

/** A text. @param what for people. */
export function textKey(initial: string | undefined, form: RegExp, what: string): ConfigKey<string> {
  return { initial, isRight: (value) => typeof value === "string" && form.test(value), what };
}

/** The URL of a server. @param protocols the first is the one that is told. */
export function urlKey(protocols: readonly string[]): ConfigKey<string> {
  return {
    initial: undefined,
    isRight: (value) =>
      typeof value === "string" && protocols.some((one) => value.startsWith(`${one}://`)) && canParse(value),
    what: `is a URL like "${protocols[0]}://user:password@host/database"`,
  };
}

/** The same, or "" for none, which is the default. */
export function optionalUrlKey(protocols: readonly string[]): ConfigKey<string> {
  const { isRight, what } = urlKey(protocols);
  return { initial: "", isRight: (value) => value === "" || isRight(value), what: `${what}, or "" for none` };
}

/** Its parts, too: clients of servers decode them. */
function canParse(url: string): boolean {
  try {
    const { username, password, pathname } = new URL(url);
    decodeURIComponent(username + password + pathname);
    return true;
  } catch {
    return false;
  }
}

export function choiceKey<T extends string>(initial: T, choices: readonly T[]): ConfigKey<T> {
  return {
    initial,
    isRight: (value) => (choices as readonly unknown[]).includes(value),
    what: `is ${choices.map((choice) => `"${choice}"`).join(" or ")}`,
  };
}

/** The URL of a server of HTTP, without a user or a password: those would stand in the texts of errors. */
export function httpUrlKey(initial: string): ConfigKey<string> {
  return {
    initial,
    isRight(value) {
      if (typeof value !== "string" || !/^https?:\/\//.test(value) || !URL.canParse(value)) return false;
      const { username, password } = new URL(value);
      return username === "" && password === "";
    },
    what: `is a URL like "${initial}", without a user or a password`,
  };
}
