/**
 * Configuration from several places, validated by a schema, with where each value came from.
 *
 * What is nearer to the program's caller goes before what is further: argument, environment, file, defaults, the schema's
 * own defaults. Objects are merged key by key, all else is replaced.
 */
import { readFile } from "node:fs/promises";
import { types } from "node:util";
import { describe, errorData, RuntimeError } from "../errors.ts";
import { assertKeys } from "../known-keys.ts";
import { objectKind } from "../thread/message-check.ts";
import { isWithin, type Path, Secrets, valueAt } from "./secrets.ts";
import { isStandardSchema, keysOf, type StandardIssue, type StandardSchema, validatedBy } from "./standard-schema.ts";

export type Data = Readonly<Record<string, unknown>>;

export interface ConfigurationSources {
  readonly defaults?: Data;
  /** A JSON file. It may be missing only if `isFileOptional`. */
  readonly file?: string;
  readonly isFileOptional?: boolean;
  /** By name of the variable the path of the value: `{ PORT: "server.port" }`. A text that does not fit is read as JSON. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Where the variables are. Default `process.env`. */
  readonly variables?: Readonly<Record<string, string | undefined>>;
  readonly argument?: Data;
  /**
   * Paths of what is shown to nobody else, in the sources and in what the schema makes: `["apiKey", "database.password"]`. No
   * error says such a value; of an actor's configuration, see SEMANTICS S15.10.
   */
  readonly secrets?: readonly string[];
}

/** Where a value came from: `default` is the program's or the schema's, `reconfigure` what an actor was told while it ran. */
export type Origin = "default" | `file ${string}` | `environment ${string}` | "argument" | "reconfigure";

export interface Configuration<T> {
  readonly value: T;
  /** By path (`server.port`), for each value that is no object with keys. */
  readonly origins: Readonly<Record<string, Origin>>;
}

const sourceKeys = [
  "defaults",
  "file",
  "isFileOptional",
  "environment",
  "variables",
  "argument",
  "secrets",
] as const satisfies readonly (keyof ConfigurationSources)[];

interface Layer {
  readonly origin: (path: Path) => Origin;
  data: Data;
}

/**
 * @throws RuntimeError `bad_configuration`: the file cannot be read or is no JSON object, or the schema refuses the value;
 * each refusal with its path, the value and where that came from. `bad_argument`: what is given is no schema or source.
 */
export async function readConfiguration<T>(
  schema: StandardSchema<T>,
  sources: ConfigurationSources = {},
): Promise<Configuration<T>> {
  if (!isStandardSchema(schema))
    throw new RuntimeError("bad_argument", `a configuration wants a Standard Schema, got ${describe(schema)}`);
  assertKeys("a configuration's sources", sources, sourceKeys);
  const { secrets } = sources;
  if (secrets !== undefined && !arePaths(secrets))
    throw new RuntimeError("bad_argument", `a configuration's secrets are a list of paths, got ${describe(secrets)}`);
  return await resolve(schema, sources, {}, new Secrets(secrets));
}

/**
 * What comes of it is nobody else's: neither the sources nor the schema hold a part of it.
 *
 * @param changes what goes before every source
 * @param secrets learns what stands at its paths. @throws RuntimeError `bad_configuration`.
 */
export async function resolve<T>(
  schema: StandardSchema<T>,
  sources: ConfigurationSources,
  changes: Data,
  secrets: Secrets,
): Promise<Configuration<T>> {
  try {
    return await read(schema, sources, changes, secrets);
  } catch (error) {
    if (secrets.isEmpty || !(error instanceof RuntimeError)) throw error;
    // Its cause is an error of somebody else's, which may say anything: of a JSON text, a part of that.
    throw new RuntimeError(error.code, secrets.hidden(error.message));
  }
}

async function read<T>(
  schema: StandardSchema<T>,
  sources: ConfigurationSources,
  changes: Data,
  secrets: Secrets,
): Promise<Configuration<T>> {
  const environment = fromEnvironment(sources);
  const layers: Layer[] = [
    { origin: () => "default", data: sources.defaults ?? {} },
    ...(sources.file === undefined ? [] : [await fromFile(sources.file, sources.isFileOptional === true)]),
    environment.layer,
    { origin: () => "argument", data: sources.argument ?? {} },
    { origin: () => "reconfigure", data: changes },
  ];
  for (const { data } of layers) secrets.learn(data);
  let merged = mergedOf(layers);
  let result = await validatedBy(schema, merged);
  if (result.issues !== undefined && reread(merged, result.issues, environment, layers)) {
    secrets.learn(environment.layer.data);
    merged = mergedOf(layers);
    result = await validatedBy(schema, merged);
  }
  if (result.issues !== undefined) throw refused(result.issues, merged, layers, secrets);
  try {
    const value = copied(result.value);
    secrets.learn(value);
    return { value, origins: originsOf(value, layers) };
  } catch (error) {
    const { message } = errorData(error);
    throw new RuntimeError("bad_configuration", `what the schema makes cannot be read: ${message}`, { cause: error });
  }
}

/** @throws RuntimeError `bad_configuration` where a source holds itself. */
function mergedOf(layers: readonly Layer[]): Data {
  return layers.reduce<Data>((all, { data }) => merge(all, data), {});
}

async function fromFile(path: string, isOptional: boolean): Promise<Layer> {
  const layer = (data: Data): Layer => ({ origin: () => `file ${path}`, data });
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    const { code, message } = errorData(error);
    if (isOptional && code === "ENOENT") return layer({});
    const why = code ?? message;
    throw new RuntimeError("bad_configuration", `the configuration file ${path} cannot be read (${why})`, {
      cause: error,
    });
  }
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (error) {
    throw new RuntimeError("bad_configuration", `the configuration file ${path} is no JSON`, { cause: error });
  }
  if (!isData(data))
    throw new RuntimeError(
      "bad_configuration",
      `the configuration file ${path} holds ${describe(data)}, not an object`,
    );
  return layer(data);
}

