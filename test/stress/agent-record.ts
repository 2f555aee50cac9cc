/** What has come through the pipes of programs with an agent: what their callers have asked, decided and got, and what the model was shown. */

export interface ShownSight {
  readonly turn: number;
  readonly step: number;
  /** Messages, without the instructions. */
  readonly count: number;
  readonly digest: string;
}

export interface AgentRecord {
  /** Turns; the last one is the highest. */
  asked: number;
  kills: number;
  /** The text, by turn. */
  readonly answers: Map<number, string>;
  /** Turns that the caller asked something else after. */
  readonly left: Set<number>;
  /** Approvals that the caller was asked for, by their ids, and of which turn. */
  readonly waits: Map<string, number>;
  /** What the caller was about to say to them. */
  readonly gives: Map<string, boolean>;
  /** Those whose decision was answered. */
  readonly gave: Set<string>;
  readonly sights: ShownSight[];
  /** How the agent itself sees its session, when its caller had no more to ask. */
  end: { readonly turn: string; readonly forgotten: number; readonly digest: string } | undefined;
}

export function emptyRecord(): AgentRecord {
  return {
    asked: 0,
    kills: 0,
    answers: new Map(),
    left: new Set(),
    waits: new Map(),
    gives: new Map(),
    gave: new Set(),
    sights: [],
    end: undefined,
  };
}

/** @throws Error it is no line of the program, or of an answer that was another before. */
export function note(record: AgentRecord, line: string): void {
  const [word, first = "", second = "", third = "", ...rest] = line.split(" ");
  switch (word) {
    case "asks":
      record.asked = Number(first);
      record.end = undefined;
      return;
    case "leaves":
      record.left.add(Number(first));
      return;
    case "answers": {
      const text = rest.join(" ");
      const before = record.answers.get(Number(first)) ?? text;
      if (before !== text) throw new Error(`broken: turn ${first} was answered "${before}", and then "${text}"`);
      if (second !== "stop") throw new Error(`broken: turn ${first} was answered by ${second}, after ${third} calls`);
      record.answers.set(Number(first), text);
      return;
    }
    case "waits":
      for (const id of second.split(",")) record.waits.set(id, Number(first));
      return;
    case "gives":
      record.gives.set(first, second === "yes");
      return;
    case "gave":
      record.gave.add(first);
      return;
    case "sees":
      record.sights.push({ turn: Number(first), step: Number(second), count: Number(third), digest: rest[0] ?? "" });
      return;
    case "ends":
      record.end = { turn: first, forgotten: Number(second), digest: third };
      return;
    default:
      throw new Error(`broken: the program said "${line}"`);
  }
}
