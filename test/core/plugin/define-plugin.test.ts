/** What `definePlugin` refuses: no actors, so in no placement. */
import { expect, test } from "@jest/globals";
import { definePlugin, isPlugin, type PluginDefinition, pluginFacts } from "../../../core/index.ts";

const right = { name: "right", version: "1.0.0", behaviour: {} };

test("a plugin is known as one, with what it says of itself", () => {
  const made = definePlugin({ ...right, requires: [{ name: "a" }], provides: [{ name: "b", version: "1.0.0" }] });
  expect(isPlugin(made)).toBe(true);
  expect(pluginFacts(made)).toEqual({
    name: "right",
    version: "1.0.0",
    requires: [{ name: "a" }],
    provides: [{ name: "b", version: "1.0.0" }],
  });
});

test.each<[object, RegExp]>([
  [{ ...right, name: "Right" }, /name is 1 to 63 small letters, digits and hyphens, first a letter, got "Right"$/],
  [{ ...right, name: "a".repeat(64) }, /name is/],
  [{ ...right, version: "1.0" }, /version is a text like "1.0.0", got "1.0"$/],
  [{ ...right, requires: "texts" }, /requires is a list of capabilities, got "texts"$/],
  [{ ...right, requires: ["texts"] }, /requires\[0\] is \{ name, version \}/],
  [{ ...right, requires: [{ name: "a", version: "^1" }] }, /requires\[0\] is \{ name, version \} with a version like/],
  [{ ...right, requires: [{ name: "a" }, { name: "a" }] }, /requires names a capability once, got "a"$/],
  [{ ...right, provides: [{ name: "a" }] }, /provides\[0\] is \{ name, version \}/],
  [{ ...right, provides: [{ name: "a", version: "1.0.0", tag: 1 }] }, /provides\[0\] is/],
  [{ ...right, behaviour: undefined }, /behaviour wants an object with init, calls/],
  [{ ...right, behaviour: { start() {} } }, /behaviour: there is no "start"; it takes init, calls/],
  [{ ...right, behaviour: { init: 5 } }, /behaviour.init is a function, got 5$/],
  [{ ...right, behaviour: { calls: { get: 5 } } }, /behaviour.calls.get is a function, got 5$/],
  [{ ...right, behaviour: { calls: { health() {} } } }, /every plugin has the call health/],
  [{ ...right, config: {} }, /configuration.schema is a Standard Schema/],
  [{ ...right, turnLimitMs: -1 }, /turnLimitMs/],
  [{ ...right, depends: [] }, /there is no "depends"/],
])("%j is refused", (definition, message) => {
  expect(() => definePlugin(definition as PluginDefinition<undefined, undefined, object>)).toThrow(
    expect.objectContaining({ code: "bad_argument", message: expect.stringMatching(message) }),
  );
});
