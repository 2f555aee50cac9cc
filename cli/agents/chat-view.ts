/** What a person sees of a turn: what the agent says as it says it, and what it does on lines of their own. */
import pc from "picocolors";
import type { AgentDelta } from "../../actors/index.ts";
import { printableLines } from "../attach/table.ts";
import { toolLine } from "./tool-line.ts";

export class ChatView {
  readonly #out: NodeJS.WritableStream;
  readonly #isColoured: boolean;
  #isAtLineStart = true;

  constructor(out: NodeJS.WritableStream) {
    this.#out = out;
    this.#isColoured = (out as { readonly isTTY?: boolean }).isTTY === true && pc.isColorSupported;
  }

  show(delta: AgentDelta): void {
    if (delta.type === "text") {
      const text = printableLines(delta.text);
      if (text === "") return;
      this.#out.write(text);
      this.#isAtLineStart = text.endsWith("\n");
      return;
    }
    const line = toolLine(delta);
    if (line !== undefined) this.note(line);
  }

  /** A line of the command's own. */
  note(line: string): void {
    this.endLine();
    this.#out.write(`${this.#isColoured ? pc.dim(line) : line}\n`);
  }

  endLine(): void {
    if (!this.#isAtLineStart) this.#out.write("\n");
    this.#isAtLineStart = true;
  }
}
