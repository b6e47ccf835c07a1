/** `npm run attacks [-- --json] [--only NAME]`: plays every attack and holds it against the bound of the theorem. */
import { readdir } from "node:fs/promises";
import { parseArgs } from "node:util";

import { network } from "hardhat";

import { parseOrExplain, WRONG_USAGE } from "../../scripts/support/args.ts";
import { documentOf, lineOf, plansOf, summaryOf, tableOf } from "./report.ts";
import { Worlds } from "./run.ts";
import type { Scenario } from "./scenario.ts";
import { passed } from "./score.ts";
import { playAll } from "./suite.ts";

const USAGE = "usage: npm run attacks [-- --json] [--only NAME] [--list] [--plans]";

/** Every transaction's, so that none is run many times over to estimate it. */
const GAS_LIMIT = 58_000_000n;

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  const values = parseOrExplain(() => parse(args), USAGE);
  if (values === undefined) return WRONG_USAGE;
  const all = await findScenarios();
  if (values.list === true) {
    process.stdout.write(all.map((scenario) => `${scenario.actor.padEnd(12)}${scenario.name}\n`).join(""));
    return 0;
  }
  const only = values.only;
  const chosen = only === undefined ? all : all.filter((scenario) => scenario.name.includes(only));
  if (chosen.length === 0) {
    process.stderr.write(`No attack has "${only ?? ""}" in its name; --list shows the names. ${USAGE}\n`);
    return WRONG_USAGE;
  }
  const worlds = new Worlds(() => network.create({ override: { gas: GAS_LIMIT } }));
  let played;
  try {
    played = await playAll(chosen, (scenario) => worlds.measure(scenario), {
      outcome: (outcome, m) => {
        if (values.plans === true) process.stderr.write(plansOf(m));
        process.stderr.write(`${passed(outcome) ? "ok  " : "FAIL"} ${lineOf(outcome)}\n`);
      },
      crash: ({ name, error }) => process.stderr.write(`FAIL ${name}: threw ${error}\n`),
    });
  } finally {
    await worlds.close();
  }
  const { outcomes, crashed } = played;
  const document = documentOf(outcomes, crashed);
  if (values.json === true) process.stdout.write(`${JSON.stringify(document)}\n`);
  else process.stdout.write(`${tableOf(outcomes)}\n${summaryOf(outcomes, crashed)}\n`);
  return document.failed === 0 ? 0 : 1;
}

function parse(args: readonly string[]) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      json: { type: "boolean" },
      only: { type: "string" },
      list: { type: "boolean" },
      plans: { type: "boolean" },
    },
  });
  return values;
}

/** Every scenario of the folder, by file. */
async function findScenarios(): Promise<readonly Scenario[]> {
  const folder = new URL("scenarios/", import.meta.url);
  const files = (await readdir(folder)).filter((file) => file.endsWith(".ts")).sort();
  const all: Scenario[] = [];
  for (const file of files) {
    const { scenarios } = (await import(new URL(file, folder).href)) as { scenarios?: readonly Scenario[] };
    if (scenarios === undefined) throw new Error(`scenarios/${file} exports no "scenarios"; add it.`);
    all.push(...scenarios);
  }
  const names = new Set<string>();
  for (const { name } of all) {
    if (names.has(name)) throw new Error(`Two attacks are called "${name}"; rename one.`);
    names.add(name);
  }
  return all;
}
