/** A module of the real world, 683 KB, without its glue: HarfBuzz's, which takes from a font what a text needs. No actors but the plugin's. */
import { statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import type { Signature } from "../../../plugins/wasm/index.ts";
import { packageRoot } from "../../support/package-root.ts";
import { fontLetters, tableOf, tinyFont } from "../../support/tiny-font.ts";
import { useSystem } from "../../support/use-system.ts";
import { useWasm } from "../../support/wasm-runner.ts";

const system = useSystem({ clock: "system", threads: 1 });
const { start, call, failure } = useWasm(system);

const file = join(packageRoot, "node_modules/harfbuzzjs/dist/harfbuzz-subset.wasm");

/** Pointers and counts in, and one or none out. */
const numbers = (parameters: number, results: number): Signature => ({
  parameters: Array.from({ length: parameters }, () => "i32"),
  results: Array.from({ length: results }, () => "i32"),
});

const exports = {
  malloc: numbers(1, 1),
  free: numbers(1, 0),
  hb_blob_create: numbers(5, 1),
  hb_blob_get_length: numbers(1, 1),
  hb_blob_get_data: numbers(2, 1),
  hb_face_create: numbers(2, 1),
  hb_face_reference_blob: numbers(1, 1),
  hb_subset_input_create_or_fail: numbers(0, 1),
  hb_subset_input_unicode_set: numbers(1, 1),
  hb_set_add: numbers(2, 0),
  hb_subset_or_fail: numbers(2, 1),
};

/** Calls an export, and gives its number. */
async function hb(name: keyof typeof exports, ...args: number[]): Promise<number> {
  const [result] = (await call("invoke", { name, args })) as number[];
  return result ?? 0;
}

/** The part of a font that a text needs. */
async function subset(font: Uint8Array, text: string): Promise<Uint8Array> {
  const at = await hb("malloc", font.length);
  await call("write", { pointer: at, bytes: font });
  const face = await hb("hb_face_create", await hb("hb_blob_create", at, font.length, 2, 0, 0), 0);
  const input = await hb("hb_subset_input_create_or_fail");
  const characters = await hb("hb_subset_input_unicode_set", input);
  for (const character of text) await hb("hb_set_add", characters, character.codePointAt(0) ?? 0);
  const blob = await hb("hb_face_reference_blob", await hb("hb_subset_or_fail", face, input));
  const length = await hb("hb_blob_get_length", blob);
  return (await call("read", { pointer: await hb("hb_blob_get_data", blob, 0), length })) as Uint8Array;
}

test("it subsets a font, by its exports and its memory alone", async () => {
  expect(statSync(file).size).toBeGreaterThan(600_000);
  await start({ file, kind: "raw", exports, memoryPagesMax: 1_040 });
  const font = tinyFont();
  const glyphsOf = (one: Uint8Array) => tableOf(one, "maxp").getUint16(4);
  expect(glyphsOf(font)).toBe(fontLetters + 1);
  for (const [text, letters] of [
    ["MOFA", 4],
    ["Z", 1],
    ["ABBA", 2],
  ] as const) {
    const part = await subset(font, text);
    expect(glyphsOf(part)).toBe(letters + 1);
    expect(part.length).toBeLessThan(font.length);
    // The triangle of the last letter is the one that the whole font has.
    const last = Math.max(...Array.from(text, (letter) => letter.charCodeAt(0) - 64));
    const at = 2 * tableOf(part, "loca").getUint16(2 * letters);
    expect(tableOf(part, "glyf").getUint16(at + 6)).toBe(100 + last);
  }
});

test("its memory of 65 MiB is above the default bound", async () => {
  expect(await failure(start({ file, kind: "raw", exports }))).toMatchObject({
    message: expect.stringContaining(
      "the module's memory begins with 1040 pages of 65536 bytes, and memoryPagesMax is 256",
    ),
  });
});
