/**
 * What holds for SQL in each database. The table `shop` has (1, 'apple', 2.5) and (2, 'pear', null), and `id`, `name` and `price` as its columns.
 * Before it stands one of many columns.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { type AnyPlugin, type SupervisorHandle, type ToolsClient, toolsOf } from "../../../index.ts";
import { useSystem } from "../../support/use-system.ts";

export interface SqlCase {
  readonly storage: AnyPlugin;
  readonly tools: AnyPlugin;
  /** With the key that names the database. */
  readonly config: Readonly<Record<string, unknown>>;
  prepare(): Promise<void>;
  remove(): Promise<void>;
  /** The place of a parameter. */
  place(number: number): string;
  /** It never ends by itself. */
  readonly endless: string;
  /** Rows from 1 on to that number. */
  numbers(to: number): string;
  /** A text of that length. */
  text(length: number): string;
  /** How many statements of it are under way in the database. */
  underWay(): Promise<number>;
  /** Statements that may not be, and why each. */
  readonly refused: readonly (readonly [what: string, sql: string, code: string])[];
}

/** Makes the table of many columns. */
export const makeBaskets = `CREATE TABLE baskets (${Array.from({ length: 20 }, (_, n) => `item_${n} INTEGER`).join(", ")})`;

export interface SqlRows {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
  readonly isCut: boolean;
  readonly changed?: number;
}

