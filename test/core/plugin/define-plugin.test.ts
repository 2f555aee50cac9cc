/** What `definePlugin` refuses: no actors, so in no placement. */
import { expect, test } from "@jest/globals";
import { definePlugin, isPlugin, type PluginDefinition, pluginFacts, pluginIsolation } from "../../../core/index.ts";

const right = { name: "right", version: "1.0.0", behaviour: {} };

test("a plugin is known as one, with what it says of itself", () => {
  const packages = [
    { name: "pg", version: "8.0.0" },
    { name: "@scope/one", version: "0.1.0", for: "large files" },
  ];
  const provides = [{ name: "b", version: "1.0.0" }];
  const made = definePlugin({ ...right, requires: [{ name: "a" }], provides, packages, tags: ["clock"] });
  expect(isPlugin(made)).toBe(true);
  expect(pluginFacts(made)).toEqual({
    name: "right",
    version: "1.0.0",
    requires: [{ name: "a" }],
    provides,
    packages,
    tags: ["clock"],
  });
});

test("where a plugin runs is shared, or what it says, also by what its use says", () => {
  expect(pluginIsolation(definePlugin(right))).toBe("shared");
  expect(pluginIsolation(definePlugin({ ...right, isolation: "process" }), { driver: "slow" })).toBe("process");
  const byConfig = definePlugin({ ...right, isolation: ({ driver }) => (driver === "slow" ? "thread" : "shared") });
  expect([pluginIsolation(byConfig, { driver: "slow" }), pluginIsolation(byConfig)]).toEqual(["thread", "shared"]);
});

test("one that cannot bear every isolation names those that it can, and runs in the first; another is refused", () => {
  const one = definePlugin({ ...right, isolation: () => ["shared", "process"] });
  expect([pluginIsolation(one), pluginIsolation(one, {}, "process")]).toEqual(["shared", "process"]);
  expect(() => pluginIsolation(one, {}, "thread")).toThrow(
    expect.objectContaining({
      code: "bad_argument",
      message: 'plugin right cannot have isolation "thread" with that configuration: it is "shared" or "process"',
    }),
  );
});

test("what is no isolation of a use, and what is no configuration, is left to the check of the use", () => {
  const one = definePlugin({ ...right, isolation: ({ driver }) => (driver === "slow" ? "thread" : ["shared"]) });
  const none = null as unknown as undefined;
  expect([pluginIsolation(one, none), pluginIsolation(one, {}, none)]).toEqual(["shared", null]);
  expect(pluginIsolation(one, { driver: "slow" }, none)).toBeNull();
});

test("a function that names no isolation is told of where it is asked", () => {
  const wrong = definePlugin({ ...right, isolation: () => "fiber" as "thread" });
  expect(() => pluginIsolation(wrong)).toThrow(
    expect.objectContaining({
      code: "bad_argument",
      message:
        'plugin right: its function isolation is "shared", "thread" or "process", or a list of some, got "fiber"',
    }),
  );
});

test("a function that throws is told of with the plugin's name", () => {
  const wrong = definePlugin({
    ...right,
    isolation() {
      throw new Error("boom");
    },
  });
  expect(() => pluginIsolation(wrong)).toThrow(
    expect.objectContaining({ code: "bad_argument", message: "plugin right: its function isolation threw: boom" }),
  );
});

