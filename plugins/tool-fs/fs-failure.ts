/** What the system says of a path, as a model needs it: by the path that it has given, never by that on disk. */
import { errorData, RuntimeError, ToolError } from "../../core/index.ts";

const texts: Readonly<Record<string, readonly [code: string, text: string]>> = {
  ENOENT: ["tool_failed", "there is no such file or folder"],
  EEXIST: ["tool_failed", "something of that name is there already"],
  ENOTDIR: ["tool_failed", "a part of the path is no folder"],
  EISDIR: ["tool_failed", "it is a folder"],
  EACCES: ["tool_failed", "the system does not permit it"],
  EPERM: ["tool_failed", "the system does not permit it"],
  EROFS: ["tool_failed", "the disk can only be read"],
  ENAMETOOLONG: ["tool_failed", "its name is too long for the disk"],
  ENOSPC: ["tool_failed", "the disk is full"],
  EDQUOT: ["tool_failed", "the disk has no more room for this user"],
  EFBIG: ["tool_failed", "it would be too large for the disk"],
  ELOOP: ["tool_denied", "it is a link, and links are not followed"],
};

/** @param path as the model knows it */
function fsFailure(error: unknown, path: string): unknown {
  const { code } = errorData(error);
  // A cancelled call has its own reason, what a tool has refused is said already, and what has no code is none of the system's.
  if (error instanceof RuntimeError || code === undefined) return error;
  const [kind, text] = texts[code] ?? ["tool_failed", `it did not work (${code})`];
  return new ToolError(kind, `${path}: ${text}`);
}

export function codeOf(error: unknown): string | undefined {
  return errorData(error).code;
}

/** Runs it, and tells what the system says of the path. */
export async function told<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw fsFailure(error, path);
  }
}
