/** The times that a line of cron means, by croner. In a file of its own, which only the first `schedule` loads. */
import { Cron } from "croner";
import { dateAt } from "../clock.ts";
import { describe, errorData, RuntimeError } from "../errors.ts";

/**
 * Where clocks change, as with Vixie cron: a line without `*` and steps in its times of day means each of them once, also in
 * an hour that is left out or comes twice; any other goes by what the clock on the wall shows.
 */
const fixedTimeRule = "no-wildcard";

export class CronLine {
  readonly #cron: Cron;

  /**
   * @param line five fields (minute, hour, day of the month, month, day of the week), or six with seconds before them, or
   * seven with the year behind them
   * @param timeZone an IANA name. Default: that of the process.
   * @throws RuntimeError `bad_argument`.
   */
  constructor(line: string, timeZone: string | undefined) {
    if (typeof line !== "string")
      throw new RuntimeError(
        "bad_argument",
        `schedule wants a line of cron, such as "0 3 * * *", got ${describe(line)}`,
      );
    if (timeZone !== undefined && !isTimeZone(timeZone))
      throw new RuntimeError(
        "bad_argument",
        `schedule: timeZone is an IANA name such as "Europe/Berlin" or "UTC", got ${describe(timeZone)}`,
      );
    try {
      this.#cron = new Cron(line, { fixedTimeRule, ...(timeZone !== undefined && { timezone: timeZone }) });
      // What a line means is looked at only here.
      this.nextAfter(0);
    } catch (error) {
      const why = errorData(error).message.replace(/^Cron\w+: /, "");
      throw new RuntimeError("bad_argument", `schedule: ${describe(line)}: ${why}`, { cause: error });
    }
  }

  /** The first time later than this, in milliseconds since the epoch; undefined: there is none any more. */
  nextAfter(wallMs: number): number | undefined {
    return this.#cron.nextRun(dateAt(wallMs))?.getTime();
  }
}

/** Asked of JavaScript's own zones, which are croner's too: its word for one that there is not is three errors in one. */
function isTimeZone(name: unknown): boolean {
  try {
    new Intl.DateTimeFormat(undefined, { timeZone: name as string });
    return typeof name === "string";
  } catch {
    return false;
  }
}