test.each<[unknown, RegExp]>([
  [{ ...right, name: "Right" }, /name is 1 to 63 small letters, digits and hyphens, first a letter, got "Right"$/],
  [{ ...right, name: "a".repeat(64) }, /name is/],
  [{ ...right, version: "1.0" }, /version is a text like "1.0.0", got "1.0"$/],
  [{ ...right, requires: "texts" }, /requires is a list of capabilities, got "texts"$/],
  [{ ...right, requires: ["texts"] }, /requires\[0\] is \{ name, version \}/],
  [{ ...right, requires: [{ name: "a", version: "^1" }] }, /requires\[0\] is \{ name, version \} with a version like/],
  [{ ...right, requires: [{ name: "a" }, { name: "a" }] }, /requires names a capability once, got "a"$/],
  [{ ...right, provides: [{ name: "a" }] }, /provides\[0\] is \{ name, version \}/],
  [{ ...right, provides: [{ name: "a", version: "1.0.0", tag: 1 }] }, /provides\[0\] is/],
  [{ ...right, packages: "pg" }, /packages is a list of npm packages, got "pg"$/],
  [
    { ...right, packages: ["pg"] },
    /packages\[0\] is \{ name, version, for \} with npm's name of it and a version like "1.0.0", got "pg"$/,
  ],
  [{ ...right, packages: [{ name: "../pg", version: "1.0.0" }] }, /packages\[0\] is/],
  [{ ...right, packages: [{ name: "pg", version: "^8" }] }, /packages\[0\] is/],
  [{ ...right, packages: [{ name: "pg", version: "8.0.0", for: "" }] }, /packages\[0\] is/],
  [{ ...right, packages: [{ name: "pg", version: "8.0.0", optional: true }] }, /packages\[0\] is/],
  [
    { ...right, packages: [1, 2].map((n) => ({ name: "pg", version: `${n}.0.0` })) },
    /packages names a package once, got "pg"$/,
  ],
  [{ ...right, behaviour: undefined }, /behaviour wants an object with init, calls/],
  [{ ...right, behaviour: { start() {} } }, /behaviour: there is no "start"; it takes init, calls/],
  [{ ...right, behaviour: { init: 5 } }, /behaviour.init is a function, got 5$/],
  [{ ...right, behaviour: { calls: { get: 5 } } }, /behaviour.calls.get is a function, got 5$/],
  [{ ...right, behaviour: { calls: { health() {} } } }, /every plugin has the call health/],
  [{ ...right, config: {} }, /^definePlugin: config.schema is a Standard Schema/],
  [{ ...right, config: { url: "text" } }, /^definePlugin: config: there is no "url"; it takes schema, defaults/],
  [{ ...right, isolation: "fiber" }, /isolation is "shared", "thread" or "process", or a list of some, got "fiber"$/],
  [{ ...right, isolation: null }, /isolation is .*, got null$/],
  [{ ...right, isolation: Object.assign(new Array(2), { 1: "shared" }) }, /isolation is .*, or a list of some, got/],
  [{ ...right, isolation: [] }, /isolation is "shared", "thread" or "process", or a list of some, got \[\]$/],
  [{ ...right, isolation: ["thread", "fiber"] }, /or a list of some, got \["thread","fiber"\]$/],
  [{ ...right, turnLimitMs: -1 }, /turnLimitMs/],
  [
    { ...right, depends: [] },
    /^definePlugin: there is no "depends"; it takes name, version, config, requires, provides, packages, tags, isolation, observes, behaviour/,
  ],
  [{ ...right, calls: {} }, /^definePlugin: there is no "calls"/],
  // A server's, which are given its `ctx`.
  ...["casts", "init", "info", "continue", "paused", "resumed", "interrupted", "declaration"].map(
    (key): [object, RegExp] => [{ ...right, [key]: {} }, new RegExp(`definePlugin: there is no "${key}"`)],
  ),
  ["greeter", /definePlugin wants an object with name, version, .*, got "greeter"$/],
  [{ ...right, behaviour: { calls: [() => 1] } }, /behaviour.calls is an object of functions, got/],
  ...["", "a.b", "*", "a>", "a b", "a\n", "a".repeat(129)].map((name): [object, RegExp] => [
    { ...right, behaviour: { calls: { [name]: () => 1 } } },
    /a call's name is one word of a topic, at most 128 characters without dots, wildcards and white space, got "/,
  ]),
])("%j is refused", (definition, message) => {
  expect(() => definePlugin(definition as PluginDefinition<undefined, undefined, object>)).toThrow(
    expect.objectContaining({ code: "bad_argument", message: expect.stringMatching(message) }),
  );
});
