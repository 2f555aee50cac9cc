/** The configuration of one actor, without the actor: what S15.7 and S15.8 say of its sources. In no placement. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type Context, defineServer } from "../../../core/index.ts";
import { OwnConfiguration } from "../../../core/registry/agent-configuration.ts";
import { settingsSchema } from "../../fixtures/configured.ts";
import { SimulatedSystem } from "../../support/simulated-system.ts";

const variable = "MOFA_TEST_HOST";
const ctx = {} as Context; // the hooks here look at none
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "mofa-agent-configuration-"));
});

afterAll(() => rmSync(folder, { recursive: true }));

test("S15.8: what is offered is read from all sources again, and what was changed by word goes before them", async () => {
  const file = join(folder, "settings.json");
  writeFileSync(file, '{ "port": 2, "tags": ["file"] }');
  process.env[variable] = "first";
  const sources = { defaults: { port: 1, host: "default" }, file, environment: { [variable]: "host" } };
  const offered: unknown[] = [];
  const hook = (_state: unknown, next: unknown) => void offered.push(next);
  const given = { argument: { tags: ["argument"] }, changes: {} };
  const own = new OwnConfiguration({ schema: settingsSchema, ...sources }, hook, given);
  expect((await own.read()).shown).toEqual({
    value: { port: 2, host: "first", tags: ["argument"] },
    origins: { port: `file ${file}`, host: `environment ${variable}`, tags: "argument" },
  });
  writeFileSync(file, '{ "port": 3 }');
  process.env[variable] = "second";
  const next = { port: 3, host: "second", tags: ["changed"] };
  expect(await own.offer({ tags: ["changed"] }, undefined, ctx)).toEqual({
    isRefused: false,
    changes: { tags: ["changed"] },
    configuration: {
      value: next,
      origins: { port: `file ${file}`, host: `environment ${variable}`, tags: "reconfigure" },
    },
  });
  delete process.env[variable];
  expect(await own.offer({ port: 4 }, undefined, ctx)).toMatchObject({
    changes: { port: 4, tags: ["changed"] },
    configuration: { value: { port: 4, host: "default", tags: ["changed"] } },
  });
  expect(offered).toHaveLength(2);
});

test("S15.8: a file that is broken by then refuses the offer, and nothing has changed", async () => {
  const file = join(folder, "broken.json");
  writeFileSync(file, '{ "port": 2, "host": "a" }');
  const own = new OwnConfiguration({ schema: settingsSchema, file }, () => undefined, { argument: {}, changes: {} });
  await own.read();
  writeFileSync(file, "{");
  expect(await own.offer({ port: 7 }, undefined, ctx)).toMatchObject({ isRefused: true, code: "bad_configuration" });
  writeFileSync(file, '{ "port": 2, "host": "a" }');
  expect(await own.offer({}, undefined, ctx)).toMatchObject({ changes: {}, configuration: { value: { port: 2 } } });
});

test("S15.7: what a schema makes that is no data is refused", async () => {
  const schema = {
    "~standard": { version: 1 as const, vendor: "test", validate: () => ({ value: { run: () => 1 } }) },
  };
  const own = new OwnConfiguration({ schema }, undefined, { argument: {}, changes: {} });
  await expect(own.read()).rejects.toMatchObject({
    code: "bad_configuration",
    message: expect.stringMatching(/is no data: .*run/),
  });
});

test("S15.7: an actor that has ended while its configuration was read begins no init", async () => {
  const gate = Promise.withResolvers<void>();
  const began: unknown[] = [];
  const schema = {
    "~standard": { version: 1 as const, vendor: "test", validate: () => gate.promise.then(() => ({ value: {} })) },
  };
  const slow = defineServer({ configuration: { schema }, init: (argument: string) => void began.push(argument) });
  const system = new SimulatedSystem(1, 1);
  const guest = system.kernel(0).guest.ctx as Context;
  const settle = async () => {
    for (let n = 0; n < 10; n++) {
      system.settle();
      await new Promise(setImmediate);
    }
  };
  const ended = guest.spawn(slow, "ended");
  guest.spawn(slow, "lives");
  await settle();
  guest.exit(ended, "kill");
  gate.resolve();
  await settle();
  expect(began).toEqual(["lives"]);
});

test.each<[string, object]>([
  ["schema is a Standard Schema", { configuration: { schema: {} } }],
  ["defaults is an object", { configuration: { schema: settingsSchema, defaults: 1 } }],
  ["file is a path", { configuration: { schema: settingsSchema, file: 1 } }],
  ["environment is paths", { configuration: { schema: settingsSchema, environment: { A: 1 } } }],
  ["environment is paths", { configuration: { schema: settingsSchema, environment: { A: "a..b" } } }],
  ['there is no "argument"', { configuration: { schema: settingsSchema, argument: {} } }],
  ["secrets is a list of paths", { configuration: { schema: settingsSchema, secrets: "key" } }],
  ["configure is a hook of a configuration", { configure: () => undefined }],
  ["configure is a function", { configuration: { schema: settingsSchema }, configure: 1 }],
  ["declaration: version is a text", { declaration: { version: 1 } }],
])("a definition is refused where it is written: %s", (words, definition) => {
  expect(() => defineServer(definition)).toThrow(
    expect.objectContaining({ code: "bad_argument", message: expect.stringContaining(words) }),
  );
});
