/** How deep a JSON text is nested, told from its bytes, before anything is made of it. */

const [quote, backslash] = [0x22, 0x5c];
const openings = [0x5b, 0x7b];
const closings = [0x5d, 0x7d];

export function isDeeper(json: Uint8Array, levels: number): boolean {
  let depth = 0;
  let isText = false;
  for (let at = 0; at < json.length; at++) {
    const byte = json[at] as number;
    if (isText) {
      if (byte === backslash) at++;
      else if (byte === quote) isText = false;
    } else if (byte === quote) isText = true;
    else if (byte === openings[0] || byte === openings[1]) {
      if (++depth > levels) return true;
    } else if (byte === closings[0] || byte === closings[1]) depth--;
  }
  return false;
}
