import { expect, test } from "@jest/globals";
import type { Answer } from "../../benchmarks/harness.ts";
import { page } from "../../benchmarks/page.ts";
import { figures } from "../support/figures.ts";

const answer: Answer = {
  name: "pingpong",
  question: "do <two> actors & one play",
  placement: "same thread",
  unit: "ns/round trip",
  reference: "mofa",
  contenders: [figures("mofa", 100, 1), figures("nact", 400, 4), figures("hand", 50, 0.5)],
  absent: [{ name: "erlang", absent: "no erl on the PATH" }],
  goals: [{ text: "28 times as fast as nact", against: "nact", wanted: 28, reached: 4, met: false }],
};
const machine = { node: "v26", flags: [], seed: 7, cores: 2, cpu: "one", erlang: undefined };
const html = page(machine, [answer, { ...answer, contenders: [], unverified: "counted 5" }], {
  date: "2026-11-30 10:00",
  isQuick: false,
});

test("it needs nothing beside itself", () => {
  expect(html).not.toMatch(/https?:|src=|<script|@import|url\(/);
});

test("what is given stands there as text", () => {
  expect(html).toContain("do &lt;two&gt; actors &amp; one play");
});

test("a bar is as long as its median, of the longest", () => {
  const [first, second, third] = [...html.matchAll(/<rect class="(\w+)" x="150" y="\d+" width="([\d.]+)"/g)].map(
    ([, kind, width]) => [kind, Number(width)],
  );
  expect([first, second, third]).toEqual([
    ["ours", 100],
    ["ahead", 400],
    ["behind", 50],
  ]);
});

test("goals, absent peers and what was not verified are said", () => {
  expect(html).toContain("Goals: 0 of 2 met");
  expect(html).toContain("28 times as fast as nact: NOT MET, 4.00x");
  expect(html).toContain("erlang: absent, no erl on the PATH");
  expect(html).toContain("Not verified: counted 5");
});

test("what each has taken of memory stands there, a dash where it cannot be told", () => {
  expect(html).toContain("<tr><td>nact</td><td>96.0</td><td>1.50</td><td>12.0</td><td>-</td></tr>");
});

test("a quick run says that it is one, and has no goals", () => {
  const quick = page(machine, [{ ...answer, goals: [] }], { date: "", isQuick: true });
  expect(quick).toContain("not for comparison");
  expect(quick).not.toContain("Goals:");
});
