/**
 * Runs of a program one after the other over one store. A run that ends by `crash` leaves the file as `kill -9` would at that moment:
 * the next one has a copy of it that was made then, also of what the system had not yet written and writes while it stops.
 */
import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, afterEach } from "@jest/globals";
import { type MofaSystem, type Ref, type RuntimeEvent, type SystemOptions, startSystem } from "../../index.ts";
import { type Mood, moodyStore } from "../fixtures/moody-store.ts";

export const store = "moody-store";

interface Row {
  readonly key: string;
  readonly version: number;
  readonly value: Uint8Array;
}

export class DurableRuns {
  readonly #folder = mkdtempSync(join(tmpdir(), "mofa-durable-"));
  readonly #moodFile = join(this.#folder, "mood");
  readonly #options: SystemOptions;
  #runs = 0;
  #system: MofaSystem | undefined;
  #logs: (RuntimeEvent & { readonly type: "log" })[] = [];

  /** Called where tests are described: each test has a store of its own. */
  constructor(options: SystemOptions = {}) {
    this.#options = options;
    this.mood = "good";
    afterEach(async () => {
      await this.stop();
      this.#runs++;
      this.mood = "good";
    });
    afterAll(() => rmSync(this.#folder, { recursive: true }));
  }

  get #file(): string {
    return join(this.#folder, `store ${this.#runs}.sqlite`);
  }

  set mood(mood: Mood) {
    writeFileSync(this.#moodFile, mood);
  }

  get system(): MofaSystem {
    if (this.#system === undefined) throw new Error("no run is under way");
    return this.#system;
  }

  /** Of the run, from `core` on: their messages and data. */
  get logs(): readonly (readonly [string, unknown])[] {
    return this.#logs.filter(({ message }) => message !== "progress").map(({ message, data }) => [message, data]);
  }

  /** Begins a run, with the store unless that is for later. */
  async start(options: SystemOptions = {}, hasStore = true): Promise<MofaSystem> {
    const given = { threads: 2, spare: false, turnLimitMs: 30_000, ...this.#options, ...options };
    const system = await startSystem({ clock: "manual", checks: true, ...given });
    this.#system = system;
    this.#logs = [];
    system.events.on("log", (event) => this.#logs.push(event));
    if (hasStore) await this.startStore();
    return system;
  }

  /** Returns what stops it. */
  async startStore(system = this.system): Promise<() => Promise<void>> {
    const config = { file: this.#file, moodFile: this.#moodFile };
    const { exit, ref } = await system.startPlugins([{ plugin: moodyStore, config }]);
    return async () => {
      system.exit(ref, "shutdown");
      await exit;
    };
  }

  /**
   * Cuts the last byte off what the file has under such keys, as SQL's LIKE has it, behind the back of the store.
   * @returns what makes it whole again
   */
  spoil(keys: string): () => void {
    const rows = this.#rows(keys);
    if (rows.length === 0) throw new Error(`nothing is kept under ${keys}`);
    const writeAll = (end: number | undefined) => {
      using database = new DatabaseSync(this.#file);
      const write = database.prepare("UPDATE entries SET value = ? WHERE key = ?");
      for (const { key, value } of rows) write.run(value.subarray(0, end), key);
    };
    writeAll(-1);
    return () => writeAll(undefined);
  }

  /** What the file has of the runtime's own: each key with its version. */
  records(): readonly (readonly [key: string, version: number])[] {
    return this.#rows("mofa.%").map(({ key, version }) => [key, version]);
  }

  #rows(keys: string): readonly Row[] {
    using database = new DatabaseSync(this.#file);
    const rows = database.prepare("SELECT key, version, value FROM entries WHERE key LIKE ? ORDER BY key").all(keys);
    return rows as unknown as readonly Row[];
  }

  async stop(): Promise<void> {
    const system = this.#system;
    this.#system = undefined;
    await system?.stop();
  }

  /** What a `consumer` has got, when there is so much. */
  async got(who: Ref, count: number, field?: "attempt" | "seq"): Promise<unknown[]> {
    return await this.#whenSo(count, () => who.call(field === undefined ? "got" : "gotWith", field));
  }

  /** What a `puppet` has kept, when there is so much. */
  async seen(who: Ref, count: number): Promise<unknown[]> {
    return await this.#whenSo(count, () => who.call("seen"));
  }

  async #whenSo(count: number, look: () => Promise<unknown>): Promise<unknown[]> {
    for (;;) {
      const all = (await look()) as unknown[];
      if (all.length >= count) return all;
      await this.system.settled();
    }
  }

  /** Ends the run. */
  async crash(): Promise<void> {
    const former = this.#file;
    this.#runs++;
    for (const part of ["", "-wal"]) {
      if (existsSync(former + part)) copyFileSync(former + part, this.#file + part);
    }
    this.mood = "good";
    await this.stop();
  }

  /** Ends the run by a crash, and begins the next. */
  async restart(): Promise<MofaSystem> {
    await this.crash();
    return await this.start();
  }
}

/** What a promise fails with. */
export async function failureOf(promise: Promise<unknown>): Promise<string> {
  return await promise.then(
    (value) => `no failure, but ${JSON.stringify(value)}`,
    ({ code, message }: { readonly code: string; readonly message: string }) => `${code}: ${message}`,
  );
}
