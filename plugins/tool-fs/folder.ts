/**
 * A folder of a root that is open, and was found to be in it. All that is done in it goes by its descriptor
 * (`/proc/self/fd/N/name`), as the `…at` calls of POSIX: whoever exchanges the folder, or one above it, by a link in the meantime does not lead anybody
 * elsewhere, since its path is not gone again. No link is ever followed: each part of a path is opened by itself, with O_NOFOLLOW.
 *
 * Where there is no `/proc/self/fd` (macOS, BSD) it goes by paths, and what was opened is compared with what its real path leads to, before
 * it is used. That holds against links that are there, and makes a race unlikely to be won; it does not exclude that.
 */
import { type BigIntStats, constants, realpathSync, statSync } from "node:fs";
import { type FileHandle, lstat, mkdir, open, readlink } from "node:fs/promises";
import { ToolError } from "../../core/index.ts";
import { codeOf } from "./fs-failure.ts";

/** Where a root was when the plugin started. */
export interface RootSite {
  readonly name: string;
  /** Without links. */
  readonly real: string;
  readonly dev: bigint;
  readonly ino: bigint;
  /** There is `/proc/self/fd`. */
  readonly isAnchored: boolean;
}

const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY } = constants;
const asFolder = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
/** Nobody waits for the other end of a pipe. */
const toRead = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
const toCreate = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;

export class Folder implements AsyncDisposable {
  readonly #site: RootSite;
  readonly #handle: FileHandle;
  /** As the model knows it. */
  readonly text: string;
  /** Where it was found; for those who go by paths. */
  readonly #path: string;

  private constructor(site: RootSite, handle: FileHandle, text: string, path: string) {
    this.#site = site;
    this.#handle = handle;
    this.text = text;
    this.#path = path;
  }

  /** @throws ToolError `tool_failed`: another folder is in its place. */
  static async ofRoot(site: RootSite): Promise<Folder> {
    const handle = await open(site.real, asFolder);
    const folder = new Folder(site, handle, site.name, site.real);
    return await closedUnless(handle, async () => {
      const { dev, ino } = await handle.stat({ bigint: true });
      if (dev !== site.dev || ino !== site.ino)
        throw new ToolError("tool_failed", `${site.name}: another folder has taken the root's place`);
      return folder;
    });
  }

  /** For calls that do not follow the last part, when it is a link. */
  at(name: string): string {
    return `${this.self}/${name}`;
  }

  /** For those that list it. */
  get self(): string {
    return this.#site.isAnchored ? `/proc/self/fd/${this.#handle.fd}` : this.#path;
  }

  /** @throws ToolError `tool_denied`: it is a link, or not in the root; what the system says, as `ENOENT`. */
  async folder(name: string): Promise<Folder> {
    const text = `${this.text}/${name}`;
    let handle: FileHandle;
    try {
      handle = await open(this.at(name), asFolder);
    } catch (error) {
      // The system says so of links as well.
      if (codeOf(error) === "ENOTDIR" && (await lstat(this.at(name))).isSymbolicLink()) throw isLink(text);
      throw error;
    }
    const path = `${this.#path}/${name}`;
    return await closedUnless(handle, async () => {
      await this.#assertInside(handle, path, text);
      return new Folder(this.#site, handle, text, path);
    });
  }

  /** @throws what the system says, as `EEXIST`. */
  async make(name: string): Promise<void> {
    await mkdir(this.at(name));
  }

  /** An ordinary file, to be read. @throws ToolError `tool_denied`: it is a link or a device; what the system says. */
  async file(name: string): Promise<FileHandle> {
    const text = `${this.text}/${name}`;
    // A device would notice that it is opened. What is opened may be another one: it is asked again.
    assertFile(await lstat(this.at(name)), text);
    const handle = await open(this.at(name), toRead);
    return await closedUnless(handle, async () => {
      assertFile(await handle.stat(), text);
      await this.#assertInside(handle, `${this.#path}/${name}`, text);
      return handle;
    });
  }

  /** A new file, to be written. @throws what the system says, as `EEXIST`. */
  async create(name: string, mode: number): Promise<FileHandle> {
    const handle = await open(this.at(name), toCreate, mode);
    return await closedUnless(handle, async () => {
      await this.#assertInside(handle, `${this.#path}/${name}`, this.text);
      return handle;
    });
  }

  /** Once more, before what cannot be undone. @throws ToolError `tool_denied`: it was moved out of its root. */
  async assertInside(): Promise<void> {
    await this.#assertInside(this.#handle, this.#path, this.text);
  }

  /** What was renamed in it stays so when the machine loses its power. */
  async sync(): Promise<void> {
    try {
      await this.#handle.sync();
    } catch (error) {
      // Of a disk that has no such thing for folders.
      if (codeOf(error) !== "EINVAL") throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close();
  }

  async #assertInside(handle: FileHandle, path: string, text: string): Promise<void> {
    const { real: root, isAnchored } = this.#site;
    const isInside = (real: string) => real === root || real.startsWith(root === "/" ? root : `${root}/`);
    const isRight = isAnchored
      ? isInside(await readlink(`/proc/self/fd/${handle.fd}`))
      : isThere(await handle.stat({ bigint: true }), path, isInside);
    if (!isRight) throw new ToolError("tool_denied", `${text}: it does not lead to where it stands in its root`);
  }
}

/**
 * Between two looks at a path somebody may exchange it, there and back. Nothing but the next call is between these, and there are
 * four of them: that makes it unlikely, and no more.
 */
function isThere({ dev, ino }: BigIntStats, path: string, isInside: (real: string) => boolean): boolean {
  for (let look = 0; look < 4; look++) {
    const real = realpathSync.native(path);
    const there = statSync(real, { bigint: true });
    if (!isInside(real) || there.dev !== dev || there.ino !== ino) return false;
  }
  return true;
}

interface Kinds {
  isFile(): boolean;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
}

/** @throws ToolError. */
export function assertFile(stats: Kinds, text: string): void {
  if (stats.isFile()) return;
  if (stats.isSymbolicLink()) throw isLink(text);
  if (stats.isDirectory()) throw new ToolError("tool_failed", `${text}: it is a folder`);
  throw new ToolError("tool_denied", `${text}: it is no ordinary file (a pipe, a socket or a device)`);
}

function isLink(text: string): ToolError {
  return new ToolError("tool_denied", `${text}: it is a link, and links are not followed`);
}

async function closedUnless<T>(handle: FileHandle, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await handle.close();
    throw error;
  }
}
