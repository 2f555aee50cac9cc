/** What a user may do on the whole server, as `SHOW GRANTS` tells it: its own rights, and those that everybody has (`PUBLIC` of MariaDB). */

/**
 * Rights that reach beyond the database: what is done with them no transaction keeps from files, the server and other users' statements. Who
 * may make a routine in another's name has what that one has.
 */
const farReaching = [
  "ALL PRIVILEGES",
  "FILE",
  "SUPER",
  "PROCESS",
  "SHUTDOWN",
  "RELOAD",
  "CREATE USER",
  "CREATE ROLE",
  "SYSTEM_VARIABLES_ADMIN",
  "BINLOG ADMIN",
  "BINLOG_ADMIN",
  "CONNECTION ADMIN",
  "CONNECTION_ADMIN",
  "ROLE_ADMIN",
  "SET USER",
  "SET_USER_ID",
  "SET_ANY_DEFINER",
];

/** Those of them that the lines give. */
export function farRightsOf(lines: readonly string[]): string[] {
  const given = lines.flatMap((line) => /^GRANT ([A-Z_, ]+) ON \*\.\* TO /.exec(line)?.[1]?.split(/, ?/) ?? []);
  return given.filter((right) => farReaching.includes(right));
}
