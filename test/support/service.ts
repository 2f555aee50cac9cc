/** Services that a machine may have or not: a suite that needs one is left out aloud, or fails where it must be there. */
import { connect } from "node:net";
import { describe, test } from "@jest/globals";

export interface Service {
  readonly name: string;
  readonly url: string;
  /** Where another one can be named. */
  readonly variable: string;
}

export const postgres: Service = service("PostgreSQL", "MOFA_TEST_POSTGRES", "postgres://root@127.0.0.1:5432/test");
export const mysql: Service = service("MySQL or MariaDB", "MOFA_TEST_MYSQL", "mysql://root@127.0.0.1:3306/test");

function service(name: string, variable: string, url: string): Service {
  return { name, variable, url: process.env[variable] ?? url };
}

/** Call it at the top level of a suite, and await it. */
export async function describeWith(wanted: Service, suite: () => void): Promise<void> {
  if (await answers(new URL(wanted.url))) {
    suite();
    return;
  }
  const { host } = new URL(wanted.url);
  const why = `no ${wanted.name} answers at ${host}: name another by ${wanted.variable}`;
  process.stderr.write(`left out: ${why}\n`);
  describe(wanted.name, () => {
    if (process.env["MOFA_TEST_SERVICES"] === "required")
      test("is there", () => {
        throw new Error(why);
      });
    else test.skip(`left out: ${why}`, () => {});
  });
}

function answers({ hostname, port }: URL): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port) });
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.on("connect", () => socket.destroy());
  });
}
