/** A plugin of a model, made of its driver: the calls of the contract. */

import type { StreamWriter } from "../actor/context.ts";
import { byDeadline } from "../clock.ts";
import { RuntimeError } from "../errors.ts";
import type { CallToken, PluginBus } from "../plugin/plugin-bus.ts";
import {
  definePlugin,
  type Plugin,
  type PluginBehaviour,
  type PluginCalls,
  type PluginDefinition,
  type PluginHealth,
} from "../plugin.ts";
import { valueAt } from "../registry/secrets.ts";
import { checkedChat, checkedEmbed, checkedPull } from "./chat-request.ts";
import {
  type ChatDelta,
  type ChatRequest,
  type ChatUsage,
  type EmbedAnswer,
  type EmbedRequest,
  type ModelCalls,
  modelTag,
  modelVersion,
  type PullAnswer,
  type PullRequest,
} from "./model.ts";
import {
  type BudgetNeed,
  type BudgetSetting,
  checkedBudgetKey,
  checkedNeed,
  checkedSetting,
  type ModelBudgets,
} from "./model-budget.ts";
import type { ModelDriver, ModelLimits } from "./model-driver.ts";
import { ModelError, modelError } from "./model-failure.ts";
import { type AskedModel, beginChat, beginEmbed } from "./model-operation.ts";
import { inputUsage, modelName } from "./model-usage.ts";
import { RunningChat } from "./running-chat.ts";
import { runPull } from "./running-pull.ts";
import { SecretTexts } from "./secret-texts.ts";
import { streamOf } from "./stream-of.ts";

export interface ModelDefinition<C extends ModelLimits>
  extends Omit<PluginDefinition<C, never, never>, "behaviour" | "provides" | "tags"> {
  /** Makes the driver. @param signal aborted when the plugin ends. @param bus for one that asks what it requires. */
  open(config: C, signal: AbortSignal, bus: PluginBus): Promise<ModelDriver>;
}

/** By these the provider says that it is unwell, or that this plugin is. */
const unwell: readonly string[] = ["model_auth", "model_network", "model_overloaded", "model_protocol", "model_quota"];

const failureCharsMax = 1_000;

const noBudgets = "routeModels({ keepsBudgets: true }) does, in a storage plugin";

type Embed = NonNullable<ModelDriver["embed"]>;
type Models = NonNullable<ModelDriver["models"]>;

class Model {
  readonly #asked: AskedModel;
  readonly #name: string;
  readonly #limits: ModelLimits;
  readonly #running = new Set<RunningChat | AbortController>();
  readonly #bus: PluginBus;
  readonly driver: ModelDriver;
  readonly #secrets: SecretTexts;
  #lastFailure: string | undefined;

  constructor(asked: AskedModel, limits: ModelLimits, driver: ModelDriver, bus: PluginBus, secrets: SecretTexts) {
    this.#secrets = secrets;
    this.#asked = asked;
    this.#name = asked.name;
    this.#bus = bus;
    this.#limits = limits;
    this.driver = driver;
  }

