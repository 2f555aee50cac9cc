/**
 * A file is written as a whole, or not at all: into a temporary file beside it, which then takes its name. Whoever reads sees the old
 * one or the new one, also when the process is killed, or the machine loses its power.
 */
import { link, lstat, rename, unlink } from "node:fs/promises";
import { failPoint } from "../../core/index.ts";
import type { Folder } from "./folder.ts";
import { codeOf } from "./fs-failure.ts";
import { temporaryName } from "./temporary-name.ts";

export interface WholeWrite {
  readonly folder: Folder;
  readonly name: string;
  readonly content: Uint8Array;
  /** The rights of the file that it replaces; undefined: there is none, and none is replaced that comes in the meantime. */
  readonly replaces: { readonly mode: number } | undefined;
  readonly signal: AbortSignal;
  /** Asked at the very last. It throws, where the file that is replaced is no longer the one that was looked at. */
  assertUnchanged?(): Promise<void>;
  /** It was written, or not, but not all of what belongs to that has worked. */
  warn(error: unknown): void;
}

const chunkBytes = 1_048_576;
const modeOfNew = 0o666;

/** @throws the signal's reason; `EEXIST` and other things that the system says: nothing is changed then. */
export async function writeWhole(write: WholeWrite): Promise<void> {
  const { folder, signal } = write;
  const temporary = temporaryName();
  try {
    await fill(write, temporary);
    failPoint("before-commit");
    signal.throwIfAborted();
    await folder.assertInside();
    await write.assertUnchanged?.();
    await takeName(write, temporary);
  } catch (error) {
    await unlink(folder.at(temporary)).catch((failure: unknown) => {
      if (codeOf(failure) !== "ENOENT") write.warn(failure);
    });
    throw error;
  }
  // It is written, whether or not that endures a loss of power.
  await folder.sync().catch(write.warn);
  failPoint("before-answer");
}

async function fill({ folder, content, replaces, signal }: WholeWrite, temporary: string): Promise<void> {
  // Nobody else reads it before it has the rights of the one that it replaces.
  await using file = await folder.create(temporary, replaces === undefined ? modeOfNew : 0o600);
  failPoint("before-write");
  for (let at = 0; at < content.length; ) {
    signal.throwIfAborted();
    at += (await file.write(content, at, Math.min(chunkBytes, content.length - at))).bytesWritten;
  }
  if (replaces !== undefined) await file.chmod(replaces.mode & 0o777);
  await file.sync();
}

async function takeName({ folder, name, replaces, warn }: WholeWrite, temporary: string): Promise<void> {
  const [from, to] = [folder.at(temporary), folder.at(name)];
  if (replaces !== undefined) return await rename(from, to);
  try {
    // Unlike a rename it replaces nothing.
    await link(from, to);
  } catch (error) {
    if (!hasNoSecondNames.includes(codeOf(error) ?? "")) throw error;
    await assertNew(to);
    return await rename(from, to);
  }
  await unlink(from).catch(warn);
}

/** What such a disk says. */
const hasNoSecondNames = ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"];

/** Another program may still make such a file before the rename, which then replaces it. */
async function assertNew(path: string): Promise<void> {
  try {
    await lstat(path);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return;
    throw error;
  }
  throw Object.assign(new Error("it is there already"), { code: "EEXIST" });
}
