/** A command at a pseudo terminal, as a person has it: it is read, and keys are pressed. */
import { mofaEntry } from "./mofa-programs.ts";
import { type ProgramResult, runProgram } from "./run-program.ts";

export interface TerminalStep {
  /** What is waited for, in what has come since the step before. */
  readonly see: string;
  /** What is pressed then. */
  readonly press?: string;
  /** What is sent then; it ends the command alone. */
  readonly kill?: "SIGKILL";
}

export const keys = { ctrlC: "\u0003", ctrlD: "\u0004", up: "\u001b[A" } as const;

/**
 * Runs `mofa` with these arguments until it ends, and ends as it does.
 * @param steps in their order; a step that never comes ends the command after 25 s, with code 255, and is named on `stderr`
 * @returns on `stdout` all that has come to the terminal: a line ends with `\r\n` there, and what is pressed is echoed.
 */
export async function mofaAtTerminal(
  args: readonly string[],
  steps: readonly TerminalStep[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<ProgramResult> {
  const command = [process.execPath, mofaEntry, ...args];
  return await runProgram("python3", ["-c", terminal, JSON.stringify(command), JSON.stringify(steps)], { env });
}

const terminal = `
import fcntl, json, os, pty, signal, struct, sys, termios
command, steps = json.loads(sys.argv[1]), json.loads(sys.argv[2])
pid, fd = pty.fork()
if pid == 0:
    os.execv(command[0], command)
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 200, 0, 0))
seen, begin = b"", 0

def tell(code):
    sys.stdout.write(seen.decode(errors="replace"))
    sys.stdout.flush()
    if steps:
        sys.stderr.write("never seen: " + json.dumps(steps[0]) + "\\n")
        sys.stderr.flush()
    os._exit(code)

def late(*_):
    os.kill(pid, signal.SIGKILL)
    tell(255)

signal.signal(signal.SIGALRM, late)
signal.alarm(25)
while True:
    while steps:
        at = seen.find(steps[0]["see"].encode(), begin)
        if at < 0:
            break
        step = steps.pop(0)
        begin = at + len(step["see"].encode())
        if "press" in step:
            os.write(fd, step["press"].encode())
        if "kill" in step:
            os.kill(pid, getattr(signal, step["kill"]))
    try:
        part = os.read(fd, 65536)
    except OSError:
        break
    if not part:
        break
    seen += part
_, status = os.waitpid(pid, 0)
tell(os.waitstatus_to_exitcode(status) % 256)
`;
