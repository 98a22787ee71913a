// A form made of the schema of configs: plain words, defaults, rare settings folded away.

import { el, field, select } from "./dom.js";

const FIRST = {
  "window.length": { label: "Samples seen at once", help: "119 samples are a second. About as long as a gesture." },
  "fit.epochs": { label: "Passes over the data, at most", help: "More take longer. Training ends earlier where more do not help." },
  "split.by": {
    label: "Tested on",
    help: "What the training has not seen, so that the accuracy is an honest one.",
    choices: { "": "other people from three on, else other takes", take: "other takes", session: "other sessions", person: "other people", leaky: "parts of takes it has seen: too good to be true" },
  },
  "decision.false_alarms_per_hour": { label: "False alarms an hour, at most", help: "With fewer, the board is more careful and misses more." },
};
const HIDDEN = ["task", "data.path", "data.labels"];

/** Fields for all settings of `config`; `changes()` are those that were changed, as key=value. */
export class Settings {
  constructor(schema, config) {
    this.schema = schema;
    this.fields = [...leaves(config, "")]
      .map(([key, value]) => ({ key, value, about: describe(schema, key) }))
      .filter(({ key, about }) => about && !HIDDEN.includes(key));
    const shown = (isFirst) => this.fields.filter(({ key }) => key in FIRST === isFirst).map((one) => this.row(one));
    this.node = el("div", {}, ...shown(true), el("details", {}, el("summary", {}, "All settings"), ...shown(false)));
  }

  row(one) {
    const { key, value, about } = one;
    const text = asText(value);
    const choices = about.enum ?? (about.type === "boolean" ? ["true", "false"] : null);
    const first = FIRST[key] ?? {};
    one.input = choices ? select([...new Set([text, ...choices.map(String)])].map((c) => [c, first.choices?.[c] ?? (c || "automatic")]), text) : el("input", { value: text, placeholder: "automatic" });
    one.before = text;
    return field(first.label ?? key, one.input, first.help ?? about.description);
  }

  changes() {
    return this.fields.filter((one) => one.input.value !== one.before).map((one) => `${one.key}=${one.input.value || "null"}`);
  }
}

const asText = (value) => (value === null ? "" : typeof value === "object" ? JSON.stringify(value) : String(value));

function* leaves(node, above) {
  for (const [name, value] of Object.entries(node)) {
    const isSection = value && typeof value === "object" && !Array.isArray(value);
    if (isSection) yield* leaves(value, `${above}${name}.`);
    else yield [above + name, value];
  }
}

/** The schema of a key such as `fit.epochs`; a network's keys are those of its own kind. */
function describe(schema, key) {
  let found = [schema];
  for (const name of key.split(".")) found = found.flatMap((one) => options(schema, one)).flatMap((one) => one.properties?.[name] ?? []);
  const [first] = found;
  if (!first) return null;
  const concrete = options(schema, first).find((one) => one.type !== "null") ?? first;
  return { ...concrete, description: first.description ?? concrete.description ?? "" };
}

function options(schema, one) {
  if (one.$ref) return options(schema, schema.$defs[one.$ref.split("/").at(-1)]);
  const several = one.anyOf ?? one.oneOf;
  return several ? several.flatMap((part) => options(schema, part)) : [one];
}
