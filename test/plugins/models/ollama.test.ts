/** `llm-ollama` against servers that speak its protocol, well and badly. */

import { describeModel } from "./conformance.ts";
import { ollamaDialect } from "./ollama-dialect.ts";

describeModel("llm-ollama", ollamaDialect);
