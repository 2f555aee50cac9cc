/**
 * Of each key of a plugin's configuration, what its users see of it. The suite runs `look` with the default, left out and given, and
 * with another value: the first two must show the same, and the third must not. `look` does not learn which of them it is.
 */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { ConfigSchema } from "../../../core/index.ts";
import type { AnyPlugin, MofaSystem } from "../../../index.ts";
import {
  areServicesRequired,
  type PackageBeside,
  type Service,
  type Tool,
  whyMissing,
} from "../../support/known-services.ts";
import { useSystem } from "../../support/use-system.ts";

export type Config = Readonly<Record<string, unknown>>;

/** How a run of `look` uses the plugin: by the public API alone. */
export interface KeyRun {
  readonly system: MofaSystem;
  /** Another one, where the plugin may be started beside, for what is compared with. */
  readonly other: MofaSystem;
  /** Starts the plugin. @param more keys, and not the one in question */
  start(more?: Config): Promise<unknown>;
  /** The same in a program of its own, which only says that it has started. */
  readonly config: Config;
  /** In the other system, with that configuration. */
  startOther(config: Config): Promise<unknown>;
  /** Of the one that was started here. What it comes to, as data. */
  call(name: string, argument?: unknown): Promise<Outcome>;
  callOther(name: string, argument?: unknown): Promise<Outcome>;
}

/** The code stands for an error, whose message may have what is no behaviour, such as the key's own value. */
export type Outcome = { readonly value: unknown } | { readonly code: unknown };

export interface KeyDifference {
  /** A value that is not the default. */
  readonly changed: unknown;
  /** In the place of the default, where there is none. */
  readonly from?: unknown;
  /** Data, and the same each time for the same value of the key. */
  look(run: KeyRun): Promise<unknown>;
  readonly needs?: Tool;
}

export interface KeyTable {
  readonly plugin: AnyPlugin;
  /** As the plugin is named. */
  readonly name: string;
  readonly schema: ConfigSchema<unknown>;
  /** Keys that must be given, whatever is in question. */
  readonly base: Config;
  readonly needs?: Service | PackageBeside;
  prepare?(): Promise<unknown>;
  /** Before each run of a look: nothing is left of the one before. */
  refresh?(): Promise<unknown>;
  remove?(): Promise<unknown>;
  readonly keys: Readonly<Record<string, KeyDifference>>;
}

export async function outcomeOf(promise: Promise<unknown>): Promise<Outcome> {
  return await promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ code: (error as { readonly code?: unknown }).code }),
  );
}

export async function describeKeyTable(folder: string, table: KeyTable): Promise<void> {
  const why = table.needs && (await whyMissing(table.needs));
  const reasons = await Promise.all(
    Object.entries(table.keys).map(
      async ([key, { needs }]) => [key, why ?? (needs && (await whyMissing(needs)))] as const,
    ),
  );
  describe(folder, () => {
    const systems = [useSystem({ clock: "system", threads: 1 }), useSystem({ clock: "system", threads: 1 })] as const;
    beforeAll(async () => void (why === undefined && (await table.prepare?.())));
    afterAll(async () => void (why === undefined && (await table.remove?.())));

    for (const [key, reason] of reasons) {
      const title = `${key}: another value is seen, and the default is what it has when it is left out`;
      if (reason === undefined) test(title, async () => await expectDifference(key, table, systems));
      else if (areServicesRequired())
        test(title, () => {
          throw new Error(reason);
        });
      else {
        process.stderr.write(`left out: ${folder}: ${title}: ${reason}\n`);
        test.skip(title, () => {});
      }
    }
  });
}

async function expectDifference(
  key: string,
  table: KeyTable,
  systems: readonly [() => MofaSystem, () => MofaSystem],
): Promise<void> {
  const { schema, keys, base } = table;
  const { changed, from } = keys[key] as KeyDifference;
  const usual = schema.defaults[key] ?? from;
  expect(changed).not.toEqual(usual);
  const rest = Object.fromEntries(Object.entries(base).filter(([name]) => name !== key));
  const withUsual = { ...rest, [key]: usual };
  const hasDefault = schema.defaults[key] !== undefined;
  const left = await lookAt(key, table, systems, hasDefault ? rest : withUsual);
  expect(left).not.toBeUndefined();
  expect(await lookAt(key, table, systems, withUsual)).toEqual(left);
  expect(await lookAt(key, table, systems, { ...rest, [key]: changed })).not.toEqual(left);
}

async function lookAt(
  key: string,
  { plugin, name, keys, refresh }: KeyTable,
  [here, there]: readonly [() => MofaSystem, () => MofaSystem],
  config: Config,
): Promise<unknown> {
  await refresh?.();
  const stops: (() => Promise<unknown>)[] = [];
  let starts = 0;
  const startIn = async (system: MofaSystem, given: Config) => {
    const handle = await system.startPlugins([{ plugin, config: given }]);
    stops.push(() => {
      system.exit(handle.ref, "shutdown");
      return handle.exit;
    });
  };
  const callIn = (system: MofaSystem) => (call: string, argument?: unknown) =>
    outcomeOf(system.call(`plugin.${name}`, call, argument));
  const run: KeyRun = {
    system: here(),
    other: there(),
    get config() {
      starts++;
      return config;
    },
    async start(more = {}) {
      starts++;
      if (Object.hasOwn(more, key)) throw new Error(`${key} is in question, and no look sets it`);
      await startIn(here(), { ...config, ...more });
    },
    startOther: (given) => startIn(there(), given),
    call: callIn(here()),
    callOther: callIn(there()),
  };
  try {
    const seen = await (keys[key] as KeyDifference).look(run);
    if (starts === 0) throw new Error(`${key} was looked at without the plugin`);
    return structuredClone(seen);
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}
