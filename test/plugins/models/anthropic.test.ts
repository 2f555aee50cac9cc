/** `llm-anthropic` against servers that speak its protocol, well and badly. */
import { anthropicDialect } from "./anthropic-dialect.ts";
import { describeModel } from "./conformance.ts";

describeModel("llm-anthropic", anthropicDialect);
