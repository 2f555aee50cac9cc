/** What an actor may declare of itself, so that others find it by what it can do. Plain data: every thread reads a copy. */
import { describe, errorData, RuntimeError } from "../errors.ts";
import { assertKeys } from "../known-keys.ts";

/** Something that an actor can do for others. */
export interface Capability {
  /** 1 to 256 characters. */
  readonly name: string;
  readonly version?: string;
  readonly tags?: readonly string[];
  /** What it takes and gives, as data, for example as JSON Schema. The runtime only carries it. */
  readonly input?: unknown;
  readonly output?: unknown;
  /** What one use costs, in whatever unit the program counts: of two that are as free the cheaper is found first. */
  readonly cost?: number;
  /** How long one use takes, in milliseconds: then the faster is. */
  readonly latencyMs?: number;
}

export interface Declaration {
  readonly version?: string;
  readonly tags?: readonly string[];
  readonly capabilities?: readonly Capability[];
  /** Anything else that is data. */
  readonly metadata?: Readonly<Record<string, unknown>>;
}

const declarationKeys = [
  "version",
  "tags",
  "capabilities",
  "metadata",
] as const satisfies readonly (keyof Declaration)[];
const capabilityKeys = [
  "name",
  "version",
  "tags",
  "input",
  "output",
  "cost",
  "latencyMs",
] as const satisfies readonly (keyof Capability)[];
const nameLengthMax = 256;

/** @param who declares, for people. @throws RuntimeError `bad_argument`, with the path of what is wrong. */
export function assertDeclaration(declaration: unknown, who = "declare"): asserts declaration is Declaration {
  assertKeys(who, declaration, declarationKeys);
  const { version, tags, capabilities, metadata } = declaration as Readonly<Record<string, unknown>>;
  const wrong: Wrong = (path, wanted, got) =>
    new RuntimeError("bad_argument", `${who}: ${path} is ${wanted}, got ${describe(got)}`);
  if (!isText(version)) throw wrong("version", "a text", version);
  if (!isTags(tags)) throw wrong("tags", "a list of texts", tags);
  if (metadata !== undefined && (typeof metadata !== "object" || metadata === null || Array.isArray(metadata)))
    throw wrong("metadata", "an object", metadata);
  if (capabilities === undefined) return;
  if (!Array.isArray(capabilities)) throw wrong("capabilities", "a list", capabilities);
  for (const [at, capability] of capabilities.entries())
    assertCapability(who, `capabilities[${at}]`, capability, wrong);
}

/** What a spawn adds to what its behaviour declares: of two that say the same thing the spawn's counts. */
export function addedTo(own: Declaration | undefined, more: Declaration | undefined): Declaration | undefined {
  if (own === undefined || more === undefined) return more ?? own;
  const names = new Set(more.capabilities?.map(({ name }) => name));
  const capabilities = [
    ...(own.capabilities ?? []).filter(({ name }) => !names.has(name)),
    ...(more.capabilities ?? []),
  ];
  const tags = [...new Set([...(own.tags ?? []), ...(more.tags ?? [])])];
  return {
    ...own,
    ...more,
    ...(tags.length > 0 && { tags }),
    ...(capabilities.length > 0 && { capabilities }),
    ...((own.metadata ?? more.metadata) && { metadata: { ...own.metadata, ...more.metadata } }),
  };
}

/** What is wrong with what should be one; undefined: nothing. */
export function declarationFault(declaration: unknown): string | undefined {
  try {
    assertDeclaration(declaration);
    return undefined;
  } catch (error) {
    return errorData(error).message;
  }
}

type Wrong = (path: string, wanted: string, got: unknown) => RuntimeError;

function assertCapability(who: string, path: string, capability: unknown, wrong: Wrong): void {
  assertKeys(`${who}: ${path}`, capability, capabilityKeys);
  const { name, version, tags, cost, latencyMs } = capability as Readonly<Record<string, unknown>>;
  if (typeof name !== "string" || name === "" || name.length > nameLengthMax)
    throw wrong(`${path}.name`, `a text of 1 to ${nameLengthMax} characters`, name);
  if (!isText(version)) throw wrong(`${path}.version`, "a text", version);
  if (!isTags(tags)) throw wrong(`${path}.tags`, "a list of texts", tags);
  for (const [key, value] of Object.entries({ cost, latencyMs }))
    if (value !== undefined && !(typeof value === "number" && value >= 0))
      throw wrong(`${path}.${key}`, "a number from 0", value);
}

export function isDeclaration(value: unknown): boolean {
  return declarationFault(value) === undefined;
}

function isText(value: unknown): boolean {
  return value === undefined || typeof value === "string";
}

function isTags(tags: unknown): boolean {
  return tags === undefined || (Array.isArray(tags) && tags.every((tag) => typeof tag === "string"));
}
