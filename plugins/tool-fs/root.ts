/** A root: where it is, what may be done in it, and the one line in which its writes stand. */
import { readlink, realpath, stat } from "node:fs/promises";
import { describe, errorData, RuntimeError } from "../../core/index.ts";
import type { FsConfig, FsRoot } from "./config.ts";
import { Folder, type RootSite } from "./folder.ts";
import { codeOf } from "./fs-failure.ts";
import { WriteQuota } from "./write-quota.ts";

export class Root {
  readonly name: string;
  readonly mode: FsRoot["mode"];
  readonly quota: WriteQuota;
  readonly #site: RootSite;
  #last: Promise<unknown> = Promise.resolve();

  private constructor({ name, mode }: FsRoot, site: RootSite, limits: FsConfig) {
    this.name = name;
    this.mode = mode;
    this.#site = site;
    this.quota = new WriteQuota(name, limits);
  }

  /** @throws RuntimeError `bad_configuration`, by rejection: there is no such folder. */
  static async at(root: FsRoot, limits: FsConfig, isAnchored: boolean): Promise<Root> {
    const { name, path } = root;
    try {
      const real = await realpath(path);
      const stats = await stat(real, { bigint: true });
      if (!stats.isDirectory()) throw new TypeError("it is no folder");
      const { dev, ino } = stats;
      return new Root(root, { name, real, dev, ino, isAnchored }, limits);
    } catch (error) {
      const text = `tool-fs: the root ${name} is at ${describe(path)}: ${errorData(error).message}`;
      throw new RuntimeError("bad_configuration", text, { cause: error });
    }
  }

  /** One of them is the other, or in it. */
  overlaps(root: Root): boolean {
    const { real, dev, ino } = this.#site;
    const other = root.#site;
    const isIn = (inner: string, outer: string) => `${inner}/`.startsWith(outer === "/" ? outer : `${outer}/`);
    return isIn(real, other.real) || isIn(other.real, real) || (dev === other.dev && ino === other.ino);
  }

  /**
   * @param makesMissing folders that are not there are made
   * @throws ToolError, and what the system says.
   */
  async folder(parts: readonly string[], makesMissing = false): Promise<Folder> {
    let folder = await Folder.ofRoot(this.#site);
    for (const part of parts) {
      await using parent = folder;
      folder = makesMissing ? await this.#madeFolder(parent, part) : await parent.folder(part);
    }
    return folder;
  }

  /** One write after the other: each sees what the one before has left. */
  async inTurn<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(async () => {
      signal.throwIfAborted();
      return await work();
    });
    // It is told to who has asked for it, and is nothing to those behind it.
    this.#last = turn.catch(() => {});
    return await turn;
  }

  async #madeFolder(parent: Folder, part: string): Promise<Folder> {
    try {
      return await parent.folder(part);
    } catch (error) {
      if (codeOf(error) !== "ENOENT") throw error;
    }
    const giveBack = this.quota.takeCreated();
    try {
      await parent.make(part);
    } catch (error) {
      giveBack();
      // Somebody else has made it.
      if (codeOf(error) !== "EEXIST") throw error;
    }
    return await parent.folder(part);
  }
}

/** Whether descriptors have paths of their own here. */
export async function hasDescriptorPaths(): Promise<boolean> {
  if (process.platform !== "linux") return false;
  try {
    await readlink("/proc/self/fd/0").catch((error: unknown) => {
      // The descriptor need not be open, but the folder is there.
      if (codeOf(error) !== "ENOENT") throw error;
    });
    return (await stat("/proc/self/fd")).isDirectory();
  } catch {
    // However that is: it goes by paths then, and says so.
    return false;
  }
}
