/** Connections to MySQL or MariaDB that fall silent, and a store on it that is killed. Not in every placement: the plugin shares a thread, or has one or a process. */
import { afterAll } from "@jest/globals";
import { storageMysql } from "../../../plugins/storage-mysql/index.ts";
import { mysql } from "../../support/known-services.ts";
import { countMysql, dropMysqlTables } from "../../support/server-side.ts";
import { describeWith } from "../../support/service.ts";
import { describeKills } from "./kills.ts";
import { describeSilence } from "./silence.ts";

/** Of this run alone. */
const tablePrefix = `mofa_losses_${process.pid}_`;
const config = { url: mysql.url, tablePrefix };

await describeWith(mysql, () => {
  afterAll(() => dropMysqlTables(tablePrefix));
  describeSilence("storage-mysql", storageMysql, config);
  describeKills("storage-mysql", { plugin: storageMysql, config, count: countMysql });
});
