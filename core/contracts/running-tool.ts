/** One call of a tool that is under way: its checks, its time, and its end, whoever ends it. */
import { byDeadline } from "../clock.ts";
import { errorData } from "../errors.ts";
import { type CheckedTool, copied } from "./checked-tool.ts";
import type { ToolAnswer, ToolApproval, ToolDelta } from "./tool.ts";
import type { ToolApprovals } from "./tool-approvals.ts";
import type { ToolLimits, ToolRun } from "./tool-definition.ts";
import { ToolError } from "./tool-failure.ts";
import type { ToolSlots } from "./tool-slots.ts";

/** Where deltas go; undefined: the caller wants the answer alone. */
export interface ToolWriter {
  readonly signal: AbortSignal;
  write(delta: ToolDelta): PromiseLike<unknown> | undefined;
}

/** What the calls of a plugin have in common. */
export interface ToolRoom {
  readonly limits: ToolLimits;
  readonly slots: ToolSlots;
  readonly approvals: ToolApprovals;
  wallMs(): number;
  /** Tells everybody that an approval waits. */
  tell(approval: ToolApproval): void;
}

export class RunningTool implements ToolRun {
  readonly #tool: CheckedTool;
  readonly #room: ToolRoom;
  readonly #writer: ToolWriter | undefined;
  readonly #controller = new AbortController();
  readonly trace: string | undefined;
  readonly key: string | undefined;
  #isOver = false;

  constructor(
    tool: CheckedTool,
    room: ToolRoom,
    writer: ToolWriter | undefined,
    { trace, key }: Pick<ToolRun, "trace" | "key">,
  ) {
    this.trace = trace;
    this.key = key;
    this.#tool = tool;
    this.#room = room;
    this.#writer = writer;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** @param why the error that it fails with */
  end(why: Error): void {
    this.#controller.abort(why);
  }

  progress(data: unknown): Promise<void> {
    const said = this.#say(data);
    // Who awaits it learns that it is not heard; to the others that is nothing.
    said.catch(() => {});
    return said;
  }

  async #say(data: unknown): Promise<void> {
    this.signal.throwIfAborted();
    if (this.#isOver) throw new ToolError("cancelled", "the call is over");
    await this.#writer?.write({ type: "progress", data });
  }

  async run(given: unknown): Promise<ToolAnswer> {
    const left = () => this.end(new ToolError("cancelled", "nobody waits for what the tool gives any more"));
    this.#writer?.signal.addEventListener("abort", left, { once: true });
    if (this.#writer?.signal.aborted === true) left();
    try {
      const values = this.#tool.arguments(given);
      const input = await this.#unlessEnded(this.#tool.input(values));
      const { check } = this.#tool.tool;
      if (check !== undefined) await this.#unlessEnded((async () => await check(input as never))());
      await this.#approved(values);
      return await this.#inItsRoom(input);
    } catch (error) {
      // Whatever the tool still has of it.
      this.end(new ToolError("cancelled", "the call has failed"));
      throw error;
    } finally {
      this.#isOver = true;
      this.#writer?.signal.removeEventListener("abort", left);
    }
  }

  /** @param values as they were asked with: whoever is told of them has copies */
  async #approved(values: unknown): Promise<void> {
    const { limits, approvals } = this.#room;
    const { info } = this.#tool;
    if (!isToBeApproved(info.needsApproval, limits)) return;
    const asked = { tool: info.name, arguments: copied(values, info.name), sinceMs: this.#room.wallMs() };
    await approvals.approved(asked, limits, this.signal, (approval) => {
      this.#room.tell(approval);
      const written = this.#writer?.write({ type: "approval", id: approval.id });
      // It fails where nobody reads any more, which ends the call by the writer's own signal.
      written?.then(undefined, () => {});
    });
  }

  async #inItsRoom(input: unknown): Promise<ToolAnswer> {
    const { limits, slots } = this.#room;
    const { tool } = this.#tool;
    const most = Math.min(limits.maxConcurrent, tool.maxConcurrent ?? limits.maxConcurrent);
    const give = await slots.take(tool.name, most, this.signal);
    const timeoutMs = Math.min(limits.timeoutMs, tool.timeoutMs ?? limits.timeoutMs);
    const over = byDeadline(timeoutMs, () =>
      this.end(new ToolError("timeout", `${tool.name} has given nothing within its time limit (${timeoutMs} ms)`)),
    );
    let isOver = false;
    const work = (async () => {
      const given = await tool.run(input as never, this);
      return await this.#tool.output(given === undefined ? null : given);
    })().finally(() => {
      isOver = true;
    });
    try {
      const output = await this.#unlessEnded(work);
      return { json: jsonOf(output, tool.name, limits.maxResultBytes) };
    } finally {
      over();
      give(isOver ? undefined : work);
    }
  }

  async #unlessEnded<T>(work: Promise<T>): Promise<T> {
    const { signal } = this;
    const { promise, reject } = Promise.withResolvers<never>();
    const leave = () => reject(signal.reason);
    if (signal.aborted) leave();
    else signal.addEventListener("abort", leave, { once: true });
    try {
      return await Promise.race([work, promise]);
    } finally {
      signal.removeEventListener("abort", leave);
    }
  }
}

/** Whether somebody has to say yes to a call of a tool with that flag. */
export function isToBeApproved(isFlagged: boolean, { approval }: Pick<ToolLimits, "approval">): boolean {
  return approval === "all" || (approval === "flagged" && isFlagged);
}

/** @throws ToolError `tool_result`: it is no JSON; `tool_limit`: it is too long. */
function jsonOf(output: unknown, tool: string, bytesMax: number): string {
  let json: string | undefined;
  try {
    json = JSON.stringify(output);
  } catch (error) {
    throw new ToolError("tool_result", `${tool} has given what is no JSON: ${errorData(error).message}`, error);
  }
  if (json === undefined) throw new ToolError("tool_result", `${tool} has given a ${typeof output}, which is no JSON`);
  const bytes = Buffer.byteLength(json);
  if (bytes > bytesMax)
    throw new ToolError("tool_limit", `${tool} has given ${bytes} bytes, and maxResultBytes is ${bytesMax}`);
  return json;
}
