/** What comes over a socket, line by line: no more is read before a line has been taken. */
import type { Socket } from "node:net";

/**
 * Ends when the socket does, however: an error is told by its `close`.
 * @param charsMax a line that is longer ends it, and the socket
 */
export async function* linesOf(socket: Socket, charsMax = Number.POSITIVE_INFINITY): AsyncGenerator<string> {
  socket.on("error", () => {});
  socket.setEncoding("utf8");
  // In pieces: an answer of ten thousand actors comes in hundreds of them.
  let begun: string[] = [];
  let chars = 0;
  try {
    for await (const text of socket as AsyncIterable<string>) {
      const lines = text.split("\n");
      const rest = lines.pop() ?? "";
      for (const line of lines) {
        yield begun.join("") + line;
        begun = [];
        chars = 0;
      }
      begun.push(rest);
      chars += rest.length;
      if (chars > charsMax) return;
    }
  } catch {
    // Told by the socket's `close`.
  }
}
