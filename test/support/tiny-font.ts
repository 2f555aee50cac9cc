/** A TrueType font of the letters A to Z, each a triangle: as small as one that is read as a font can be. */

export const fontLetters = 26;

/** With `.notdef` before the letters. */
const glyphs = fontLetters + 1;

class Bytes {
  readonly #bytes: number[] = [];

  u16(...values: number[]): this {
    for (const value of values) this.#bytes.push((value >> 8) & 0xff, value & 0xff);
    return this;
  }

  u32(...values: number[]): this {
    for (const value of values) this.u16(value >>> 16, value & 0xffff);
    return this;
  }

  raw(bytes: Iterable<number>): this {
    this.#bytes.push(...bytes);
    return this;
  }

  padded(to: number): Uint8Array {
    while (this.#bytes.length % to !== 0) this.#bytes.push(0);
    return Uint8Array.from(this.#bytes);
  }
}

/** A triangle that is another one for each glyph. */
function triangle(glyph: number): Uint8Array {
  const size = 100 + glyph;
  return new Bytes()
    .u16(1, 0, 0, size, size) // one contour and its box
    .u16(2, 0) // the last point, no instructions
    .raw([1, 1, 1]) // on the curve, by 16 bits
    .u16(0, size, -size)
    .u16(0, 0, size)
    .padded(2);
}

function tables(): ReadonlyMap<string, Uint8Array> {
  const outlines = Array.from({ length: glyphs }, (_, glyph) => triangle(glyph));
  const size = outlines[0]?.length ?? 0;
  const cmap = new Bytes().u16(0, 1, 3, 10).u32(12).u16(12, 0).u32(28, 0, 1, 65, 90, 1);
  const head = new Bytes()
    .u32(0x00010000, 0x00010000, 0, 0x5f0f3cf5)
    .u16(0, 1_000) // flags, units per em
    .u32(0, 0, 0, 0) // dates
    .u16(0, 0, 200, 200, 0, 8, 2, 0, 0); // box, style, smallest size, direction, short offsets
  const hhea = new Bytes().u32(0x00010000).u16(800, -200, 0, 500, 0, 0, 500, 1, 0, 0, 0, 0, 0, 0, 0, glyphs);
  const maxp = new Bytes().u32(0x00010000).u16(glyphs, 3, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0);
  const hmtx = new Bytes().u16(...Array.from({ length: glyphs }, (_, glyph) => [400 + glyph, 0]).flat());
  const loca = new Bytes().u16(...Array.from({ length: glyphs + 1 }, (_, glyph) => (glyph * size) / 2));
  return new Map([
    ["cmap", cmap.padded(4)],
    ["glyf", new Bytes().raw(outlines.flatMap((outline) => [...outline])).padded(4)],
    ["head", head.padded(4)],
    ["hhea", hhea.padded(4)],
    ["hmtx", hmtx.padded(4)],
    ["loca", loca.padded(4)],
    ["maxp", maxp.padded(4)],
  ]);
}

export function tinyFont(): Uint8Array {
  const all = [...tables()];
  const directory = new Bytes().u32(0x00010000).u16(all.length, 64, 2, all.length * 16 - 64);
  let offset = 12 + all.length * 16;
  for (const [tag, bytes] of all) {
    directory.raw(Buffer.from(tag)).u32(0, offset, bytes.length);
    offset += bytes.length;
  }
  return Uint8Array.from([...directory.padded(4), ...all.flatMap(([, bytes]) => [...bytes])]);
}

/** A table of a font. @throws Error it has none of that name. */
export function tableOf(font: Uint8Array, wanted: string): DataView {
  const view = new DataView(font.buffer, font.byteOffset, font.byteLength);
  for (let at = 12; at < 12 + view.getUint16(4) * 16; at += 16) {
    const tag = Buffer.from(font.buffer, font.byteOffset + at, 4).toString("latin1");
    if (tag === wanted)
      return new DataView(font.buffer, font.byteOffset + view.getUint32(at + 8), view.getUint32(at + 12));
  }
  throw new Error(`no table ${wanted}`);
}
