/** Whatever a model says, and whenever its agent is killed or interrupted, a session is whole. Not in every placement: `places.test.ts` is. */
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { type AgentAnswer, type AgentApi, sessionsOf } from "../../../actors/index.ts";
import type { ChatAssistantMessage, ChatMessage, ChatToolMessage, Ref } from "../../../index.ts";
import { byTwo, clerk } from "../../fixtures/steered-agents.ts";
import { type SteeredAnswer, type SteeredChat, say, steered } from "../../fixtures/steered-model.ts";
import { kept } from "../../fixtures/steered-store.ts";
import { bench, type Done } from "../../fixtures/steered-tools.ts";
import { expectWhole, kill, newSession, outcome, useAgents } from "../../support/use-agents.ts";

const system = useAgents();

type Agent = Ref<AgentApi<undefined>>;
type Said = "text" | "fails" | "breaksOff" | readonly ("note" | "break" | "erase" | "unknown" | "noJson")[];
/** At which step of all that happens what. */
type Fault = readonly [step: number, how: "kill" | "interrupt"];

interface Plan {
  readonly isNarrow: boolean;
  /** What the model says, one after the other; then texts. */
  readonly said: readonly Said[];
  readonly faults: readonly Fault[];
  /** How it goes on behind a failure, and what is decided: by turns. */
  readonly choices: readonly number[];
}

const callName = fc.constantFrom("note", "note", "break", "erase", "unknown", "noJson");
const said: fc.Arbitrary<Said> = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom("text", "fails", "breaksOff") },
  { weight: 4, arbitrary: fc.array(callName, { minLength: 1, maxLength: 4 }) },
);
const plan: fc.Arbitrary<Plan> = fc.record({
  isNarrow: fc.boolean(),
  said: fc.array(said, { minLength: 1, maxLength: 8 }),
  faults: fc.array(fc.tuple(fc.nat(40), fc.constantFrom("kill", "interrupt")), { maxLength: 5 }),
  choices: fc.array(fc.nat(5), { minLength: 4, maxLength: 12 }),
});

let names = 0;

function answerOf(one: Said | undefined): SteeredAnswer {
  if (one === undefined || one === "text") return say("Some ", "words.");
  if (one === "fails") return { error: "model_overloaded" };
  if (one === "breaksOff") return { texts: ["Some "], error: "model_network" };
  return {
    calls: one.map((name) => {
      const text = `text ${++names}`;
      if (name === "unknown") return { name: "nothing" };
      if (name === "noJson") return { name: "note", arguments: `{"text": "${text}` };
      const given = { note: { text }, break: { why: text }, erase: { what: text } }[name];
      return { name, arguments: given };
    }),
  };
}

/** One agent after the other on one session, as the plan says. */
class Run {
  readonly session = newSession();
  readonly #plan: Plan;
  readonly #faults: Map<number, Fault[1]>;
  /** What a tool has given, and the store has kept. */
  readonly done: Done[] = [];
  #agent: Agent | undefined;
  #step = 0;
  #choice = 0;
  #said = 0;

  constructor(given: Plan) {
    this.#plan = given;
    this.#faults = new Map(given.faults);
    steered.always(async (chat) => await this.#answer(chat));
    bench.onBegin = async (done, signal) => {
      this.done.push(done);
      await this.#reach(signal);
    };
    kept.before = async () => await this.#reach();
    kept.after = async () => await this.#reach();
  }

  async #answer(chat: SteeredChat): Promise<SteeredAnswer> {
    expectWhole(chat.request.messages);
    await this.#reach();
    return answerOf(this.#plan.said[this.#said++]);
  }

  /** A step: here it may be killed or interrupted. One of a tool is let go when that has been told. */
  async #reach(signal?: AbortSignal): Promise<void> {
    const how = this.#faults.get(this.#step++);
    const agent = this.#agent;
    if (how === undefined || agent === undefined || !system().isAlive(agent)) return;
    if (how === "kill") await kill(system(), agent);
    // Where a write is under way it may end behind it.
    else void outcome(system().interrupt(agent, { graceMs: Number.POSITIVE_INFINITY }));
    if (signal !== undefined)
      await new Promise<void>((resolve) => {
        if (signal.aborted) resolve();
        else signal.addEventListener("abort", () => resolve(), { once: true });
      });
  }

