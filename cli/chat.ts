/** `mofa chat`: a conversation with the agent of a module, in a terminal. */
import type { Command } from "commander";
import type { AgentAnswer, AgentApproval, SessionState } from "../actors/index.ts";
import { errorData } from "../core/index.ts";
import { AgentHost } from "./agents/agent-host.ts";
import { assertKept, loadAgent } from "./agents/agent-module.ts";
import { ChatView } from "./agents/chat-view.ts";
import { messageText, usageText } from "./agents/message-text.ts";
import { Prompt } from "./agents/prompt.ts";
import { printable } from "./attach/table.ts";
import { type CommandContext, type ExitCode, exitCodes } from "./command.ts";

interface ChatCommandOptions {
  readonly session?: string;
  readonly json?: boolean;
}

const help = "/history what was said, /usage tokens so far, /quit or Ctrl-D to leave; Ctrl-C interrupts an answer";

export function describe(command: Command): void {
  command
    .argument("<module>", "a .js or .ts file that exports `agent`, and `plugins` that it needs")
    .option("--session <name>", "go on with the session of that name, which a storage plugin keeps")
    .option(
      "--json",
      "print each part of an answer, and the answer or what it has failed with, as a line of JSON; notes go to stderr",
    )
    .addHelpText("after", `\n${help}.`);
}

export async function run(
  [module = ""]: readonly string[],
  options: Readonly<Record<string, unknown>>,
  context: CommandContext,
): Promise<ExitCode> {
  // `describe` above declares these options, so commander has made them this.
  const { session, json = false } = options as ChatCommandOptions;
  const loaded = await loadAgent(module);
  if (session !== undefined) assertKept(loaded, session);
  await using host = await AgentHost.start(loaded, session, context.err);
  const chat = new Chat(host, json, context);
  return await chat.run();
}

class Chat {
  readonly #host: AgentHost;
  readonly #json: boolean;
  readonly #context: CommandContext;
  readonly #view: ChatView;
  readonly #prompt: Prompt;

  constructor(host: AgentHost, json: boolean, context: CommandContext) {
    this.#host = host;
    this.#json = json;
    this.#context = context;
    this.#view = new ChatView(json ? context.err : context.out);
    this.#prompt = new Prompt(process.stdin, json ? context.err : context.out, context.signal);
  }

  async run(): Promise<ExitCode> {
    using prompt = this.#prompt;
    const { turn, turns } = await this.#session();
    this.#view.note(
      turns === 0 ? help : `a conversation of ${turns} ${turns === 1 ? "turn" : "turns"} goes on; ${help}`,
    );
    if (turn === "open" || turn === "waits") await this.#turn("goOn", undefined);
    for (;;) {
      const line = await prompt.ask("> ");
      if (typeof line !== "string") {
        if (line.not === "end") return exitCodes.ok;
        this.#view.note("(Ctrl-D leaves)");
      } else if (line.trim() === "/quit") return exitCodes.ok;
      else if (line.trim() !== "") await this.#take(line.trim());
    }
  }

  async #take(line: string): Promise<void> {
    if (line === "/history") {
      const { messages, forgotten, summary } = await this.#session();
      if (forgotten > 0) this.#view.note(`${forgotten} messages before: ${summary ?? ""}`);
      for (const message of messages) this.#view.note(messageText(message));
    } else if (line === "/usage") this.#view.note(usageText(await this.#session()));
    else if (line === "/help") this.#view.note(help);
    else if (line.startsWith("/")) this.#view.note(`there is no ${printable(line)}: ${help}`);
    else await this.#turn("ask", line);
  }

  async #session(): Promise<SessionState> {
    return (await this.#host.system.call(this.#host.name, "session")) as SessionState;
  }

  /** Until it is answered: what waits for approval is asked for. Ctrl-C ends the turn, and not the program. */
  async #turn(call: string, argument: unknown): Promise<void> {
    try {
      let answer = await this.#answer(call, argument);
      for (let [approval] = answer.approvals; approval !== undefined; [approval] = answer.approvals) {
        const isApproved = await this.#approved(approval);
        if (isApproved === undefined) return;
        answer = await this.#answer("decide", { id: approval.id, isApproved });
      }
    } catch (error) {
      const { code = "crashed", message } = errorData(error);
      if (this.#json) this.#context.out.write(`${JSON.stringify({ type: "failed", code, message })}\n`);
      if (code === "interrupted" || code === "cancelled") this.#view.note("(interrupted)");
      else if (code === "agent_waits" && call === "ask") {
        // Nothing else is answered before somebody has decided.
        this.#view.note("(not asked: a word on this is waited for first)");
        await this.#turn("goOn", undefined);
      } else this.#view.note(`! ${printable(message)} (${code})`);
    }
  }

  async #answer(call: string, argument: unknown): Promise<AgentAnswer> {
    const { out, signal } = this.#context;
    const { system, name } = this.#host;
    // What fails it is told by the turn.
    this.#prompt.onInterrupt = () => void system.interrupt(name, { reason: "Ctrl-C" }).catch(() => {});
    try {
      const answer = await this.#host.turn(call, argument, {
        signal,
        onDelta: (delta) => {
          if (this.#json) out.write(`${JSON.stringify(delta)}\n`);
          else this.#view.show(delta);
        },
      });
      if (this.#json) out.write(`${JSON.stringify({ type: "answer", ...answer })}\n`);
      return answer;
    } finally {
      this.#prompt.onInterrupt = () => {};
      this.#view.endLine();
    }
  }

  /** Undefined: nobody has said a word, and it goes on waiting. */
  async #approved({ agent, tool, arguments: given }: AgentApproval): Promise<boolean | undefined> {
    // All of it: what is not shown would be approved unseen.
    const question = `${agent} wants ${tool} ${printable(given)}: do it? [y/N] `;
    if (!this.#prompt.isTerminal) this.#view.note(question.trim());
    const said = await this.#prompt.ask(question, true);
    if (typeof said === "string") return /^y(?:es)?$/i.test(said.trim());
    this.#view.note("(it waits: it is asked again with the next question, or at the next start of its session)");
    return undefined;
  }
}
