/** Connections to PostgreSQL that fall silent, and a store on it that is killed. Not in every placement: the plugin shares a thread, or has one or a process. */
import { afterAll } from "@jest/globals";
import { storagePostgres } from "../../../plugins/storage-postgres/index.ts";
import { postgres } from "../../support/known-services.ts";
import { countPostgres, dropPostgresSchema } from "../../support/server-side.ts";
import { describeWith } from "../../support/service.ts";
import { describeKills } from "./kills.ts";
import { describeSilence } from "./silence.ts";

/** Of this run alone. */
const schema = `mofa_losses_${process.pid}`;
const config = { url: postgres.url, schema };

await describeWith(postgres, () => {
  afterAll(() => dropPostgresSchema(schema));
  describeSilence("storage-postgres", storagePostgres, config);
  describeKills("storage-postgres", { plugin: storagePostgres, config, count: countPostgres });
});
