/** A file of answers: what was asked, and what came, a line of JSON each. Read whole at the start, and appended to. */
import { createHash } from "node:crypto";
import { appendFile, mkdir, open, readFile, truncate } from "node:fs/promises";
import { dirname } from "node:path";
import { type AnswerDelta, type ChatEnd, type EmbedAnswer, errorData, RuntimeError } from "../../core/index.ts";
import type { RecordedConfig } from "./config.ts";

/** What came of one question. `deltas` also of one that failed on its way. */
export interface Recorded {
  readonly question: "chat" | "embed";
  readonly asked: unknown;
  /** How often it had been asked before, whenever the answer came. Undefined: as often as it stands above. */
  readonly time?: number;
  readonly deltas?: readonly AnswerDelta[];
  readonly answer?: ChatEnd | EmbedAnswer;
  readonly failure?: { readonly code: string; readonly message: string; readonly retryAfterMs?: number | undefined };
}

/** One question that is asked: the same ones are told apart by their times. */
export interface Asking {
  readonly question: Recorded["question"];
  readonly asked: unknown;
  readonly key: string;
  readonly time: number;
}

export type Outcome = Pick<Recorded, "deltas" | "answer" | "failure">;

export class Recording {
  readonly #file: string;
  readonly #mode: RecordedConfig["mode"];
  /** By question and time. None in mode `record`, where they may be as many as there is time for, and nobody looks for one. */
  readonly #answers = new Map<string, Map<number, Recorded>>();
  /** The next time of each question, in the file and in this run. */
  readonly #free = new Map<string, number>();
  readonly #next = new Map<string, number>();
  #writing: Promise<void> = Promise.resolve();

  private constructor(file: string, mode: RecordedConfig["mode"]) {
    this.#file = file;
    this.#mode = mode;
  }

  /**
   * In mode `replay` nothing is written.
   * @param cut called where the last line was not written to its end, as by a crash: it is passed over, and where it is recorded taken off
   * @throws RuntimeError `bad_configuration`: the file cannot be read, or it is no recording.
   */
  static async open(file: string, mode: RecordedConfig["mode"], cut: (text: string) => void): Promise<Recording> {
    const recording = new Recording(file, mode);
    const bytes = await readFile(file).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return Buffer.alloc(0);
      throw new RuntimeError("bad_configuration", `${file} cannot be read: ${errorData(error).message}`, {
        cause: error,
      });
    });
    const wholeBytes = bytes.lastIndexOf("\n") + 1;
    const rest = bytes.toString("utf8", wholeBytes);
    for (const [place, line] of bytes.toString("utf8", 0, wholeBytes).split("\n").entries())
      if (line !== "") recording.#add(parsed(line, `${file}:${place + 1}`));
    if (rest !== "") await recording.#end(rest, wholeBytes, cut);
    return recording;
  }

  /** A last line without its end: whole, or cut off, or of a file that is somebody else's. */
  async #end(rest: string, wholeBytes: number, cut: (text: string) => void): Promise<void> {
    const last = recordedIn(rest);
    if (last === undefined && this.#free.size === 0) throw noRecord(this.#file, rest);
    if (last === undefined) cut(rest);
    else this.#add(last);
    if (this.#mode === "replay") return;
    if (last === undefined) await truncate(this.#file, wholeBytes);
    else await appendFile(this.#file, "\n");
  }

  #add(one: Recorded): void {
    const key = keyOf(one.question, one.asked);
    const free = this.#free.get(key) ?? 0;
    const answers = this.#answers.get(key) ?? new Map<number, Recorded>();
    // Two runs that have recorded at once may have given the same one.
    const time = one.time === undefined || answers.has(one.time) ? free : one.time;
    this.#free.set(key, Math.max(free, time + 1));
    if (this.#mode !== "record") this.#answers.set(key, answers.set(time, one));
  }

  /** Whoever asks is given a time at once, and keeps it, also where nothing comes of it. */
  ask(question: Recorded["question"], asked: unknown): Asking {
    const key = keyOf(question, asked);
    // What is recorded goes behind what is there, what is replayed begins with it.
    const time = this.#next.get(key) ?? (this.#mode === "record" ? (this.#free.get(key) ?? 0) : 0);
    this.#next.set(key, time + 1);
    return { question, asked, key, time };
  }

  /** What came at the same time of the run that was recorded, or at the next one of which something came, or the last; undefined: it never was asked. */
  find({ key, time }: Asking): Recorded | undefined {
    const answers = this.#answers.get(key);
    if (answers === undefined) return undefined;
    const times = [...answers.keys()].sort((a, b) => a - b);
    return answers.get(times.find((one) => one >= time) ?? (times.at(-1) as number));
  }

  /** Resolves when it is written: one after the other. @throws RuntimeError `storage_failed`: nothing of it is. */
  async append({ question, asked, time }: Asking, outcome: Outcome): Promise<void> {
    const one: Recorded = { question, asked, time, ...outcome };
    const writing = this.#writing.then(() => this.#write(`${JSON.stringify(one)}\n`));
    // Told to whoever awaits it here.
    this.#writing = writing.catch(() => {});
    await writing;
    this.#add(one);
  }

  async #write(line: string): Promise<void> {
    try {
      await mkdir(dirname(this.#file), { recursive: true });
      await using handle = await open(this.#file, "a");
      const { size } = await handle.stat();
      try {
        await handle.appendFile(line);
      } catch (error) {
        // The next one would stand behind a part of it, and neither could be read.
        await handle.truncate(size);
        throw error;
      }
    } catch (error) {
      throw new RuntimeError(
        "storage_failed",
        `${this.#file}: the answer was not recorded: ${errorData(error).message}`,
        { cause: error },
      );
    }
  }

  async close(): Promise<void> {
    await this.#writing;
  }
}

function parsed(line: string, where: string): Recorded {
  const one = recordedIn(line);
  if (one === undefined) throw noRecord(where, line);
  return one;
}

function recordedIn(line: string): Recorded | undefined {
  let one: Partial<Recorded> | null;
  try {
    one = JSON.parse(line) as Partial<Recorded> | null;
  } catch {
    return undefined;
  }
  const { question, answer, failure, time = 0 } = one ?? {};
  const isRecorded =
    (question === "chat" || question === "embed") &&
    (answer ?? failure) !== undefined &&
    Number.isSafeInteger(time) &&
    time >= 0;
  return isRecorded ? (one as Recorded) : undefined;
}

function noRecord(where: string, text: string): RuntimeError {
  return new RuntimeError("bad_configuration", `${where} is no recorded answer: ${text.slice(0, 100)}`);
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
