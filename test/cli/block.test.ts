/** Lines that are drawn anew in place. */
import { Writable } from "node:stream";
import { expect, test } from "@jest/globals";
import { Block } from "../../cli/block.ts";

test("a block takes the place of the one before, is cut to the terminal, and erases itself", () => {
  let written = "";
  const stream = new Writable({
    write(piece, _encoding, done) {
      written += String(piece);
      done();
    },
  });
  const screen = Object.assign(stream, { isTTY: true, columns: 6, rows: 3 });
  const taken = () => {
    const text = written;
    written = "";
    return text;
  };
  {
    using block = new Block(screen);
    expect(taken()).toBe("\u001b[?25l");
    block.draw(["one", "too long for it", "one too many"]);
    expect(taken()).toBe("one\ntoo l\n");
    block.draw(["\u001b[32mgreen\u001b[39m!"]);
    expect(taken()).toBe("\u001b[2F\u001b[J\u001b[32mgreen\u001b[39m\n");
  }
  expect(taken()).toBe("\u001b[1F\u001b[J\u001b[?25h");
});
