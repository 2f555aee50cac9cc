/** The table of a template's children (supervisors/template-children.ts), by the places of their actors. Not in every placement: a table, and no actor. */
import { expect, test } from "@jest/globals";
import type { Ref } from "../../core/index.ts";
import type { RetryMessage } from "../../supervisors/children.ts";
import { TemplateChild, TemplateChildren } from "../../supervisors/template-children.ts";

/** As much of a ref as the table looks at. */
const refAt = (slot: number, generation: number): Ref => ({ node: "", thread: 1, slot, generation }) as Ref;

test("a child whose place another has before its exit was read is found by its own ref, and removed alone", () => {
  const children = new TemplateChildren();
  const [former, later] = [refAt(5, 1), refAt(5, 2)];
  children.add(former, "first", undefined);
  children.add(later, "second", undefined);
  expect(children.size).toBe(2);
  expect([children.byRef(former)?.extra, children.byRef(later)?.extra]).toEqual(["first", "second"]);
  children.remove(former);
  expect([children.has(former), children.has(later), children.size]).toEqual([false, true, 1]);
  children.remove(later);
  expect(children.size).toBe(0);
});

test("one that is restarting is found by its last ref, also when its place is another's", () => {
  const children = new TemplateChildren();
  const [former, later] = [refAt(5, 1), refAt(5, 2)];
  const retry: RetryMessage = { type: "try_again_restart", child: "1.5.1" };
  children.add(former, "given", undefined);
  children.setRestarting(new TemplateChild(former, "given"), retry);
  children.add(later, undefined, undefined);
  expect(children.restartingAs("1.5.1")?.retry).toBe(retry);
  expect([...children.entries()]).toEqual([later, "restarting"]);
  expect([...children.running()]).toEqual([later]);
  children.remove(former);
  expect([children.restarting, children.size]).toEqual([0, 1]);
});
