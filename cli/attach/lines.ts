/** What comes over a socket, line by line. */
import type { Socket } from "node:net";
import { createInterface } from "node:readline";

/** An error of the socket comes before its `close`, and is told by that. */
export function onLines(socket: Socket, take: (line: string) => void): void {
  socket.on("error", () => {});
  // It tells the socket's errors again, as its own.
  createInterface({ input: socket })
    .on("line", take)
    .on("error", () => {});
}