  /** @throws RuntimeError `bad_argument`, `queue_full`. */
  chat(given: unknown): unknown {
    const bus = this.#bus;
    const request = checkedChat(given);
    this.assertBudgets(request);
    this.#assertRoom();
    const { from } = bus;
    // Of a cast nobody would see an answer.
    if (from === undefined) return undefined;
    const writer = streamOf(bus, from);
    const operation = beginChat(bus, this.#asked, request);
    const running = new RunningChat(request, this.#limits, writer, operation.trace);
    this.#running.add(running);
    running
      .run(this.driver, () => this.#running.delete(running))
      .then((answer) => {
        this.#lastFailure = undefined;
        if (writer === undefined) bus.reply(from, answer);
        else writer.end(answer);
        operation.answered(answer);
      })
      // Also of an answer that cannot be given: it may be larger than what crosses to a process.
      .catch((thrown: unknown) => {
        const { usage } = running;
        operation.failed(modelError(thrown, this.#name).code, usage);
        this.#failed(thrown, from, writer, usage);
      });
    return bus.noReply;
  }

  #failed(thrown: unknown, from: CallToken, writer: StreamWriter | undefined, counted?: ChatUsage): void {
    const { code, message, retryAfterMs, usage = counted } = this.#told(thrown);
    if (unwell.includes(code)) this.#lastFailure = `${code}: ${message}`;
    if (writer === undefined) {
      this.#bus.replyError(from, { code, message });
      return;
    }
    const fail = () => writer.fail({ code, message });
    // Who has left wants to hear of nothing, and may leave in this very moment.
    if (writer.signal.aborted) return fail();
    const last: ChatDelta[] = [
      ...(usage === undefined ? [] : [{ type: "usage", usage } as const]),
      ...(retryAfterMs === undefined ? [] : [{ type: "retryAfter", afterMs: retryAfterMs } as const]),
    ];
    if (last.length === 0) return fail();
    void (async () => {
      for (const word of last) await writer.write(word);
    })().then(fail, fail);
  }

  /** A failure as it leaves the plugin: servers say again what they were sent, keys too. */
  #told(thrown: unknown): ModelError {
    const { code, message, retryAfterMs, usage } = modelError(thrown, this.#name);
    return new ModelError(code, this.#secrets.beginning(message, failureCharsMax), { retryAfterMs, usage });
  }

  async embed(embed: Embed, request: EmbedRequest, signal: AbortSignal): Promise<EmbedAnswer> {
    const operation = beginEmbed(this.#bus, this.#asked, request);
    try {
      const said = await embed(request, signal, operation.trace);
      const answer = { ...said, model: modelName(said.model), usage: inputUsage(said.usage) };
      operation.answered(answer);
      return answer;
    } catch (thrown) {
      operation.failed(modelError(thrown, this.#name).code);
      throw thrown;
    }
  }

  /** Answers later. @throws RuntimeError `undef`: the provider has no such call; `queue_full`. */
  ask<T>(call: string, question: ((signal: AbortSignal) => Promise<T>) | undefined): unknown {
    const bus = this.#bus;
    if (question === undefined) throw new RuntimeError("undef", `${this.#name} has no ${call}`);
    this.#assertRoom();
    const from = bus.from as CallToken;
    const { timeoutMs } = this.#limits;
    const controller = new AbortController();
    const { signal } = controller;
    this.#running.add(controller);
    const over = byDeadline(timeoutMs, () =>
      controller.abort(new ModelError("timeout", `${call}: no answer came within timeoutMs (${timeoutMs})`)),
    );
    const aborted = new Promise<never>((_resolve, reject) =>
      signal.addEventListener("abort", () => reject(signal.reason), { once: true }),
    );
    const asking = (async () => await question(signal))().finally(() => this.#running.delete(controller));
    Promise.race([asking, aborted])
      .finally(() => {
        over();
        // Whatever the driver still has of it.
        controller.abort(new ModelError("cancelled", `${call} has ended`));
      })
      .then((answer) => bus.reply(from, answer))
      .catch((thrown: unknown) => {
        const { code, message } = this.#told(thrown);
        bus.replyError(from, { code, message });
      });
    return bus.noReply;
  }

  /** Answers by a stream. @throws RuntimeError `undef`: the provider fetches none; `bad_argument`, `queue_full`. */
  pull(given: unknown): unknown {
    const bus = this.#bus;
    const { driver } = this;
    if (driver.pull === undefined) throw new RuntimeError("undef", `${this.#name} has no pull`);
    const model = checkedPull(given);
    this.#assertRoom();
    const from = bus.from as CallToken;
    const writer = streamOf(bus, from);
    const controller = new AbortController();
    this.#running.add(controller);
    const pull = driver.pull.bind(driver, model);
    runPull(pull, controller, writer, this.#limits.silenceTimeoutMs)
      .finally(() => this.#running.delete(controller))
      .then(() => {
        const answer: PullAnswer = { model };
        if (writer === undefined) bus.reply(from, answer);
        else writer.end(answer);
      })
      .catch((thrown: unknown) => this.#failed(thrown, from, writer));
    return bus.noReply;
  }

  /** What nobody keeps must not be spent. @throws RuntimeError `bad_argument`. */
  assertBudgets({ budgets = [] }: ChatRequest | EmbedRequest): void {
    if (budgets.length > 0 && this.driver.budgets === undefined)
      throw new RuntimeError(
        "bad_argument",
        `${this.#name} keeps no budgets, and the request names some: ${noBudgets}`,
      );
  }

  /** @throws RuntimeError `undef`: it keeps none. */
  budgets<T>(call: string, question: (budgets: ModelBudgets) => Promise<T>): unknown {
    const { budgets } = this.driver;
    if (budgets === undefined) throw new RuntimeError("undef", `${this.#name} has no ${call}: ${noBudgets}`);
    return this.ask(call, () => question(budgets));
  }

  #assertRoom(): void {
    const { maxConcurrent } = this.#limits;
    if (this.#running.size >= maxConcurrent)
      throw new RuntimeError(
        "queue_full",
        `${this.#name} answers ${maxConcurrent} at a time (maxConcurrent), and does: ask again later`,
      );
  }

  get health(): PluginHealth {
    if (this.#lastFailure === undefined) return { status: "up" };
    return { status: "degraded", detail: this.#lastFailure };
  }

  /** Their connections are let go. Whoever waits learns of the plugin's end by that itself. */
  end(): void {
    const why = new ModelError("shutdown", `${this.#name} has ended`);
    for (const running of this.#running) {
      if (running instanceof RunningChat) running.end(why);
      else running.abort(why);
    }
  }
}

const calls = {
  chat: (model: Model, request: ChatRequest) => model.chat(request),
  embed(model: Model, given: EmbedRequest) {
    const request = checkedEmbed(given);
    model.assertBudgets(request);
    const { driver } = model;
    const { embed } = driver;
    return model.ask("embed", embed && ((signal) => model.embed(embed.bind(driver), request, signal)));
  },
  models(model: Model) {
    const { driver } = model;
    return model.ask("models", driver.models && ((signal) => (driver.models as Models)(signal)));
  },
  pull: (model: Model, request: PullRequest) => model.pull(request),
  budget(model: Model, given: string) {
    const key = checkedBudgetKey(given, "budget");
    return model.budgets("budget", (budgets) => budgets.budget(key));
  },
  setBudget(model: Model, given: BudgetSetting) {
    const setting = checkedSetting(given);
    return model.budgets("setBudget", (budgets) => budgets.setBudget(setting));
  },
  assertBudget(model: Model, given: BudgetNeed) {
    const need = checkedNeed(given);
    return model.budgets("assertBudget", (budgets) => budgets.assertBudget(need));
  },
};

/** The contract's calls as handlers. */
export type ModelHandlers = {
  readonly [N in keyof ModelCalls]: (
    state: never,
    ...argument: Parameters<ModelCalls[N]>
  ) => Promise<ReturnType<ModelCalls[N]>>;
};

/** It provides a capability of its own name. @throws RuntimeError `bad_argument`, as `definePlugin`. */
export function defineModel<C extends ModelLimits>({ open, ...definition }: ModelDefinition<C>): Plugin<ModelHandlers> {
  const { name, requires = [] } = definition;
  const isRelay = requires.length > 0;
  const behaviour: PluginBehaviour<C, Model, ModelHandlers> = {
    async init(config, bus) {
      const { signal } = bus;
      const secrets = new SecretTexts(secretsOf(definition.config, config));
      const model = new Model({ name, isRelay }, config, await open(config, signal, bus), bus, secrets);
      signal.addEventListener("abort", () => model.end(), { once: true });
      return model;
    },
    calls: calls as ModelHandlers & PluginCalls<Model>, // these answer what the contract says, later
    health: (model) => model.driver.health?.() ?? model.health,
    async terminate(model) {
      model.end();
      await model.driver.close?.();
    },
    format: () => "a model",
  };
  return definePlugin({ ...definition, provides: [{ name, version: modelVersion }], tags: [modelTag], behaviour });
}

/** What stands in a configuration where its declaration says that it is secret. */
function secretsOf<C>(declaration: PluginDefinition<C, never, never>["config"], config: C): readonly string[] {
  const paths = declaration !== undefined && "secrets" in declaration ? (declaration.secrets ?? []) : [];
  return paths.flatMap((path) => textsIn(valueAt(config, path.split("."))));
}

function textsIn(value: unknown): readonly string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsIn) : [];
}
