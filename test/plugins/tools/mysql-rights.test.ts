/** What is read out of `SHOW GRANTS`, as MariaDB and MySQL write it. */
import { expect, test } from "@jest/globals";
import { farRightsOf } from "../../../plugins/storage-mysql/rights.ts";

test.each([
  ["GRANT USAGE ON *.* TO `agent`@`%` IDENTIFIED BY PASSWORD '*0'", []],
  ["GRANT SELECT, FILE ON *.* TO `agent`@`%`", ["FILE"]],
  ["GRANT ALL PRIVILEGES ON *.* TO `agent`@`%` WITH GRANT OPTION", ["ALL PRIVILEGES"]],
  ["GRANT SET USER ON *.* TO `agent`@`%`", ["SET USER"]],
  ["GRANT BINLOG_ADMIN,SET_ANY_DEFINER ON *.* TO `agent`@`%`", ["BINLOG_ADMIN", "SET_ANY_DEFINER"]],
  ["GRANT FILE ON *.* TO PUBLIC", ["FILE"]],
  ["GRANT ALL PRIVILEGES ON `shop`.* TO `agent`@`%`", []],
  ["GRANT SELECT ON `a, FILE ON *.* TO `.* TO `agent`@`%`", []],
  ["GRANT PROXY ON ``@`%` TO `agent`@`%`", []],
])("%s", (line, far) => {
  expect(farRightsOf([line])).toEqual(far);
});
