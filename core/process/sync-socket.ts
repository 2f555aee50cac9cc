/**
 * The socket on which an actor's process speaks and stands still for answers: writes and reads that block.
 *
 * What is written is the operating system's from then on, and reaches main whatever becomes of this process in the next
 * instant. And a process that says more than main takes waits, so nothing more than the socket holds is on its way.
 */
import { readSync, writeSync } from "node:fs";
import { lengthBytes } from "./frames.ts";

/** Most answers are small: one read brings them whole. */
const chunkBytes = 16_384;

export class SyncSocket {
  readonly #fd: number;
  readonly #orphaned: () => never;
  readonly #chunk = Buffer.allocUnsafeSlow(chunkBytes);

  /** @param orphaned is called when the other end is gone. */
  constructor(fd: number, orphaned: () => never) {
    this.#fd = fd;
    this.#orphaned = orphaned;
  }

  write(frame: Uint8Array): void {
    for (let done = 0; done < frame.length; ) {
      try {
        done += writeSync(this.#fd, frame, done);
      } catch {
        // A blocking socket refuses bytes only when nobody is left to read them.
        this.#orphaned();
      }
    }
  }

  /** The body of the next frame. Nothing follows it: only one answer is asked for at a time. */
  readFrame(): Uint8Array {
    let bytes = this.#chunk;
    let filled = 0;
    let wanted = lengthBytes;
    while (filled < wanted) {
      filled += this.#read(bytes, filled);
      if (filled < lengthBytes) continue;
      wanted = lengthBytes + bytes.readUInt32BE(0);
      if (wanted > bytes.length) {
        const larger = Buffer.allocUnsafeSlow(wanted);
        bytes.copy(larger, 0, 0, filled);
        bytes = larger;
      }
    }
    return new Uint8Array(bytes.subarray(lengthBytes, wanted));
  }

  #read(into: Buffer, at: number): number {
    for (;;) {
      try {
        return readSync(this.#fd, into, at, into.length - at, null) || this.#orphaned();
      } catch (error) {
        if ((error as { code?: unknown }).code !== "EINTR") this.#orphaned();
      }
    }
  }
}
