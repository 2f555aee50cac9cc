/** Configuration from several places. Pure, so in no placement. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type Data, readConfiguration } from "../../../core/registry/configuration.ts";
import { Secrets } from "../../../core/registry/secrets.ts";
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

  test("says of a refusal of the whole no place that it came from, since it came from all of them", async () => {
    const strict: StandardSchema<object> = {
      "~standard": { version: 1, vendor: "test", validate: () => ({ issues: [{ message: "no colour" }] }) },
    };
    const asked = readConfiguration(strict, { defaults: { size: 1 }, argument: { colour: 2 } });
    await expect(asked).rejects.toMatchObject(refusal('^the whole: no colour \\(got {"size":1,"colour":2}\\)$'));
  });

  test("is not read from a file that is missing, unless it may be, or is none", async () => {
    const missing = join(folder, "missing.json");
    const argument = { name: "a", server: { port: 1 } };
    await expect(readConfiguration(schema, { file: missing, argument })).rejects.toMatchObject(
      refusal(/missing.json cannot be read \(ENOENT\)$/),
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

  const asItIs: StandardSchema<Data> = {
    "~standard": { version: 1, vendor: "test", validate: (value) => ({ value: value as Data }) },
  };

  test("shares nothing with its sources, nor with another reading of them", async () => {
    const defaults = { list: [1], inner: { deep: [{ a: 1 }] }, when: new Date(0) };
    const first = (await readConfiguration(asItIs, { defaults })).value as unknown as typeof defaults;
    first.list.push(2);
    first.inner.deep[0] = { a: 2 };
    first.when.setTime(1);
    expect(defaults).toEqual({ list: [1], inner: { deep: [{ a: 1 }] }, when: new Date(0) });
    expect((await readConfiguration(asItIs, { defaults })).value).toEqual(defaults);
  });

  test("has dates, maps and the like as values, of which the nearer takes the place of the further", async () => {
    const defaults = { when: new Date(0), by: new Map([["a", 1]]) };
    const argument = { when: new Date(5), by: new Map([["b", 2]]) };
    expect((await readConfiguration(asItIs, { defaults, argument })).value).toEqual(argument);
  });

  test("knows where a value came from whose key has dots in it, and one that stands in a variable's JSON", async () => {
    const { origins } = await readConfiguration(schema, {
      environment: { SERVER: "server" },
      variables: { SERVER: '{ "port": 1 }' },
      argument: { name: "a" },
    });
    expect(origins).toMatchObject({ "server.port": "environment SERVER", "server.host": "default" });
    expect((await readConfiguration(asItIs, { argument: { "a.b": 1 } })).origins).toEqual({ "a.b": "argument" });
  });

  const says = (validate: (value: unknown) => unknown): StandardSchema<Data> => ({
    "~standard": { version: 1, vendor: "test", validate: validate as never },
  });
  const cyclic: Record<string, unknown> = {};
  cyclic["self"] = cyclic;

  test.each<[string, StandardSchema<Data>, RegExp]>([
    ["throws", says(() => cyclic["none"] ?? (undefined as unknown as Data)["x"]), /^the schema fails over it: .*'x'/],
    ["rejects", says(() => Promise.reject(new Error("a bug"))), /^the schema fails over it: a bug$/],
    ["says nothing", says(() => undefined), /^the schema says undefined, not/],
    ["says neither", says(() => ({})), /^the schema says {}, not/],
    ["says no list of issues", says(() => ({ issues: "x" })), /^the schema says {"issues":"x"}, not/],
    ["says an issue that is none", says(() => ({ issues: [null] })), /^the schema says {"issues":\[null\]}, not/],
    ["says no issue at all", says(() => ({ issues: [] })), /does not say why$/],
    ["makes what holds itself", says(() => ({ value: cyclic })), /cannot be read: .*holds itself/],
  ])("is refused where the schema %s", async (_what, broken, words) => {
    await expect(readConfiguration(broken)).rejects.toMatchObject(refusal(words));
  });

  test("is refused where a source holds itself", async () => {
    await expect(readConfiguration(asItIs, { argument: cyclic })).rejects.toMatchObject(refusal(/holds itself/));
  });

  test("has secrets that no error says: by their path, in the schema's words, within what is shown around them, and in a broken file", async () => {
    const issue = (message: string, ...path: string[]) => ({ message, path });
    const refusing = says(() => ({
      issues: [
        issue("7 is too short", "pin"),
        issue("a number", "db", "port"),
        issue("wrong", "db"),
        issue("no", "free"),
      ],
    }));
    const argument = { pin: 7, db: { port: "of-the-secret", host: "open" }, free: "like of-the-secret" };
    await expect(readConfiguration(refusing, { argument, secrets: ["pin", "db.port"] })).rejects.toMatchObject(
      refusal(
        /^pin: refused \(got a secret from argument\); db.port: a number \(got a secret from argument\); db: wrong \(got {"port":"\[secret\]","host":"open"} from argument\); free: no \(got "like \[secret\]" from argument\)$/,
      ),
    );
    const path = file("broken-secret.json", '{ "pin": topsecret }');
    const broken = await readConfiguration(asItIs, { file: path, secrets: ["pin"] }).catch((error: Error) => error);
    expect([(broken as Error).message, (broken as Error).cause]).toEqual([
      expect.stringMatching(/is no JSON$/),
      undefined,
    ]);
    expect((await readConfiguration(asItIs, { argument, secrets: ["pin"] })).value).toEqual(argument);
  });

  test("has secrets of several lines, each of which is hidden where a text has them apart", () => {
    const secrets = new Secrets(["key"]);
    secrets.learn({ key: "first line\nnext line\nend" });
    expect(secrets.hidden("'first line\\n' + 'next line' end first line\nnext line\nend")).toBe(
      "'[secret]\\n' + '[secret]' end [secret]",
    );
  });

  test.each([
    ["no schema", () => readConfiguration({} as never)],
    ["a schema that validates nothing", () => readConfiguration({ "~standard": { validate: 1 } } as never)],
    ["secrets that are no paths", () => readConfiguration(schema, { secrets: ["a..b"] })],
    ["a source that there is not", () => readConfiguration(schema, { files: [] } as never)],
  ])("wants a schema and sources: %s", async (_what, ask) => {
    await expect(ask()).rejects.toMatchObject({ code: "bad_argument" });
  });
});
