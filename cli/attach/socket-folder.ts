/**
 * Where running programs have their sockets: one folder of this user, which nobody else may enter. The socket of a
 * program is `<pid>.sock`. Whoever may connect may do everything with the program, so the folder is all its protection.
 */
import { lstatSync, mkdirSync, readdirSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { dirname, join } from "node:path";
import { RuntimeError } from "../../index.ts";

/** `$XDG_RUNTIME_DIR/mofa`, else `mofa-<uid>` below the temporary folder. */
export function socketFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const runtime = environment["XDG_RUNTIME_DIR"];
  return runtime === undefined || runtime === "" ? join(tmpdir(), `mofa-${userInfo().uid}`) : join(runtime, "mofa");
}

/** Makes it where it is missing. @throws RuntimeError `bad_argument` when it is not this user's alone. */
export function openSocketFolder(path: string): string {
  make(path);
  assertOwn(path);
  return path;
}

/** With those above it. Not by Node's `recursive`, which loops for ever where nothing can be made, as below /proc. */
function make(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    const { code } = error as { readonly code?: unknown };
    if (code === "EEXIST") return;
    const above = dirname(path);
    if (code !== "ENOENT" || lstatSync(above, { throwIfNoEntry: false }) !== undefined) throw error;
    make(above);
    mkdirSync(path, { mode: 0o700 });
  }
}

/** The sockets that stand there, by process id. @throws RuntimeError `bad_argument` when it is not this user's alone. */
export function socketsIn(path: string): ReadonlyMap<number, string> {
  const sockets = new Map<number, string>();
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return sockets;
  assertOwn(path);
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const pid = /^(\d+)\.sock$/.exec(entry.name)?.[1];
    if (pid !== undefined && entry.isSocket()) sockets.set(Number(pid), join(path, entry.name));
  }
  return new Map([...sockets].sort(([a], [b]) => a - b));
}

/** Also no link: another user could have made it, to a folder that lets others in. */
function assertOwn(path: string): void {
  const found = lstatSync(path);
  const isOwn = found.isDirectory() && found.uid === userInfo().uid && (found.mode & 0o077) === 0;
  if (isOwn) return;
  const mode = (found.mode & 0o777).toString(8);
  throw new RuntimeError(
    "bad_argument",
    `${path} must be a folder of this user that nobody else may enter (owner ${userInfo().uid}, mode 700), and it is ${found.isDirectory() ? "one" : "no folder,"} of owner ${found.uid} with mode ${mode}: remove it, or set XDG_RUNTIME_DIR to a folder of your own`,
  );
}
