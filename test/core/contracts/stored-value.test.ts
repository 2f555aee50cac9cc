/** Values as stores keep them. Not in every placement: no actors run. */
import { expect, test } from "@jest/globals";
import { bytesOfValue, valueOfBytes } from "../../../core/contracts/stored-value.ts";

test("bytes come back in memory of their own: what is done to them, or near them, is done to nothing in the store", () => {
  const given = new Uint8Array([9, 1, 2, 3, 9]).subarray(1, 4);
  const bytes = bytesOfValue({ given, wide: Float64Array.of(1.5), view: new DataView(new ArrayBuffer(2)) }, "it");
  const read = () => valueOfBytes(bytes, "it") as { given: Uint8Array; wide: Float64Array; view: DataView };
  const { given: first, wide, view } = read();
  expect([...first, ...wide, view.byteLength]).toEqual([1, 2, 3, 1.5, 2]);
  expect([first, wide, view].map(({ buffer }) => buffer.byteLength)).toEqual([3, 8, 2]);
  first.fill(7);
  expect([...read().given]).toEqual([1, 2, 3]);
});

test("a Buffer comes back as one, with memory of its own", () => {
  const bytes = bytesOfValue([Buffer.from("abc")], "it");
  const [value] = valueOfBytes(bytes, "it") as [Buffer];
  expect([Buffer.isBuffer(value), value.toString(), value.buffer.byteLength]).toEqual([true, "abc", 3]);
});

test("a date that is none comes back as that", () => {
  expect((valueOfBytes(bytesOfValue(new Date(Number.NaN), "it"), "it") as Date).getTime()).toBeNaN();
});

test("a value that node:v8 wrote before JSON did is read as well", () => {
  expect(valueOfBytes(Buffer.from("3b34c7bdff0f6f22016149027b01", "hex"), "it")).toEqual({ a: 1 });
});

test("lists that stand twice in one another take no longer than they are many", () => {
  let value: unknown[] = [];
  for (let depth = 0; depth < 60; depth++) value = [value, value];
  const [one, two] = valueOfBytes(bytesOfValue(value, "it"), "it") as unknown[];
  expect(one).toBe(two);
});
