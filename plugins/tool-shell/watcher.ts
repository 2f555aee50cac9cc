/**
 * A small process beside the runtime that ends what runs when the runtime is no more: also by `kill -9`, or with the thread of the
 * plugin. It learns of the runtime's end by that of its stdin, and of each run by a line there. It runs a fixed script of `sh`, and
 * nothing of a model's stands in it.
 */
import { type ChildProcess, spawn } from "node:child_process";
import type { Writable } from "node:stream";
import { markName } from "./process-family.ts";

/** `$1`: seconds between SIGTERM and SIGKILL. A run's group is 0 until it has one. */
const script = `
runs=
while read -r word mark group; do
  case $word in
    begun) runs="$runs $mark:$group" ;;
    ended)
      kept=
      for run in $runs; do case $run in "$mark":*) ;; *) kept="$kept $run" ;; esac; done
      runs=$kept ;;
  esac
done
[ -n "$runs" ] || exit 0
end() {
  for run in $runs; do
    [ "\${run##*:}" = 0 ] || kill -s "$1" -- "-\${run##*:}"
    for file in $(grep -lzxF "${markName}=\${run%:*}" /proc/[0-9]*/environ); do
      pid=\${file#/proc/}
      kill -s "$1" "\${pid%/environ}"
    done
  done
}
end TERM
sleep "$1"
end KILL
end KILL
`;

/** In the place of one that has ended though it should not have. */
const successorsMax = 10;

export class Watcher {
  readonly #graceS: number;
  #process: ChildProcess | undefined;
  /** Lines of the runs that are under way, by their marks. */
  readonly #runs = new Map<string, string>();
  #successors = 0;
  #isClosed = false;

  constructor(graceMs: number) {
    this.#graceS = Math.ceil(graceMs / 1_000);
  }

  /** Before the run has a process, and again with its group. */
  begun(mark: string, group = 0): void {
    const line = `begun ${mark} ${group}\n`;
    this.#runs.set(mark, line);
    if (this.#process === undefined) this.#start();
    else this.#say(line);
  }

  ended(mark: string): void {
    this.#runs.delete(mark);
    this.#say(`ended ${mark} 0\n`);
  }

  /** What has not ended then is ended by it. */
  close(): void {
    this.#isClosed = true;
    this.#process?.stdin?.end();
  }

  /** Runs are under way that nobody would end. */
  get isMissing(): boolean {
    return this.#runs.size > 0 && this.#process === undefined;
  }

  /** Its number, where it runs. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  #start(): void {
    const child = spawn("/bin/sh", ["-c", script, "mofa-watcher", String(this.#graceS)], {
      cwd: "/",
      env: { PATH: "/usr/bin:/bin" },
      // In no group that is ended together with the runtime's.
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
    });
    this.#process = child;
    const gone = () => {
      if (this.#process !== child) return;
      this.#process = undefined;
      if (this.#isClosed || this.#runs.size === 0 || this.#successors >= successorsMax) return;
      // Somebody has ended it: another one takes its place while there is something to watch.
      this.#successors++;
      this.#start();
    };
    child.once("exit", gone);
    // What cannot be started leaves no exit; a run learns of it by itself, from its own start.
    child.once("error", () => {
      if (this.#process === child) this.#process = undefined;
    });
    // It is gone, which its exit says.
    child.stdin?.on("error", () => {});
    // Neither keeps the program running.
    child.unref();
    (child.stdin as Writable & { unref?(): void }).unref?.();
    for (const line of this.#runs.values()) this.#say(line);
  }

  #say(line: string): void {
    this.#process?.stdin?.write(line);
  }
}
