/** What a plugin says of itself, checked where it is defined. */
import { describe, RuntimeError } from "../errors.ts";

/** A capability that a plugin provides, and in which version (`major.minor.patch`). */
export interface ProvidedCapability {
  readonly name: string;
  readonly version: string;
}

/** A capability that a plugin needs, and from which version on: one with the same major number counts, as after a caret. */
export interface RequiredCapability {
  readonly name: string;
  readonly version?: string;
}

/** A package that is installed beside the plugin, with npm, and from which version on: as after a caret. */
export interface NeededPackage {
  readonly name: string;
  readonly version: string;
  /** For which of its configurations, in words for people: without it, for each, and the plugin does not start where it is missing. */
  readonly for?: string;
}

export interface PluginFacts {
  readonly name: string;
  readonly version: string;
  readonly requires: readonly RequiredCapability[];
  readonly provides: readonly ProvidedCapability[];
  readonly packages: readonly NeededPackage[];
  readonly tags: readonly string[];
}

const nameForm = /^[a-z][a-z0-9-]{0,62}$/;
const packageForm = /^(?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/;
const versionForm = /^(\d{1,9})\.(\d{1,9})\.(\d{1,9})$/;

/** @throws RuntimeError `bad_argument`, with what is wrong. */
export function checkedFacts(definition: {
  readonly name: unknown;
  readonly version: unknown;
  readonly requires?: unknown;
  readonly provides?: unknown;
  readonly packages?: unknown;
  readonly tags?: unknown;
}): PluginFacts {
  const { name, version, requires = [], provides = [], packages = [], tags = [] } = definition;
  const wrong = (what: string, got: unknown) =>
    new RuntimeError("bad_argument", `definePlugin: ${what}, got ${describe(got)}`);
  if (!isPluginName(name)) throw wrong("name is 1 to 63 small letters, digits and hyphens, first a letter", name);
  if (!isVersion(version)) throw wrong('version is a text like "1.0.0"', version);
  return {
    name,
    version,
    requires: checkedList("requires", requires, (one) => one.version === undefined || isVersion(one.version), wrong),
    provides: checkedList("provides", provides, (one) => isVersion(one.version), wrong) as ProvidedCapability[],
    packages: checkedPackages(packages, wrong),
    tags: checkedTags(tags, wrong),
  };
}

function checkedTags(list: unknown, wrong: (what: string, got: unknown) => RuntimeError): string[] {
  if (!Array.isArray(list)) throw wrong("tags is a list of words", list);
  return list.map((one: unknown, at) => {
    if (!isPluginName(one))
      throw wrong(`tags[${at}] is 1 to 63 small letters, digits and hyphens, first a letter`, one);
    if (list.indexOf(one) !== at) throw wrong("tags names a word once", one);
    return one;
  });
}

function checkedPackages(list: unknown, wrong: (what: string, got: unknown) => RuntimeError): NeededPackage[] {
  if (!Array.isArray(list)) throw wrong("packages is a list of npm packages", list);
  const seen = new Set<string>();
  return list.map((one: unknown, at) => {
    const given = (typeof one === "object" && one !== null ? one : {}) as Readonly<Record<string, unknown>>;
    const { name, version, for: purpose, ...strange } = given;
    const isRight = typeof name === "string" && packageForm.test(name) && isVersion(version);
    const isPurpose = purpose === undefined || (typeof purpose === "string" && purpose !== "");
    if (!isRight || !isPurpose || Object.keys(strange).length > 0)
      throw wrong(`packages[${at}] is { name, version, for } with npm's name of it and a version like "1.0.0"`, one);
    if (seen.has(name)) throw wrong("packages names a package once", name);
    seen.add(name);
    return { name, version, ...(purpose !== undefined && { for: purpose as string }) };
  });
}

function checkedList(
  key: string,
  list: unknown,
  isRight: (one: { readonly version?: unknown }) => boolean,
  wrong: (what: string, got: unknown) => RuntimeError,
): RequiredCapability[] {
  if (!Array.isArray(list)) throw wrong(`${key} is a list of capabilities`, list);
  const seen = new Set<string>();
  return list.map((one: unknown, at) => {
    const given = (typeof one === "object" && one !== null ? one : {}) as { name?: unknown; version?: unknown };
    const strange = Object.keys(given).find((field) => field !== "name" && field !== "version");
    if (strange !== undefined || !isPluginName(given.name) || !isRight(given))
      throw wrong(`${key}[${at}] is { name, version } with a version like "1.0.0"`, one);
    if (seen.has(given.name)) throw wrong(`${key} names a capability once`, given.name);
    seen.add(given.name);
    return given.version === undefined ? { name: given.name } : { name: given.name, version: given.version as string };
  });
}

export function isPluginName(value: unknown): value is string {
  return typeof value === "string" && nameForm.test(value);
}

function isVersion(value: unknown): value is string {
  return typeof value === "string" && versionForm.test(value);
}

/** Whether what is provided will do: the same major number (below 1.0.0 the same minor one, too), and not older. */
export function isCompatible(provided: string, wanted: string | undefined): boolean {
  if (wanted === undefined) return true;
  const [major, minor, patch] = numbersOf(provided);
  const [wantedMajor, wantedMinor, wantedPatch] = numbersOf(wanted);
  if (major !== wantedMajor || (major === 0 && minor !== wantedMinor)) return false;
  return minor > wantedMinor || (minor === wantedMinor && patch >= wantedPatch);
}

function numbersOf(version: string): [number, number, number] {
  const [, ...parts] = versionForm.exec(version) as RegExpExecArray;
  return parts.map(Number) as [number, number, number];
}
