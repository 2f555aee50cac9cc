/** The suite's server of MCP on HTTP, in a process of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("../fixtures/programs/mcp-http.js", import.meta.url));

export class McpHttpServer {
  #child: ChildProcess | undefined;
  /** `http://127.0.0.1:<port>`. */
  url = "";

  async start(): Promise<void> {
    const child = spawn(process.execPath, [program], { stdio: ["ignore", "pipe", "inherit"] });
    this.#child = child;
    const [said] = (await once(child.stdout, "data")) as [Buffer];
    this.url = said.toString("utf8").trim();
  }

  async end(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "close");
    child.kill("SIGKILL");
    await ended;
  }
}
