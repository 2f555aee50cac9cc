/** 1 KB with a number in it. */

export function numbered(number: number): Uint8Array {
  const bytes = new Uint8Array(1_024);
  new DataView(bytes.buffer).setUint32(0, number);
  return bytes;
}

export function numberOf(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
}
