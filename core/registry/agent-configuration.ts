/**
 * The configuration of one actor: what its behaviour declares of it, how it is read at the start, and how a new one is
 * offered to it while it runs.
 *
 * A new one is read from all sources again, so that a file that has changed counts, with what was changed by word on top.
 * The actor's hook `configure` may refuse it, and then nothing has changed.
 */
import type { Handlers } from "../actor/behaviour.ts";
import type { Context } from "../actor/context.ts";
import { isThenable } from "../actor/turn-result.ts";
import { describe, errorData, RuntimeError } from "../errors.ts";
import { assertKeys } from "../known-keys.ts";
import { checkMessage } from "../thread/message-check.ts";
import {
  arePaths,
  type Configuration,
  type ConfigurationSources,
  type Data,
  isData,
  isPath,
  merge,
  resolve,
} from "./configuration.ts";
import type { ReadVariables } from "./environment.ts";
import { Secrets } from "./secrets.ts";
import { isStandardSchema, type StandardSchema } from "./standard-schema.ts";

/** What a behaviour says of its configuration; the spawn's `configuration` goes before these. */
export interface ConfigurationDeclaration<out T = unknown>
  extends Pick<ConfigurationSources, "defaults" | "file" | "isFileOptional" | "environment" | "secrets"> {
  readonly schema: StandardSchema<T>;
}

/** What the hook `configure` returns where it does not want the new configuration; its words go to who asked. */
export interface Refusal {
  readonly refused: string;
}

/** What a spawn gives: the nearest source, and what former lives of the same child were told on top. */
export interface GivenConfiguration {
  readonly argument: Data;
  readonly changes: Data;
}

/** How an offer ended, with the configuration as others see it. Plain data: it may come from the actor's process. */
export type Offer =
  | { readonly isRefused: false; readonly configuration: Configuration<unknown>; readonly changes: Data }
  | { readonly isRefused: true; readonly code: "refused" | "bad_configuration"; readonly message: string };

/** A configuration as its actor has it, and as others see it. */
export interface ReadConfiguration {
  /** Undefined: it is in the actor's process. */
  readonly value: unknown;
  readonly shown: Configuration<unknown>;
}

/** The configuration of an actor, wherever its code runs. */
export interface AgentConfiguration {
  /** What nobody else is shown; undefined: nothing is marked so, or it is in the actor's process, which shows none of it. */
  readonly secrets: Secrets | undefined;
  /** At its start. @throws RuntimeError `bad_configuration`, by rejection. */
  read(): Promise<ReadConfiguration>;
  /** In a turn of its own. Rejects with what the hook throws. */
  offer(changes: Data, state: unknown, ctx: Context): Promise<Offer>;
}

const declarationKeys = ["schema", "defaults", "file", "isFileOptional", "environment", "secrets"] as const;

/** @param who whose it is, for people. @throws RuntimeError `bad_argument`. */
export function assertConfigurationDeclaration(
  value: unknown,
  who = "the behaviour: configuration",
): asserts value is ConfigurationDeclaration {
  assertKeys(who, value, declarationKeys);
  const { schema, defaults, file, isFileOptional, environment, secrets } = value as Readonly<Record<string, unknown>>;
  const refuse = (key: string, wanted: string, got: unknown) => {
    throw new RuntimeError("bad_argument", `${who}.${key} is ${wanted}, got ${describe(got)}`);
  };
  if (!isStandardSchema(schema)) refuse("schema", "a Standard Schema", schema);
  if (defaults !== undefined && !isData(defaults)) refuse("defaults", "an object", defaults);
  if (file !== undefined && typeof file !== "string") refuse("file", "a path", file);
  if (isFileOptional !== undefined && typeof isFileOptional !== "boolean")
    refuse("isFileOptional", "true or false", isFileOptional);
  const isByName = isData(environment) && Object.values(environment).every(isPath);
  if (secrets !== undefined && !arePaths(secrets)) refuse("secrets", "a list of paths", secrets);
  if (environment !== undefined && !isByName) refuse("environment", "paths by the names of variables", environment);
}

