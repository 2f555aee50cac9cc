/**
 * The process of a server: the leader of a group of its own, which ends as a whole, with what it has started. It has little of our
 * environment, and so no secret of it.
 *
 * Where this thread or this process is lost there is nobody to end it. So a guard stands beside it: a shell that waits for the end
 * of a pipe which we hold, and then kills the group.
 */
import { type ChildProcess, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { byDeadline, errorData } from "../../core/index.ts";

/** What a server has of our environment: where programs, home and temporary files are, who it is, and its language. */
const inherited =
  process.platform === "win32"
    ? [
        "APPDATA",
        "COMSPEC",
        "HOMEDRIVE",
        "HOMEPATH",
        "LOCALAPPDATA",
        "PATH",
        "PATHEXT",
        "PROGRAMDATA",
        "PROGRAMFILES",
      ].concat(["SYSTEMDRIVE", "SYSTEMROOT", "TEMP", "TMP", "USERNAME", "USERPROFILE", "WINDIR"])
    : ["HOME", "LANG", "LC_ALL", "LC_CTYPE", "LOGNAME", "PATH", "SHELL", "TERM", "TMPDIR", "TZ", "USER"];

/** Time to end by itself when its stdin has ended, and then when it was asked to by SIGTERM. */
const endMs = 1_000;
const termMs = 1_000;

export interface ServerCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

export class ServerProcess {
  readonly #child: ChildProcess;
  readonly #guard: ChildProcess | undefined;
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** How it has ended, for people. */
  readonly ended: Promise<string>;
  #hasEnded = false;

  private constructor(child: ChildProcess, ended: Promise<string>) {
    this.#child = child;
    // They are pipes: that is how it was started.
    this.stdin = child.stdin as Writable;
    this.stdout = child.stdout as Readable;
    this.stderr = child.stderr as Readable;
    // What cannot be written is seen by its end.
    this.stdin.on("error", () => {});
    this.#guard = guardOf(child.pid as number);
    this.ended = ended.then((how) => {
      this.#hasEnded = true;
      this.#guard?.kill("SIGKILL");
      this.#signal("SIGKILL"); // what it has left behind
      return how;
    });
  }

  /** @throws Error, by rejection: there is no such program, or it cannot be started. */
  static async start({ command, args, env, cwd }: ServerCommand): Promise<ServerProcess> {
    const own = Object.fromEntries(
      inherited.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
    );
    const child = spawn(command, [...args], {
      env: { ...own, ...env },
      ...(cwd !== "" && { cwd }),
      stdio: ["pipe", "pipe", "pipe"],
      detached: process.platform !== "win32",
      windowsHide: true,
    });
    const started = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<string>();
    child.once("spawn", started.resolve);
    child.on("error", started.reject);
    child.once("exit", (code, signal) =>
      ended.resolve(signal === null ? `has ended with exit code ${code}` : `was ended by ${signal}`),
    );
    await started.promise;
    return new ServerProcess(child, ended.promise);
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  /** With a while to end by itself. */
  async end(): Promise<void> {
    this.stdin.end();
    const stops = [
      byDeadline(endMs, () => this.#signal("SIGTERM")),
      byDeadline(endMs + termMs, () => this.#signal("SIGKILL")),
    ];
    await this.ended;
    for (const stop of stops) stop();
  }

  kill(): void {
    if (!this.#hasEnded) this.#signal("SIGKILL");
  }

  #signal(signal: NodeJS.Signals): void {
    if (process.platform === "win32") {
      this.#child.kill(signal);
      return;
    }
    try {
      process.kill(-this.pid, signal);
    } catch (error) {
      // There is nobody any more, or nobody of ours.
      if (!["ESRCH", "EPERM"].includes(errorData(error).code ?? "")) throw error;
    }
  }
}

/** Undefined: there is no shell for it. */
function guardOf(pid: number): ChildProcess | undefined {
  if (process.platform === "win32") return undefined;
  const guard = spawn("/bin/sh", ["-c", 'read -r _; kill -s KILL -- "-$1"', "sh", `${pid}`], {
    env: {},
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  // Without it a server that does not end by itself may outlive a process that was killed: no reason not to have one.
  guard.on("error", () => {});
  guard.stdin?.on("error", () => {});
  return guard;
}
