/** A file of answers: what was asked, and what came, a line of JSON each. Read whole at the start, and appended to. */
import { createHash } from "node:crypto";
import { appendFile, mkdir, readFile, truncate } from "node:fs/promises";
import { dirname } from "node:path";
import { type AnswerDelta, type ChatEnd, type EmbedAnswer, errorData, RuntimeError } from "../../core/index.ts";

/** What came of one question. `deltas` also of one that failed on its way. */
export interface Recorded {
  readonly question: "chat" | "embed";
  readonly asked: unknown;
  readonly deltas?: readonly AnswerDelta[];
  readonly answer?: ChatEnd | EmbedAnswer;
  readonly failure?: { readonly code: string; readonly message: string; readonly retryAfterMs?: number | undefined };
}

export class Recording {
  readonly #file: string;
  readonly #answers = new Map<string, Recorded[]>();
  /** How often each question was asked. */
  readonly #asked = new Map<string, number>();
  #writing: Promise<void> = Promise.resolve();

  private constructor(file: string) {
    this.#file = file;
  }

  /**
   * @param cut called where the last line was not written to its end, as by a crash: it is taken off
   * @throws RuntimeError `bad_configuration`: the file cannot be read, or a line of it is no answer.
   */
  static async open(file: string, cut: (text: string) => void): Promise<Recording> {
    const recording = new Recording(file);
    const text = await readFile(file, "utf8").catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
      throw new RuntimeError("bad_configuration", `${file} cannot be read: ${errorData(error).message}`, {
        cause: error,
      });
    });
    const whole = text.slice(0, text.lastIndexOf("\n") + 1);
    for (const [place, line] of whole.split("\n").entries())
      if (line !== "") recording.#add(parsed(line, `${file}:${place + 1}`));
    if (whole.length < text.length) {
      await truncate(file, Buffer.byteLength(whole));
      cut(text.slice(whole.length));
    }
    return recording;
  }

  #add(one: Recorded): void {
    const key = keyOf(one.question, one.asked);
    const answers = this.#answers.get(key);
    if (answers === undefined) this.#answers.set(key, [one]);
    else answers.push(one);
  }

  /** What came when it was asked the same time in the run that was recorded, or the last time; undefined: it never was. */
  find(question: Recorded["question"], asked: unknown): Recorded | undefined {
    const key = keyOf(question, asked);
    const answers = this.#answers.get(key);
    if (answers === undefined) return undefined;
    const time = this.#asked.get(key) ?? 0;
    this.#asked.set(key, time + 1);
    return answers[Math.min(time, answers.length - 1)];
  }

  /** Resolves when it is written: one after the other. */
  async append(one: Recorded): Promise<void> {
    const line = `${JSON.stringify(one)}\n`;
    const writing = this.#writing.then(async () => {
      try {
        await mkdir(dirname(this.#file), { recursive: true });
        await appendFile(this.#file, line);
      } catch (error) {
        throw new RuntimeError(
          "storage_failed",
          `${this.#file}: the answer was not recorded: ${errorData(error).message}`,
          {
            cause: error,
          },
        );
      }
    });
    // Told to whoever awaits it here.
    this.#writing = writing.catch(() => {});
    await writing;
    this.#add(one);
    // Whoever asks the same in this run has had it once.
    const key = keyOf(one.question, one.asked);
    this.#asked.set(key, (this.#asked.get(key) ?? 0) + 1);
  }

  async close(): Promise<void> {
    await this.#writing;
  }
}

function parsed(line: string, where: string): Recorded {
  try {
    const one = JSON.parse(line) as Partial<Recorded> | null;
    if ((one?.question === "chat" || one?.question === "embed") && (one.answer ?? one.failure) !== undefined)
      return one as Recorded;
  } catch {
    // Said below.
  }
  throw new RuntimeError("bad_configuration", `${where} is no recorded answer: ${line.slice(0, 100)}`);
}

/** The same for what says the same, in whatever order its keys are. */
function keyOf(question: string, asked: unknown): string {
  return createHash("sha256").update(question).update(canonical(asked)).digest("base64");
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const entries = Object.entries(value).filter(([, one]) => one !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, one]) => `${JSON.stringify(key)}:${canonical(one)}`).join()}}`;
}
