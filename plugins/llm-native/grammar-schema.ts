/**
 * A JSON Schema in the words that node-llama-cpp makes a grammar of. By that the model can write nothing else, so what a grammar can
 * say holds by construction: kinds of values, names of fields (each one is written, also one that need not be), lists, enumerations,
 * alternatives and lengths. What it cannot say and what only narrows a value (`pattern`, `minimum`, `uniqueItems`) is left out here,
 * and checked when the answer is there. What cannot be said at all is refused.
 */
import { type JsonSchema, ModelError } from "../../core/index.ts";

const anything = {
  oneOf: [
    { type: ["string", "number", "boolean", "null"] },
    { type: "object", additionalProperties: true },
    { type: "array" },
  ],
} as const;
/** Those that take a value away which the rest of the schema allows. */
const unsayable = ["not", "if", "dependentSchemas", "$dynamicRef"];
const formats = ["date-time", "date", "time"];
const bounds = ["minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"] as const;
/** A grammar writes repetitions out: greater ones are left to the check. */
const repetitionsMax = 1_000;
const references = /^#\/(?:\$defs|definitions)\/([^/~%]+)$/;
const depthMax = 100;

/** @throws ModelError `model_rejected`, with where. */
export function grammarSchema(schema: JsonSchema, where: string): object {
  const defs = { ...record(schema["definitions"]), ...record(schema["$defs"]) };
  const named = Object.fromEntries(
    Object.entries(defs).map(([name, one]) => [name, converted(one, `${where}.$defs.${name}`, defs, 0)]),
  );
  const root = converted(schema, where, defs, 0);
  return Object.keys(named).length === 0 ? root : { ...root, $defs: named };
}

type Defs = Readonly<Record<string, unknown>>;

function converted(given: unknown, where: string, defs: Defs, depth: number): object {
  const refuse = (what: string) =>
    new ModelError("model_rejected", `chat: ${where} cannot be made a grammar of: ${what}`);
  if (given === true) return anything;
  if (typeof given !== "object" || given === null || Array.isArray(given))
    throw refuse(given === false ? "nothing is of it" : "it is no schema");
  if (depth > depthMax) throw refuse(`it is nested deeper than ${depthMax}`);
  const schema = given as Readonly<Record<string, unknown>>;
  const word = unsayable.find((one) => schema[one] !== undefined);
  if (word !== undefined) throw refuse(`it has ${word}`);
  const inner = (one: unknown, at: string) => converted(one, `${where}.${at}`, defs, depth + 1);

  if (typeof schema["$ref"] === "string") {
    const name = references.exec(schema["$ref"])?.[1];
    if (name === undefined || !Object.hasOwn(defs, name)) throw refuse(`${schema["$ref"]} is none of its $defs`);
    return { $ref: `#/$defs/${name}` };
  }
  if (schema["const"] !== undefined) return { const: literal(schema["const"], refuse) };
  if (Array.isArray(schema["enum"]) && schema["enum"].length > 0)
    return { enum: schema["enum"].map((one) => literal(one, refuse)) };
  const [alternatives, key] = Array.isArray(schema["anyOf"]) ? [schema["anyOf"], "anyOf"] : [schema["oneOf"], "oneOf"];
  if (Array.isArray(alternatives) && alternatives.length > 0)
    return { oneOf: alternatives.map((one: unknown, at) => inner(one, `${key}[${at}]`)) };
  if (Array.isArray(schema["allOf"])) {
    if (schema["allOf"].length !== 1) throw refuse("allOf has more than one");
    return inner(schema["allOf"][0], "allOf[0]");
  }
  const types = typesOf(schema);
  if (types.length === 0) return anything;
  const kinds = types.map((type) => ofType(type, schema, inner, refuse));
  return kinds.length === 1 ? (kinds[0] as object) : { oneOf: kinds };
}

/** What it says, or what its other words are about. */
function typesOf(schema: Readonly<Record<string, unknown>>): readonly unknown[] {
  const { type } = schema;
  if (Array.isArray(type)) return type;
  if (type !== undefined) return [type];
  if (schema["properties"] !== undefined || schema["additionalProperties"] !== undefined) return ["object"];
  return schema["items"] !== undefined || schema["prefixItems"] !== undefined ? ["array"] : [];
}

function ofType(
  type: unknown,
  schema: Readonly<Record<string, unknown>>,
  inner: (schema: unknown, at: string) => object,
  refuse: (what: string) => ModelError,
): object {
  const of = (...names: (typeof bounds)[number][]) =>
    Object.fromEntries(
      names
        .map((name) => [name, schema[name]])
        .filter(([, value]) => typeof value === "number" && value <= repetitionsMax),
    );
  switch (type) {
    case "number":
    case "integer":
    case "boolean":
    case "null":
      return { type };
    case "string":
      return formats.includes(schema["format"] as string)
        ? { type, format: schema["format"] }
        : { type, ...of("minLength", "maxLength") };
    case "array":
      return {
        type,
        ...of("minItems", "maxItems"),
        ...(schema["items"] !== undefined && { items: inner(schema["items"], "items") }),
        ...(Array.isArray(schema["prefixItems"]) && {
          prefixItems: schema["prefixItems"].map((one: unknown, at) => inner(one, `prefixItems[${at}]`)),
        }),
      };
    case "object": {
      const properties = record(schema["properties"]);
      const lacking = (Array.isArray(schema["required"]) ? schema["required"] : []).filter(
        (name: string) => !Object.hasOwn(properties, name),
      );
      if (lacking.length > 0) throw refuse(`it requires ${lacking.join(", ")}, of which properties says nothing`);
      const hasFields = Object.keys(properties).length > 0;
      const { additionalProperties: more = !hasFields } = schema;
      return {
        type,
        properties: Object.fromEntries(
          Object.entries(properties).map(([name, one]) => [name, inner(one, `properties.${name}`)]),
        ),
        // Of one that has names for its fields no others are wanted, whether it forbids them or not.
        ...(more === true
          ? !hasFields && { additionalProperties: true, ...of("minProperties", "maxProperties") }
          : more !== false && {
              additionalProperties: inner(more, "additionalProperties"),
              ...of("minProperties", "maxProperties"),
            }),
      };
    }
    default:
      throw refuse(`there is no type ${JSON.stringify(type)}`);
  }
}

function literal(value: unknown, refuse: (what: string) => ModelError): unknown {
  if (typeof value === "object" && value !== null) throw refuse("a value that is given is an object");
  return value;
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
