/**
 * Configuration from several places, validated by a schema, with where each value came from.
 *
 * What is nearer to the program's caller goes before what is further: argument, environment, file, defaults, the schema's
 * own defaults. Objects are merged key by key, all else is replaced.
 */
import { readFile } from "node:fs/promises";
import { describe, RuntimeError } from "../errors.ts";
import { assertKeys } from "../known-keys.ts";
import { isStandardSchema, pathOf, type StandardIssue, type StandardSchema } from "./standard-schema.ts";

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
] as const satisfies readonly (keyof ConfigurationSources)[];

interface Layer {
  readonly origin: (path: string) => Origin;
  readonly data: Data;
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
  return await resolve(schema, sources, {});
}

/** @param changes what goes before every source. @throws RuntimeError `bad_configuration`. */
export async function resolve<T>(
  schema: StandardSchema<T>,
  sources: ConfigurationSources,
  changes: Data,
): Promise<Configuration<T>> {
  const environment = fromEnvironment(sources);
  const layers: Layer[] = [
    { origin: () => "default", data: sources.defaults ?? {} },
    ...(sources.file === undefined ? [] : [await fromFile(sources.file, sources.isFileOptional === true)]),
    environment.layer,
    { origin: () => "argument", data: sources.argument ?? {} },
    { origin: () => "reconfigure", data: changes },
  ];
  let merged = layers.reduce<Data>((all, { data }) => merge(all, data), {});
  let result = await schema["~standard"].validate(merged);
  if (result.issues !== undefined) {
    // What came as a text may be meant as a number, a boolean, a list.
    const parsed = reread(merged, result.issues, environment.names, layers);
    if (parsed !== undefined) {
      merged = parsed;
      result = await schema["~standard"].validate(merged);
    }
  }
  if (result.issues !== undefined) throw refused(result.issues, merged, layers);
  return { value: result.value, origins: originsOf(result.value, layers) };
}

async function fromFile(path: string, isOptional: boolean): Promise<Layer> {
  const layer = (data: Data): Layer => ({ origin: () => `file ${path}`, data });
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (isOptional && (error as { readonly code?: string }).code === "ENOENT") return layer({});
    throw new RuntimeError("bad_configuration", `the configuration file ${path} cannot be read`, { cause: error });
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

function fromEnvironment({ environment = {}, variables = process.env }: ConfigurationSources): {
  readonly layer: Layer;
  /** By path the variable. */
  readonly names: ReadonlyMap<string, string>;
} {
  const names = new Map<string, string>();
  let data: Data = {};
  for (const [name, path] of Object.entries(environment)) {
    const text = variables[name];
    if (text === undefined) continue;
    names.set(path, name);
    data = merge(data, at(path, text));
  }
  return { layer: { origin: (path) => `environment ${names.get(path) ?? ""}`, data }, names };
}

/** The texts of variables that were refused, as JSON; undefined: there is none that is JSON. */
function reread(
  merged: Data,
  issues: readonly StandardIssue[],
  names: ReadonlyMap<string, string>,
  layers: readonly Layer[],
): Data | undefined {
  let changed: Data | undefined;
  for (const path of issues.map(pathOf)) {
    const text = valueAt(merged, path);
    if (!names.has(path) || typeof text !== "string" || !originAt(path, layers).startsWith("environment")) continue;
    try {
      changed = merge(changed ?? merged, at(path, JSON.parse(text)));
    } catch {
      // It is no JSON, and stays the text that the schema has refused.
    }
  }
  return changed;
}

function refused(issues: readonly StandardIssue[], merged: Data, layers: readonly Layer[]): RuntimeError {
  const lines = issues.map((issue) => {
    const path = pathOf(issue);
    const value = valueAt(merged, path);
    const where = value === undefined ? "it is missing" : `got ${describe(value)} from ${originAt(path, layers)}`;
    return `${path === "" ? "the whole" : path}: ${issue.message} (${where})`;
  });
  return new RuntimeError("bad_configuration", lines.join("; "));
}

function originsOf(value: unknown, layers: readonly Layer[]): Record<string, Origin> {
  const origins: Record<string, Origin> = {};
  const visit = (part: unknown, path: string): void => {
    if (isData(part) && Object.keys(part).length > 0)
      for (const [key, inner] of Object.entries(part)) visit(inner, path === "" ? key : `${path}.${key}`);
    else if (path !== "") origins[path] = originAt(path, layers);
  };
  visit(value, "");
  return origins;
}

/** The nearest layer that has a value there; the schema's own default if none has. */
function originAt(path: string, layers: readonly Layer[]): Origin {
  return layers.findLast(({ data }) => valueAt(data, path) !== undefined)?.origin(path) ?? "default";
}

function valueAt(data: unknown, path: string): unknown {
  if (path === "") return data;
  let value = data;
  for (const key of path.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Data)[key];
  }
  return value;
}

function at(path: string, value: unknown): Data {
  return path.split(".").reduceRight<unknown>((inner, key) => ({ [key]: inner }), value) as Data;
}

export function merge(below: Data, above: Data): Data {
  const merged: Record<string, unknown> = { ...below };
  for (const [key, value] of Object.entries(above)) {
    if (value === undefined || key === "__proto__") continue;
    const former = Object.hasOwn(merged, key) ? merged[key] : undefined;
    merged[key] = isData(value) && isData(former) ? merge(former, value) : value;
  }
  return merged;
}

export function isData(value: unknown): value is Data {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
