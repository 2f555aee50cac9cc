/** Real processes: a message means the same on both ways as between threads (core/SEMANTICS.md, S2.7, S9.1). */
import { expect, test } from "@jest/globals";
import { type Ref, sameRef } from "../../../index.ts";
import { bystander } from "../../fixtures/process-tests.ts";
import { type Doer, spawnDoer } from "../../support/in-process.ts";
import { useSystem } from "../../support/use-system.ts";

const shared = useSystem({ threads: 1, clock: "system", spare: false });
let kept: Doer | undefined;

async function echo(value: unknown): Promise<unknown> {
  kept ??= await spawnDoer(shared());
  return await kept.call("echo", value, { timeoutMs: 60_000 });
}

const cycle: Record<string, unknown> = { name: "cycle" };
cycle["self"] = cycle;
const twice = { shared: true };
const holes = new Array(3);
holes[1] = "middle";
const values: readonly (readonly [string, unknown])[] = [
  [
    "a Map with objects as keys",
    new Map<unknown, unknown>([
      [{ a: 1 }, new Map([[Number.NaN, -0]])],
      ["k", undefined],
    ]),
  ],
  ["a Set", new Set([1, "1", undefined, null])],
  ["a Date", new Date(1_234_567_890_123)],
  ["-0, NaN, Infinity", [-0, Number.NaN, Number.POSITIVE_INFINITY, Number.MIN_VALUE, 2 ** 53]],
  ["lone surrogates", ["\ud800", "a\udfffb", "😀", "\0", ""]],
  ["an array with holes", holes],
  ["bigints", [0n, -(2n ** 200n), 2n ** 63n]],
  ["a cycle", cycle],
  ["an object that is there twice", [twice, twice]],
  [
    "typed arrays",
    [
      new Uint8Array([1, 255]),
      new Float64Array([-0, 1e300]),
      new BigInt64Array([-1n]),
      new DataView(new ArrayBuffer(3)),
    ],
  ],
  ["an ArrayBuffer", new Uint8Array([7, 8, 9]).buffer],
  ["a RegExp", /a+/giu],
  ["undefined, null, booleans", [undefined, null, true, false, { undefined }]],
  ["keys that look like others", { __proto__x: 1, constructor: 2, "": 3, 7: 4 }],
];

test.each(values)("S9.1: %s is the same after the way to a process and back", async (_title, value) => {
  const back = await echo(value);
  expect(back).toStrictEqual(value);
});

test("S9.1: what toStrictEqual does not tell apart: holes, -0, identity, cycles, no date", async () => {
  const back = (await echo([holes, -0, twice, twice, cycle, new Date(Number.NaN)])) as unknown[];
  expect(Object.keys(back[0] as object)).toEqual(["1"]);
  expect(Object.is(back[1], -0)).toBe(true);
  expect(back[2]).toBe(back[3]);
  expect((back[4] as typeof cycle)["self"]).toBe(back[4]);
  expect((back[5] as Date).getTime()).toBeNaN();
});

test("S9.1: an error keeps its name, message, stack, code and cause", async () => {
  const cause = new TypeError("the cause");
  const error = Object.assign(new RangeError("outer", { cause }), { code: "E_OUTER" });
  const back = (await echo({ error })) as { error: typeof error };
  expect(back.error).toMatchObject({ name: "RangeError", message: "outer", code: "E_OUTER", stack: error.stack });
  expect(back.error.cause).toMatchObject({ name: "TypeError", message: "the cause", stack: cause.stack });
});

test("S9.1: a ref is the same actor on the other side, and comes back as itself", async () => {
  const system = shared();
  const ref = await system.spawn(bystander, undefined, { placement: { thread: 1 } });
  const back = (await echo({ ref })) as { ref: Ref };
  expect(sameRef(back.ref, ref)).toBe(true);
  expect(await system.call(back.ref, "ping")).toBe("pong");
});

test.each([
  ["a function", { a: [{ f: () => 1 }] }, /a\[0\]\.f/],
  ["a symbol", { s: Symbol("s") }, /\bs\b/],
  ["an instance of a class", { deep: new (class Own {})() }, /deep/],
])("S2.7: %s is refused at the sender, with the path of the field", async (_title, value, path) => {
  await expect(echo(value)).rejects.toMatchObject({
    code: "not_cloneable",
    message: expect.stringMatching(path) as unknown,
  });
  expect(await echo("lives")).toBe("lives");
});

test("S9.1: 50 MB make the way to a process and back", async () => {
  const bytes = new Uint8Array(50_000_000);
  for (let i = 0; i < bytes.length; i += 4_093) bytes[i] = i & 255;
  const text = "ä".repeat(1_000_000);
  const back = (await echo({ bytes, text })) as { bytes: Uint8Array; text: string };
  expect(Buffer.compare(back.bytes, bytes)).toBe(0);
  expect(back.text === text).toBe(true);
});