export function describeSql(name: string, sql: SqlCase): void {
  describe(name, () => {
    const system = useSystem({ clock: "system", threads: 1 });
    const running: SupervisorHandle[] = [];
    beforeAll(() => sql.prepare());
    afterAll(() => sql.remove());

    afterEach(async () => {
      for (const { ref, exit } of running.splice(0).reverse()) {
        system().exit(ref, "shutdown");
        await exit;
      }
    });

    const start = async (config: object = {}): Promise<ToolsClient> => {
      running.push(
        await system().startPlugins([
          { plugin: sql.storage, config: sql.config },
          { plugin: sql.tools, config: { ...config } },
        ]),
      );
      return toolsOf(system(), "tool-sql");
    };
    const query = async (tools: ToolsClient, text: string, parameters: unknown[] = []) =>
      (await tools.call("query", { sql: text, parameters })) as SqlRows;
    const failure = (promise: Promise<unknown>) =>
      promise.then(
        (value) => ({ value }),
        ({ code, message }: { readonly code: unknown; readonly message: unknown }) => ({ code, message }),
      );
    const shop = "SELECT id, name, price FROM shop ORDER BY id";
    const all = [
      [1, "apple", 2.5],
      [2, "pear", null],
    ];

    test("a query gives columns and rows", async () => {
      const tools = await start();
      expect(await query(tools, shop)).toEqual({ columns: ["id", "name", "price"], rows: all, isCut: false });
    });

    test("values are parameters, whatever stands in them", async () => {
      const tools = await start();
      const text = `SELECT id FROM shop WHERE name = ${sql.place(1)} OR id = ${sql.place(2)}`;
      expect((await query(tools, text, ["apple", 0])).rows).toEqual([[1]]);
      expect((await query(tools, text, ["' OR 1 = 1 --", 0])).rows).toEqual([]);
    });

    test("two columns of one name are two", async () => {
      const tools = await start();
      expect(await query(tools, "SELECT 1 AS a, 2 AS a")).toMatchObject({ columns: ["a", "a"], rows: [[1, 2]] });
    });

    test("what is wrong with a statement is told in the database's words", async () => {
      const tools = await start();
      const { code, message } = (await failure(query(tools, "SELECT nothing FROM shop"))) as Record<string, unknown>;
      expect([code, message]).toEqual(["tool_failed", expect.stringMatching(/nothing/)]);
    });

    test("the tables are described, with their columns", async () => {
      const tools = await start();
      const { tables } = (await tools.call("describe_schema")) as {
        tables: { name: string; columns: { name: string; type: string; isNullable: boolean }[] }[];
      };
      const found = tables.find(({ name: table }) => table.endsWith("shop"));
      expect(found?.columns.map(({ name: column, isNullable }) => [column, isNullable])).toEqual([
        ["id", false],
        ["name", false],
        ["price", true],
      ]);
    });

    test("one table is described alone, however many there are, and one that is not there is none", async () => {
      const tools = await start({ maxBytes: 400 });
      expect(await tools.call("describe_schema")).toMatchObject({ isCut: true });
      const named = async (table: string) =>
        ((await tools.call("describe_schema", { table })) as { tables: { name: string }[] }).tables.map(
          (one) => one.name,
        );
      expect(await named("shop")).toEqual([expect.stringMatching(/(?:^|\.)shop$/)]);
      expect(await named("shop' OR '1' = '1")).toEqual([]);
    });

    test("a statement that writes and gives more than it may has written nothing", async () => {
      const tools = await start({ writes: "grant", approval: "none", maxBytes: 300 });
      // 200 characters in 600 bytes: fewer than may be, and more.
      const wide = `INSERT INTO shop (id, name) VALUES (3, ${sql.place(1)}) RETURNING name`;
      const outcome = await failure(tools.call("execute", { sql: wide, parameters: ["\u20ac".repeat(200)] }));
      const { rows } = await query(tools, "SELECT id FROM shop WHERE id = 3");
      expect([outcome, rows]).toEqual([expect.objectContaining({ code: "tool_limit" }), []]);
    });

    test("rows beyond maxRows are left out, and that is said", async () => {
      const tools = await start({ maxRows: 3 });
      const { rows, isCut } = await query(tools, sql.numbers(4));
      expect([rows, isCut]).toEqual([[[1], [2], [3]], true]);
      expect(await query(tools, sql.numbers(3))).toMatchObject({ isCut: false });
    });

    test("so are those beyond maxBytes, and one that has no room is refused", async () => {
      const tools = await start({ maxBytes: 100 });
      const { rows, isCut } = await query(tools, sql.numbers(1_000));
      expect([rows.length > 10 && rows.length < 40, isCut]).toEqual([true, true]);
      expect(await failure(query(tools, `SELECT ${sql.text(200)}`))).toMatchObject({ code: "tool_limit" });
    });

    test("ten million rows are ended at the first that are too many", async () => {
      const tools = await start();
      expect((await query(tools, sql.numbers(10_000_000))).rows.length).toBe(200);
      await settled(0);
    });

    test("a text of 50 MB is refused, and the plugin goes on", async () => {
      const tools = await start();
      expect(await failure(query(tools, `SELECT ${sql.text(50_000_000)}`))).toMatchObject({ code: "tool_limit" });
      expect((await query(tools, shop)).rows).toEqual(all);
    });

    /** Looks at the database until so many are under way. */
    const settled = async (wanted: number) => {
      for (let look = 0; look < 3_000; look++) if ((await sql.underWay()) === wanted) return;
      throw new Error(`${await sql.underWay()} statements are under way`);
    };

    test("a statement without an end is ended in the database by its time limit, and the plugin goes on", async () => {
      // Long enough for the statement behind it, whose process a busy machine is slow to start.
      const tools = await start({ timeoutMs: 2_000 });
      expect(await failure(query(tools, sql.endless))).toMatchObject({ code: "timeout" });
      await settled(0);
      expect((await query(tools, shop)).rows).toEqual(all);
    });

    test("one that is given up is ended in the database", async () => {
      const tools = await start();
      const controller = new AbortController();
      const call = failure(tools.call("query", { sql: sql.endless }, { signal: controller.signal }));
      await settled(1);
      controller.abort();
      expect(await call).toMatchObject({ code: "cancelled" });
      await settled(0);
    });

    test("one whose plugins end is ended in the database", async () => {
      const tools = await start();
      const call = failure(tools.call("query", { sql: sql.endless }));
      await settled(1);
      const { ref, exit } = running.pop() as SupervisorHandle;
      system().exit(ref, "shutdown");
      await exit;
      expect(await call).not.toHaveProperty("value");
      await settled(0);
    });

    test.each(sql.refused)("%s is refused", async (_what, text, code) => {
      const tools = await start();
      expect(await failure(query(tools, text))).toMatchObject({ code });
      expect((await query(tools, shop)).rows).toEqual(all);
    });

    test("two statements are refused, and neither is done", async () => {
      const tools = await start({ writes: "grant", approval: "none" });
      const both = "INSERT INTO shop VALUES (3, 'plum', 1); DELETE FROM shop";
      expect(await failure(tools.call("execute", { sql: both }))).toMatchObject({
        code: expect.stringMatching(/^tool_(failed|denied)$/) as unknown,
      });
      expect((await query(tools, shop)).rows).toEqual(all);
    });

    test("without a grant there is no tool that writes", async () => {
      const tools = await start();
      expect((await tools.tools()).map((tool) => tool.name)).toEqual(["query", "describe_schema"]);
    });

    test("with one somebody has to approve of each statement that writes, and it is kept", async () => {
      const tools = await start({ writes: "grant" });
      const asked: string[] = [];
      const onApproval = (id: string) => {
        asked.push(id);
        void tools.decide({ id, isApproved: true });
      };
      const insert = `INSERT INTO shop (id, name, price) VALUES (3, ${sql.place(1)}, NULL)`;
      expect(await tools.call("execute", { sql: insert, parameters: ["plum"] }, { onApproval })).toMatchObject({
        changed: 1,
      });
      expect((await query(tools, shop)).rows.length).toBe(3);
      await tools.call("execute", { sql: "DELETE FROM shop WHERE id = 3" }, { onApproval });
      expect([asked.length, (await query(tools, shop)).rows]).toEqual([2, all]);
    });

    test("a query does not write, whoever has the grant", async () => {
      const tools = await start({ writes: "grant", approval: "none" });
      expect(await failure(query(tools, "DELETE FROM shop"))).not.toHaveProperty("value");
      expect((await query(tools, shop)).rows).toEqual(all);
    });
  });
}