  #choose(): number {
    return this.#plan.choices[this.#choice++ % this.#plan.choices.length] ?? 0;
  }

  async #started(): Promise<Agent> {
    for (;;) {
      if (this.#agent !== undefined && system().isAlive(this.#agent)) return this.#agent;
      const given = { session: this.session };
      const started = await outcome(this.#plan.isNarrow ? system().spawn(byTwo, given) : system().spawn(clerk, given));
      if (!(started instanceof Error)) this.#agent = started as Agent;
    }
  }

  get agentName(): string {
    return this.#plan.isNarrow ? "by-two" : "clerk";
  }

  /** Asks, goes on, and decides, until what the plan has is used up. */
  async play(): Promise<void> {
    for (let round = 0; round < 12; round++) {
      const agent = await this.#started();
      const answer = (await outcome(this.#next(agent, round))) as Partial<AgentAnswer>;
      await this.#decideAll(answer);
    }
  }

  #next(agent: Agent, round: number): Promise<unknown> {
    switch (this.#choose()) {
      case 0:
        return agent.call("goOn");
      case 1:
        return agent.call("ask", { content: `question ${round >> 1}`, turn: `turn ${round >> 1}` });
      default:
        return agent.call("ask", `question ${round}`);
    }
  }

  async #decideAll({ approvals = [] }: Partial<AgentAnswer>): Promise<void> {
    for (const { id } of approvals) {
      if (this.#choose() === 0) return;
      const agent = await this.#started();
      await outcome(agent.call("decide", { id, isApproved: this.#choose() % 2 === 0 }));
    }
  }

  /** Without further faults: what waits is decided, and one more question is answered. */
  async finish(): Promise<Agent> {
    this.#faults.clear();
    kept.forget();
    steered.always(async (chat) => {
      expectWhole(chat.request.messages);
      return await Promise.resolve(say("The end."));
    });
    for (let attempt = 0; ; attempt++) {
      const agent = await this.#started();
      const answer = await outcome(this.#lastQuestion(agent));
      if ((answer as { readonly code?: string }).code === undefined) {
        expect(answer).toMatchObject({ finish: "stop", text: "The end." });
        return agent;
      }
      // What one that was killed had under way may be kept behind its successor's start, which ends that.
      expect([(answer as { readonly code?: string }).code, attempt]).toEqual(["version_conflict", 0]);
    }
  }

  async #lastQuestion(agent: Agent): Promise<unknown> {
    for (;;) {
      const { approvals } = await agent.call("session");
      const [first] = approvals;
      if (first === undefined) return await agent.call("ask", "The last question");
      await agent.call("decide", { id: first.id, isApproved: false });
    }
  }
}

/** What tools have given, by the text that they were called with. */
function results(messages: readonly ChatMessage[]): Map<string, ChatToolMessage> {
  const found = new Map<string, ChatToolMessage>();
  const calls = messages.flatMap((message) => (message as ChatAssistantMessage).toolCalls ?? []);
  for (const message of messages)
    if (message.role === "tool") {
      const given = calls.find(({ id }) => id === message.toolCallId)?.arguments ?? "";
      found.set(given, message);
    }
  return found;
}

test("a session is whole, no call is run twice, and what was kept as given was run once", async () => {
  const seed = Number(process.env["MOFA_TEST_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
  const reach = { calls: 0, uncertain: 0 };
  await fc.assert(
    fc.asyncProperty(plan, async (given) => {
      const run = new Run(given);
      await run.play();
      const agent = await run.finish();
      const live = (await agent.call("session")).messages;
      await kill(system(), agent);
      const stored = await sessionsOf(system(), "steered-store").read(run.agentName, run.session);
      const messages = stored?.state.messages ?? [];
      expect(messages).toEqual(live);
      expectWhole(messages);
      const keys = run.done.map(({ key }) => key);
      expect(keys.every((key) => typeof key === "string")).toBe(true);
      expect(new Set(keys).size).toBe(keys.length);
      const told = results(messages);
      for (const [arguments_, { content, isError }] of told) {
        const runs = run.done.filter(({ input }) => JSON.stringify(input) === arguments_).length;
        expect(runs).toBeLessThanOrEqual(1);
        if (isError !== true) expect(runs).toBe(1);
        if (/uncertain/.test(content)) reach.uncertain++;
      }
      // Nothing is run that the conversation does not know of.
      for (const { input } of run.done) expect([...told.keys()]).toContain(JSON.stringify(input));
      reach.calls += run.done.length;
      steered.forget();
      bench.forget();
      kept.forget();
    }),
    { seed, numRuns: 60 },
  );
  // Else the plans would not come to where it matters.
  expect(reach.calls).toBeGreaterThan(60);
  expect(reach.uncertain).toBeGreaterThan(0);
}, 240_000);
