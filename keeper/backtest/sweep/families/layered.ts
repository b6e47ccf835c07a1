/** The keeper's own strategy with its whole configuration left open: `hedge.band`, `width.multiple`, `rules.rangeShift`, ..., and `sleeves`. */
import { z } from "zod";

import { type ConfigOverrides, DEFAULT_CONFIG, StrategyConfigError } from "../../../strategy/config.ts";
import { backtestConfig, layered } from "../../strategies/layered/layered.ts";
import { signalTape } from "../../strategies/layered/signalTape.ts";
import { defineFamily, type Value } from "./family.ts";

const SLEEVES = "sleeves";

/** Every setting by its flat name, with its default; what it may be is the strategy's to say. */
const DEFAULTS: ReadonlyMap<string, number | boolean> = new Map(
  Object.entries(DEFAULT_CONFIG).flatMap(([section, value]): [string, number | boolean][] =>
    typeof value === "number"
      ? [[section, value]]
      : Object.entries(value as Readonly<Record<string, number | boolean>>).map(([key, one]) => [
          `${section}.${key}`,
          one,
        ]),
  ),
);

const shape = Object.fromEntries(
  [...DEFAULTS].map(([name, value]) => [
    name,
    typeof value === "boolean" ? z.boolean().default(value) : z.number().default(value),
  ]),
);

const schema = z.strictObject({ ...shape, [SLEEVES]: z.boolean().default(true) }).superRefine((given, context) => {
  try {
    backtestConfig(overridesOf(given));
  } catch (error) {
    if (!(error instanceof StrategyConfigError)) throw error;
    for (const message of error.problems) context.addIssue({ code: "custom", message });
  }
});

export const layeredFamily = defineFamily(schema, ({ path, tape, flow }) => {
  const signals = signalTape(path, tape, flow.perLiquidity, flow.scale);
  return (parameters) =>
    layered({
      signals,
      feeScale: flow.scale,
      overrides: overridesOf(parameters),
      sleeves: parameters[SLEEVES],
    });
});

function overridesOf(given: Readonly<Record<string, unknown>>): ConfigOverrides {
  const sections: Record<string, Record<string, Value> | Value> = {};
  for (const name of DEFAULTS.keys()) {
    const value = given[name] as Value;
    const [section = name, key] = name.split(".");
    if (key === undefined) sections[section] = value;
    else sections[section] = { ...(sections[section] as Record<string, Value> | undefined), [key]: value };
  }
  return sections;
}
