/** The tools of a running program under the names by which they are served to somebody who knows nothing of plugins. */
import type { ToolInfo } from "../../index.ts";
import type { ToolList } from "./attach-protocol.ts";

export interface ServedTool {
  /** By which it is called. */
  readonly name: string;
  readonly plugin: string;
  readonly info: ToolInfo;
}

export interface ServedTools {
  readonly tools: readonly ServedTool[];
  /** Why others are not there, for people. */
  readonly left: readonly string[];
}

/** What models take. */
const nameMax = 64;

/**
 * A tool has its own name. Where several plugins have one of that name, each of theirs is `<plugin>_<tool>`, so that none stands for
 * another by chance; a name that is too long then, or another tool's, is left out.
 * @param only of these plugins; undefined: of all
 */
export function servedTools({ tools: plugins }: ToolList, only?: readonly string[]): ServedTools {
  const meant = plugins.filter(({ plugin }) => only === undefined || only.includes(plugin));
  const left = meant.flatMap(({ plugin, failure }) =>
    failure === undefined ? [] : [`${plugin} does not say what it has: ${failure}`],
  );
  const all = meant.flatMap(({ plugin, tools }) => tools.map((info) => ({ plugin, info })));
  const counts = new Map<string, number>();
  for (const { info } of all) counts.set(info.name, (counts.get(info.name) ?? 0) + 1);
  const isShared = ({ name }: ToolInfo) => (counts.get(name) ?? 0) > 1;
  const served = new Map<string, ServedTool>();
  for (const { plugin, info } of all) if (!isShared(info)) served.set(info.name, { name: info.name, plugin, info });
  for (const { plugin, info } of all) {
    if (!isShared(info)) continue;
    const name = `${plugin}_${info.name}`;
    if (name.length > nameMax) left.push(`${info.name} of ${plugin}: several have that name, and ${name} is too long`);
    else if (served.has(name))
      left.push(`${info.name} of ${plugin}: several have that name, and ${name} is another tool`);
    else served.set(name, { name, plugin, info });
  }
  return { tools: [...served.values()], left };
}
