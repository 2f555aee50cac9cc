/** Schemas of a library that programs use (zod) where a Standard Schema is wanted (core/SEMANTICS.md, S15.4, S15.7, S15.8), wherever the actor is. */
import { afterEach, describe, expect, test } from "@jest/globals";
import { z } from "zod";
import type { Isolation, SupervisorHandle } from "../../../index.ts";
import { agentByZod, pluginByZod, portVariable, question } from "../../fixtures/by-zod.ts";
import { failureOf } from "../../support/durable-runs.ts";
import { useSystem } from "../../support/use-system.ts";

/** Its many modules are loaded in each thread and process anew. */
const patience = { timeoutMs: 30_000 };

const system = useSystem({ clock: "system" });
let plugins: SupervisorHandle | undefined;

afterEach(async () => {
  delete process.env[portVariable];
  if (plugins !== undefined) system().exit(plugins.ref, "shutdown");
  await plugins?.exit;
  plugins = undefined;
});

describe.each<Isolation>(["shared", "thread", "process"])("isolation %s", (isolation) => {
  const start = (configuration: Readonly<Record<string, unknown>> = {}) =>
    system().spawn(agentByZod, undefined, {
      isolation,
      configuration,
      startTimeoutMs: patience.timeoutMs,
      ...(isolation === "process" && granted()),
    });
  const granted = () => ({ env: { [portVariable]: process.env[portVariable] ?? "80" } });

  test("an agent gets the schema's defaults, and what it makes of what it was told", async () => {
    const agent = await start({ hosts: "a,b" });
    const settings = { name: "nameless", server: { port: 80 }, hosts: ["a", "b"] };
    expect(await agent.call("settings", undefined, patience)).toEqual(settings);
    const found = system()
      .find({ capability: "answering" })
      .find(({ ref }) => ref.slot === agent.slot);
    expect(found?.configuration?.value).toEqual(settings);
  });

  test("a number in a variable of the environment is one where the schema wants a number", async () => {
    process.env[portVariable] = "8080";
    expect(await (await start()).call("settings", undefined, patience)).toMatchObject({
      server: { port: 8_080 },
    });
  });

  test("each refusal has its path, the value, where that came from, and the schema's words", async () => {
    const text = await failureOf(start({ name: "x", server: { port: 1.5 }, other: 1 }));
    expect(text).toMatch(/^bad_configuration: agentByZod/);
    for (const part of [
      /name: Too small: .* \(got "x" from argument\)/,
      /server\.port: Invalid input: expected int.* \(got 1.5 from argument\)/,
      /Unrecognized key: "other"/,
    ])
      expect(text).toMatch(part);
  });

  test("what the schema refuses later is refused as well, at the start and while it runs", async () => {
    expect(await failureOf(start({ name: "taken" }))).toMatch(
      /^bad_configuration: .*name: somebody has that name \(got "taken" from argument\)$/,
    );
    const agent = await start({ name: "mine" });
    expect(await failureOf(system().reconfigure(agent, { name: "taken" }))).toMatch(
      /^bad_configuration: .*name: somebody has that name \(got "taken" from reconfigure\)$/,
    );
    expect(await agent.call("settings", undefined, patience)).toMatchObject({ name: "mine" });
    await system().reconfigure(agent, { hosts: "c" });
    expect(await agent.call("settings", undefined, patience)).toMatchObject({
      name: "mine",
      hosts: ["c"],
    });
  });

  test("a plugin gets what the schema makes, and of a wrong configuration each key is named", async () => {
    const use = (config: Readonly<Record<string, unknown>>) => [
      { plugin: pluginByZod, isolation, config, startTimeoutMs: patience.timeoutMs },
    ];
    const text = await failureOf(system().startPlugins(use({ retries: -1, mode: "slow", waits: ["today"], other: 1 })));
    expect(text).toMatch(/^start_failed: /);
    for (const part of [
      /retries: Too small: .* \(got -1 from argument\)/,
      /mode: Invalid option: .* \(got "slow" from argument\)/,
      /waits\.0: Invalid ISO date/,
      /Unrecognized key: "other"/,
    ])
      expect(text).toMatch(part);
    plugins = await system().startPlugins(use({ retries: "5", waits: ["1970-01-02"] }));
    expect(await system().call("plugin.by-zod", "settings", undefined, patience)).toEqual({
      retries: 5,
      waits: [86_400_000],
      mode: "safe",
    });
  });

  test("what a capability takes is found by everybody, as JSON Schema, which makes a schema again; the schema itself is no data", async () => {
    const agent = await start();
    const found = system()
      .find({ capability: "answering" })
      .find(({ ref }) => ref.slot === agent.slot);
    const input = found?.declaration.capabilities?.[0]?.input as z.core.JSONSchema.JSONSchema;
    expect(input).toEqual({ ...z.toJSONSchema(question) });
    const again = z.fromJSONSchema(input);
    expect(again.safeParse({ text: "why", depth: 3 }).success).toBe(true);
    expect(again.safeParse({ text: "", depth: 10 }).error?.issues.map(({ path }) => path)).toEqual([
      ["text"],
      ["depth"],
    ]);
    expect(await agent.call("declareSchema", undefined, patience)).toMatch(
      /^not_cloneable: .*capabilities\[0\]\.input is an instance of ZodObject/,
    );
  });
});
