/** Services that a machine may have or not, where they are looked for, and whether they are there. */
import { connect } from "node:net";

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

/** What needs a service is not left out where it is missing, but fails. */
export function areServicesRequired(): boolean {
  return process.env["MOFA_TEST_SERVICES"] === "required";
}

/** Undefined: somebody listens there. */
export async function whyMissing({ name, url, variable }: Service): Promise<string | undefined> {
  const { host, hostname, port } = new URL(url);
  const isThere = await new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port) });
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.on("connect", () => socket.destroy());
  });
  return isThere ? undefined : `no ${name} answers at ${host}: name another by ${variable}`;
}