interface Environment {
  readonly layer: Layer;
  /** The variables by their paths. */
  readonly paths: readonly (readonly [path: Path, name: string])[];
}

function fromEnvironment({ environment = {}, variables = process.env }: ConfigurationSources): Environment {
  const paths: (readonly [Path, string])[] = [];
  let data: Data = {};
  for (const [name, dotted] of Object.entries(environment)) {
    const text = variables[name];
    if (text === undefined) continue;
    const path = dotted.split(".");
    paths.push([path, name]);
    data = merge(data, at(path, text));
  }
  // Its own, or that of which it is a part, or one of its parts.
  const nameOf = (path: Path) =>
    paths.findLast(([variable]) => isWithin(path, variable)) ?? paths.find(([variable]) => isWithin(variable, path));
  return { layer: { origin: (path) => `environment ${nameOf(path)?.[1] ?? ""}`, data }, paths };
}

/** What came as a text may be meant as a number, a boolean, a list: those that were refused are read as JSON. False: none is. */
function reread(
  merged: Data,
  issues: readonly StandardIssue[],
  { layer, paths }: Environment,
  layers: readonly Layer[],
): boolean {
  let isChanged = false;
  const refusedPaths = issues.map(keysOf);
  for (const [path] of paths.filter(([variable]) => refusedPaths.some((one) => isWithin(one, variable)))) {
    const text = valueAt(merged, path);
    if (typeof text !== "string" || layerOf(path, layers) !== layer) continue;
    try {
      layer.data = merge(layer.data, at(path, JSON.parse(text)));
      isChanged = true;
    } catch {
      // It is no JSON, and stays the text that the schema has refused.
    }
  }
  return isChanged;
}

function refused(
  issues: readonly StandardIssue[],
  merged: Data,
  layers: readonly Layer[],
  secrets: Secrets,
): RuntimeError {
  const lines = issues.map((issue) => {
    const path = keysOf(issue);
    const value = valueAt(merged, path);
    const isHidden = secrets.hides(path);
    // The schema's words may say the value, which may be too short to be looked for in texts.
    const text = String(value);
    const words = isHidden && text !== "" && issue.message.includes(text) ? "refused" : issue.message;
    const shown = isHidden ? "a secret" : describe(secrets.masked(value, path));
    // What comes of all places together is from none of them.
    if (path.length === 0) return `the whole: ${words} (got ${shown})`;
    const where = value === undefined ? "it is missing" : `got ${shown} from ${originAt(path, layers)}`;
    return `${path.join(".")}: ${words} (${where})`;
  });
  return new RuntimeError("bad_configuration", lines.join("; ") || "the schema refuses it, and does not say why");
}

function originsOf(value: unknown, layers: readonly Layer[]): Record<string, Origin> {
  const origins: Record<string, Origin> = {};
  const visit = (part: unknown, path: Path): void => {
    if (isData(part) && Object.keys(part).length > 0)
      for (const [key, inner] of Object.entries(part)) visit(inner, [...path, key]);
    else if (path.length > 0) origins[path.join(".")] = originAt(path, layers);
  };
  visit(value, []);
  return origins;
}

/** The nearest layer that has a value there. */
function layerOf(path: Path, layers: readonly Layer[]): Layer | undefined {
  return layers.findLast(({ data }) => valueAt(data, path) !== undefined);
}

/** The schema's own default if no layer has a value there. */
function originAt(path: Path, layers: readonly Layer[]): Origin {
  return layerOf(path, layers)?.origin(path) ?? "default";
}

function at(path: Path, value: unknown): Data {
  return path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value) as Data;
}

/** Nothing of what is given stands in what comes of it. @throws RuntimeError `bad_configuration` where `above` holds itself. */
export function merge(below: Data, above: Data): Data {
  return merged(below, above, []);
}

function merged(below: Data, above: Data, around: readonly object[]): Data {
  refuseCycle(above, around);
  const all: Record<string, unknown> = { ...below };
  for (const [key, value] of Object.entries(above)) {
    if (value === undefined || key === "__proto__") continue;
    const former = Object.hasOwn(all, key) ? all[key] : undefined;
    all[key] = isData(value) ? merged(isData(former) ? former : {}, value, [...around, above]) : copied(value, around);
  }
  return all;
}

/** What is no object, list or value that a message may hold stays what it is. */
function copied<T>(value: T, around: readonly object[] = []): T {
  if (typeof value !== "object" || value === null) return value;
  if (isData(value)) return merged({}, value, around) as T;
  if (Array.isArray(value)) {
    refuseCycle(value, around);
    return value.map((element: unknown) => copied(element, [...around, value])) as T;
  }
  const isBuiltIn = types.isDate(value) || types.isMap(value) || types.isSet(value) || types.isRegExp(value);
  return isBuiltIn || ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value) ? structuredClone(value) : value;
}

function refuseCycle(value: object, around: readonly object[]): void {
  if (around.includes(value)) throw new RuntimeError("bad_configuration", "a configuration that holds itself is none");
}

/** Keys with dots between them. */
export function isPath(path: unknown): boolean {
  return typeof path === "string" && path.split(".").every((key) => key !== "");
}

export function arePaths(paths: unknown): boolean {
  return Array.isArray(paths) && paths.every(isPath);
}

/** An object with keys; a date, a map and the like are values. */
export function isData(value: unknown): value is Data {
  return typeof value === "object" && value !== null && objectKind(value, () => false) === "object";
}
