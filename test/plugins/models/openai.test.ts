/** `llm-openai` against servers that speak its protocol, well and badly. */
import { describeModel } from "./conformance.ts";
import { openaiDialect } from "./openai-dialect.ts";

describeModel("llm-openai", openaiDialect);
