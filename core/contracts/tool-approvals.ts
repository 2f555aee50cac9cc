/** Calls that wait for somebody's word. */
import { randomUUID } from "node:crypto";
import { byDeadline } from "../clock.ts";
import { describe, RuntimeError } from "../errors.ts";
import { assertKeys } from "../known-keys.ts";
import type { ToolApproval, ToolDecision } from "./tool.ts";
import type { ToolLimits } from "./tool-definition.ts";
import { ToolError } from "./tool-failure.ts";

export class ToolApprovals {
  readonly #waiting = new Map<
    string,
    { readonly approval: ToolApproval; readonly settle: (decision: ToolDecision) => void }
  >();

  get all(): readonly ToolApproval[] {
    return Array.from(this.#waiting.values(), ({ approval }) => structuredClone(approval));
  }

  /**
   * Resolves when somebody has approved.
   * @param asked called with what is to be approved, whose id nobody can guess
   * @throws ToolError `tool_denied`, by rejection: somebody said no, or nobody said anything in time; RuntimeError `queue_full`; the signal's reason.
   */
  async approved(
    asked: Omit<ToolApproval, "id">,
    { approvalTimeoutMs: timeoutMs, maxWaiting }: Pick<ToolLimits, "approvalTimeoutMs" | "maxWaiting">,
    signal: AbortSignal,
    tell: (approval: ToolApproval) => void,
  ): Promise<void> {
    signal.throwIfAborted();
    const approval: ToolApproval = { id: randomUUID(), ...asked };
    const { id, tool } = approval;
    if (this.#waiting.size >= maxWaiting)
      throw new RuntimeError(
        "queue_full",
        `${tool}: ${maxWaiting} calls wait for approval already (maxWaiting): ask again later`,
      );
    const { promise, resolve, reject } = Promise.withResolvers<ToolDecision>();
    this.#waiting.set(id, { approval, settle: resolve });
    const fail = (why: unknown) => {
      // From now on nobody's word counts, though its call learns of that a moment later.
      this.#waiting.delete(id);
      reject(why);
    };
    const leave = () => fail(signal.reason);
    signal.addEventListener("abort", leave, { once: true });
    const cancel = byDeadline(timeoutMs, () =>
      fail(
        new ToolError(
          "tool_denied",
          `${tool}: nobody has approved of the call within approvalTimeoutMs (${timeoutMs})`,
        ),
      ),
    );
    try {
      tell(approval);
      const { isApproved, reason } = await promise;
      if (!isApproved)
        throw new ToolError("tool_denied", `${tool}: the call was denied${reason === undefined ? "" : `: ${reason}`}`);
    } finally {
      cancel();
      signal.removeEventListener("abort", leave);
      this.#waiting.delete(id);
    }
  }

  /** @returns false: that one waits no longer. @throws RuntimeError `bad_argument`. */
  decide(given: unknown): boolean {
    assertKeys("decide", given, ["id", "isApproved", "reason"]);
    const { id, isApproved, reason } = given as Partial<ToolDecision>;
    const wrong = (what: string, got: unknown) =>
      new RuntimeError("bad_argument", `decide: ${what}, got ${describe(got)}`);
    if (typeof id !== "string") throw wrong("id is that of an approval", id);
    if (typeof isApproved !== "boolean") throw wrong("isApproved is true or false", isApproved);
    if (reason !== undefined && typeof reason !== "string") throw wrong("reason is a text", reason);
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return false;
    this.#waiting.delete(id);
    waiting.settle({ id, isApproved, ...(reason !== undefined && { reason }) });
    return true;
  }
}
