/** In which order plugins start: pure, so in no placement. */
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import type { PluginFacts } from "../../../core/index.ts";
import { isCompatible } from "../../../core/plugin/plugin-facts.ts";
import { startOrder } from "../../../core/plugin/plugin-order.ts";

function plugin(name: string, requires: readonly string[] = [], provides: readonly string[] = [name]): PluginFacts {
  return {
    name,
    version: "1.0.0",
    requires: requires.map((one) => ({ name: one })),
    provides: provides.map((one) => ({ name: one, version: "1.0.0" })),
    packages: [],
    tags: [],
  };
}

const namesOf = (plugins: readonly PluginFacts[]) => plugins.map(({ name }) => name);

test("each starts after what it requires, and else as they were given", () => {
  expect(namesOf(startOrder([plugin("c", ["b"]), plugin("a"), plugin("b", ["a"])]))).toEqual(["a", "b", "c"]);
  expect(namesOf(startOrder([plugin("c"), plugin("a"), plugin("b")]))).toEqual(["c", "a", "b"]);
});

test("what runs already provides, and starts no more", () => {
  expect(namesOf(startOrder([plugin("b", ["a"])], [plugin("a")]))).toEqual(["b"]);
});

test("what is still starting has its name and what it provides, and cannot be required yet", () => {
  const starting = [plugin("a")];
  const start = (one: PluginFacts) => startOrder([one], [], starting);
  expect(() => start(plugin("a", [], []))).toThrow(expect.objectContaining({ code: "plugin_conflict" }));
  expect(() => start(plugin("b", [], ["a"]))).toThrow(expect.objectContaining({ code: "plugin_conflict" }));
  expect(() => start(plugin("b", ["a"]))).toThrow(
    expect.objectContaining({
      code: "plugin_missing",
      message:
        "plugin b requires a, and a, which provides it, is still starting: await its startPlugins first, or start both by one",
    }),
  );
  expect(namesOf(start(plugin("b")))).toEqual(["b"]);
});

test("whatever they require of those before, each comes once and after what it requires", () => {
  const plans = fc.array(fc.array(fc.nat(20), { maxLength: 4 }), { maxLength: 12 });
  fc.assert(
    fc.property(plans, fc.infiniteStream(fc.nat()), (plan, chance) => {
      // Nobody requires who comes later: so there is no circle.
      const all = plan.map((before, at) =>
        plugin(`p${at}`, at === 0 ? [] : [...new Set(before.map((n) => `p${n % at}`))]),
      );
      const shuffled = all
        .map((one) => ({ one, at: chance.next().value as number }))
        .sort((a, b) => a.at - b.at)
        .map(({ one }) => one);
      const order = startOrder(shuffled);
      expect(namesOf(order).sort()).toEqual(namesOf(all).sort());
      for (const { name, requires } of order)
        for (const required of requires)
          expect(namesOf(order).indexOf(required.name)).toBeLessThan(namesOf(order).indexOf(name));
    }),
  );
});

test.each([
  ["plugin_conflict", [plugin("a"), plugin("a", [], [])], /two plugins are named a/],
  ["plugin_conflict", [plugin("a", [], ["x"]), plugin("b", [], ["x"])], /capability x is provided by both a and b/],
  [
    "plugin_missing",
    [plugin("a", ["x"]), plugin("b")],
    /plugin a requires x, and no plugin provides that \(provided: a, b\)/,
  ],
  [
    "plugin_cycle",
    [plugin("a", ["c"]), plugin("b", ["a"]), plugin("c", ["b"])],
    /in a circle: a -> c -> b -> a; what two of them need of each other belongs into a third$/,
  ],
  ["plugin_cycle", [plugin("a", ["a"])], /in a circle: a -> a; what/],
])("%s: %j", (code, plugins, message) => {
  expect(() => startOrder(plugins)).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }));
});

describe("a version that is provided will do", () => {
  test.each([
    ["1.2.3", undefined, true],
    ["1.2.3", "1.2.3", true],
    ["1.2.3", "1.2.4", false],
    ["1.3.0", "1.2.4", true],
    ["2.0.0", "1.0.0", false],
    ["1.9.9", "2.0.0", false],
    ["0.2.3", "0.2.1", true],
    ["0.3.0", "0.2.1", false],
    ["1.10.0", "1.9.0", true],
  ])("%s for %s: %s", (provided, wanted, isOne) => {
    expect(isCompatible(provided, wanted)).toBe(isOne);
  });
});
