/** Another revision of the project, built in a folder of its own. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, symlinkSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** @throws Error where there is no such revision, or it does not build; what the programs say goes to standard error. */
export async function buildRevision(
  root: string,
  revision: string,
  signal: AbortSignal,
): Promise<AsyncDisposable & { readonly folder: string }> {
  const parent = mkdtempSync(join(tmpdir(), "mofa-revision-"));
  const folder = join(parent, "mofa");
  const remove = async () => {
    // Who was stopped in the midst of a build may still write.
    await rm(parent, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
    await run("git", ["worktree", "prune"], root);
  };
  try {
    await run("git", ["worktree", "add", "--detach", folder, revision], root, signal);
    // What is installed serves both, unless they want other things.
    if (isSame(root, folder, "package-lock.json"))
      symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
    else await run("npm", ["ci"], folder, signal);
    await run("npm", ["run", "build"], folder, signal);
  } catch (error) {
    await remove();
    throw error;
  }
  return { folder, [Symbol.asyncDispose]: remove };
}

function isSame(one: string, other: string, file: string): boolean {
  const [first, second] = [join(one, file), join(other, file)];
  return existsSync(second) && readFileSync(first).equals(readFileSync(second));
}

async function run(program: string, args: readonly string[], cwd: string, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  // A group of its own, so that all of it can be told to stop.
  const child = spawn(program, args, { cwd, detached: true, stdio: ["ignore", process.stderr, process.stderr] });
  const stop = () => child.pid !== undefined && child.exitCode === null && process.kill(-child.pid, "SIGTERM");
  signal?.addEventListener("abort", stop, { once: true });
  const [code] = (await once(child, "exit")) as [number | null];
  signal?.removeEventListener("abort", stop);
  signal?.throwIfAborted();
  if (code !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${code}`);
}