/** That of an actor whose code runs here. */
export class OwnConfiguration implements AgentConfiguration {
  readonly #declaration: ConfigurationDeclaration;
  readonly #hook: Handlers["configure"];
  readonly #given: GivenConfiguration;
  readonly #variables: ReadVariables | undefined;
  #changes: Data;
  #current: Configuration<unknown> | undefined;
  readonly #secrets: Secrets;

  /** @param variables undefined: this process has its own, and one thread */
  constructor(
    declaration: ConfigurationDeclaration,
    hook: Handlers["configure"],
    given: GivenConfiguration,
    variables?: ReadVariables,
  ) {
    this.#variables = variables;
    this.#declaration = declaration;
    this.#hook = hook;
    this.#given = given;
    this.#changes = given.changes;
    this.#secrets = new Secrets(declaration.secrets);
  }

  get secrets(): Secrets | undefined {
    return this.#secrets.isEmpty ? undefined : this.#secrets;
  }

  async read(): Promise<ReadConfiguration> {
    this.#current = await this.#resolve(this.#changes);
    return { value: this.#current.value, shown: this.#shown(this.#current) };
  }

  #shown({ value, origins }: Configuration<unknown>): Configuration<unknown> {
    return { value: this.#secrets.masked(value), origins };
  }

  async offer(changes: Data, state: unknown, ctx: Context): Promise<Offer> {
    const hook = this.#hook;
    if (hook === undefined) return refused("it has no hook `configure`, so it takes no new configuration");
    const all = merge(this.#changes, changes);
    let next: Configuration<unknown>;
    try {
      next = await this.#resolve(all);
    } catch (error) {
      if (!(error instanceof RuntimeError) || error.code !== "bad_configuration") throw error;
      return { isRefused: true, code: "bad_configuration", message: error.message };
    }
    let answer: unknown = hook(state, next.value, ctx, this.#current?.value);
    if (isThenable(answer)) answer = await answer;
    if (isRefusal(answer)) return refused(this.#secrets.hidden(answer.refused));
    this.#changes = all;
    this.#current = next;
    return { isRefused: false, configuration: this.#shown(next), changes: all };
  }

  /** Every thread gets a copy of it, so it must be data. */
  async #resolve(changes: Data): Promise<Configuration<unknown>> {
    const { schema, ...sources } = this.#declaration;
    const names = Object.keys(sources.environment ?? {});
    const variables = names.length === 0 ? undefined : await this.#variables?.(names);
    const all = { ...sources, argument: this.#given.argument, ...(variables !== undefined && { variables }) };
    const configuration = await resolve(schema, all, changes, this.#secrets);
    try {
      checkMessage(configuration.value, undefined, () => false);
    } catch (error) {
      throw new RuntimeError("bad_configuration", `what the schema makes is no data: ${errorData(error).message}`);
    }
    return configuration;
  }
}

/** What an actor's process says of its configuration. @throws TypeError */
export function asConfiguration(value: unknown): Configuration<unknown> {
  if (isData(value) && "value" in value && isData(value["origins"])) return value as unknown as Configuration<unknown>;
  throw new TypeError(`the actor's process says that its configuration is ${describe(value)}`);
}

/** The same of an offer. @throws TypeError */
export function asOffer(value: unknown): Offer {
  const { isRefused, code, message, configuration, changes } = (isData(value) ? value : {}) as Partial<
    Record<string, unknown>
  >;
  if (isRefused === true && (code === "refused" || code === "bad_configuration") && typeof message === "string")
    return { isRefused, code, message };
  if (isRefused === false && isData(changes))
    return { isRefused, configuration: asConfiguration(configuration), changes };
  throw new TypeError(`the actor's process says that an offer ended with ${describe(value)}`);
}

function refused(message: string): Offer {
  return { isRefused: true, code: "refused", message };
}

function isRefusal(value: unknown): value is Refusal {
  return isData(value) && typeof value["refused"] === "string" && Object.keys(value).length === 1;
}
