/** Tools whose effects are seen from outside: each is a line in a file, of one write. */
import { randomUUID } from "node:crypto";
import { openSync, writeSync } from "node:fs";
import { defineTool, defineTools, type Tool, ToolError, type ToolRun } from "../../../core/index.ts";
import type { DeskTool } from "./agent-plan.ts";
import { agentPoint } from "./agent-points.ts";

/** The path of the file. */
export const effectsVariable = "MOFA_EFFECTS";

let file: number | undefined;

/** It stands in the file when this returns, and stays there when the process is killed. */
function effect(key: string, work: string, result: string): void {
  file ??= openSync(process.env[effectsVariable] as string, "a");
  const line = `${key} ${work} ${result}\n`;
  if (writeSync(file, line) !== line.length) throw new Error(`broken: half an effect: ${line}`);
}

interface Work {
  readonly work: string;
}

function deskTool(name: DeskTool, needsApproval: boolean, run: (given: Work, call: ToolRun) => Promise<string>): Tool {
  return defineTool<Work, string>({
    name,
    needsApproval,
    input: {
      type: "object",
      properties: { work: { type: "string" } },
      required: ["work"],
      additionalProperties: false,
    },
    check: () => agentPoint("tool-begun"),
    run,
  });
}

/** Gives what nobody else does. */
async function write({ work }: Work, { key }: ToolRun): Promise<string> {
  if (key === undefined) throw new Error("broken: a call in a session that is stored has no key");
  const result = randomUUID();
  // Whoever runs beside it is in the midst, too.
  await new Promise<void>((resolve) => setImmediate(resolve));
  agentPoint("before-effect");
  effect(key, work, result);
  agentPoint("after-effect");
  await new Promise<void>((resolve) => setImmediate(resolve));
  // What it gives is still on its way.
  setImmediate(() => agentPoint("tool-returned"));
  return result;
}

export const desk = defineTools({
  name: "tool-desk",
  version: "0.0.1",
  tools: [
    deskTool("note", false, write),
    deskTool("sign", true, write),
    deskTool("refuse", false, ({ work }) => Promise.reject(new ToolError("tool_failed", `refuses ${work}`))),
  ],
});
