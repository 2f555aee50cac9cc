/** Configuration from several places. Pure, so in no placement. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { readConfiguration } from "../../../core/registry/configuration.ts";
import type { StandardIssue, StandardSchema } from "../../../core/registry/standard-schema.ts";

interface Server {
  readonly host: string;
  readonly port: number;
  readonly tags: readonly string[];
}

interface Settings {
  readonly name: string;
  readonly server: Server;
  readonly isQuiet: boolean;
}

/** As a library would make it: refuses by path, and fills in what is missing. */
const schema: StandardSchema<Settings> = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate(value) {
      const { name, server = {}, isQuiet = false } = value as { name?: unknown; server?: object; isQuiet?: unknown };
      const { host = "localhost", port, tags = [] } = server as { host?: unknown; port?: unknown; tags?: unknown };
      const issues: StandardIssue[] = [];
      if (typeof name !== "string") issues.push({ message: "a text", path: ["name"] });
      if (typeof port !== "number") issues.push({ message: "a number", path: [{ key: "server" }, "port"] });
      if (!Array.isArray(tags)) issues.push({ message: "a list", path: ["server", "tags"] });
      if (typeof isQuiet !== "boolean") issues.push({ message: "true or false", path: ["isQuiet"] });
      return issues.length > 0 ? { issues } : { value: { name, server: { host, port, tags }, isQuiet } as Settings };
    },
  },
};

let folder: string;
const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "mofa-configuration-"));
});

afterAll(() => rmSync(folder, { recursive: true }));

const refusal = (message: string | RegExp) => ({
  code: "bad_configuration",
  message: expect.stringMatching(message) as unknown,
});

describe("a configuration", () => {
  test("has each value from the nearest place, and says which", async () => {
    const path = file("nearest.json", '{ "name": "file", "server": { "port": 1, "host": "from file" } }');
    const { value, origins } = await readConfiguration(schema, {
      defaults: { name: "default", server: { port: 0, tags: ["a"] } },
      file: path,
      environment: { PORT: "server.port", UNSET: "name" },
      variables: { PORT: "8080" },
      argument: { name: "argument" },
    });
    expect(value).toEqual({
      name: "argument",
      server: { host: "from file", port: 8080, tags: ["a"] },
      isQuiet: false,
    });
    expect(origins).toEqual({
      name: "argument",
      "server.host": `file ${path}`,
      "server.port": "environment PORT",
      "server.tags": "default",
      isQuiet: "default",
    });
  });

  test("reads a variable as JSON only where its text does not fit", async () => {
    const { value } = await readConfiguration(schema, {
      environment: { NAME: "name", PORT: "server.port", QUIET: "isQuiet", TAGS: "server.tags" },
      variables: { NAME: "17", PORT: "18", QUIET: "true", TAGS: '["x"]' },
    });
    expect(value).toEqual({ name: "17", server: { host: "localhost", port: 18, tags: ["x"] }, isQuiet: true });
  });

  test("says of every value that is refused its path, the value and where it came from", async () => {
    const path = file("refused.json", '{ "server": { "port": "x" } }');
    const asked = readConfiguration(schema, {
      file: path,
      environment: { QUIET: "isQuiet" },
      variables: { QUIET: "maybe" },
    });
    await expect(asked).rejects.toMatchObject(
      refusal(
        `^name: a text \\(it is missing\\); server.port: a number \\(got "x" from file ${path}\\); isQuiet: true or false \\(got "maybe" from environment QUIET\\)$`,
      ),
    );
  });

  test("is not read from a file that is missing, unless it may be, or is none", async () => {
    const missing = join(folder, "missing.json");
    const argument = { name: "a", server: { port: 1 } };
    await expect(readConfiguration(schema, { file: missing, argument })).rejects.toMatchObject(
      refusal(/missing.json cannot be read/),
    );
    expect(await readConfiguration(schema, { file: missing, isFileOptional: true, argument })).toMatchObject({
      value: argument,
    });
    for (const [name, text, words] of [
      ["broken.json", "{", /broken.json is no JSON/],
      ["list.json", "[1]", /list.json holds .*, not an object/],
    ] as const)
      await expect(readConfiguration(schema, { file: file(name, text), argument })).rejects.toMatchObject(
        refusal(words),
      );
  });

  test("leaves the prototype of objects alone", async () => {
    const path = file("proto.json", '{ "__proto__": { "polluted": true }, "name": "a", "server": { "port": 1 } }');
    await readConfiguration(schema, { file: path });
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  test.each([
    ["no schema", () => readConfiguration({} as never)],
    ["a source that there is not", () => readConfiguration(schema, { files: [] } as never)],
  ])("wants a schema and sources: %s", async (_what, ask) => {
    await expect(ask()).rejects.toMatchObject({ code: "bad_argument" });
  });
});
