/** Everything that somebody needs who wants to compute the same again. */
import { feeTier, grouped } from "../../../report/format.ts";
import { canonicalJson } from "../../../strategy/canonical.ts";
import { originFiles } from "../../pay/origin.ts";
import type { StudyDocument } from "../document.ts";
import { el, join, type Markup, text } from "./markup.ts";
import { listed } from "./write.ts";

/** Whose prices they are. */
export function priceSource({ data, model }: StudyDocument): string {
  return model.pool?.prices === "pool" ? "those of the pool that pays" : (data.file ?? "generated");
}

export function provenance(document: StudyDocument): Markup {
  const { data, model, configHash, seed, code, starts, layered } = document;
  const commit = code?.commit ?? null;
  const version =
    code === null
      ? "unknown"
      : `${code.version}${commit === null ? "" : `, commit ${commit}${code.changed === true ? " with changes that are in no commit" : ""}`}`;
  const facts: readonly (readonly [string, string])[] = [
    ["Data", `${priceSource(document)}, ${data.from} to ${data.to}`],
    ["Hash of the prices", data.sha256],
    ["Hash of the configuration", configHash],
    [
      "Seed",
      seed === null ? "none: nothing is drawn" : `${seed.placebos.join(" to ")} shuffled the signals of gate E's runs`,
    ],
    ["Code", version],
    ["Starts", listed(starts.map((start) => start.slice(0, 10)))],
    ["Fees", feeWords(model)],
    ...(model.pool === undefined
      ? []
      : originFiles(model.pool).map(({ file, sha256 }) => [`Hash of ${file}`, sha256] as const)),
    ...(Object.keys(layered.overrides).length === 0
      ? []
      : [["Configuration of layered where it is not the default", canonicalJson(layered.overrides)] as const]),
    ...(model.ratesSha256 !== undefined ? [["Hash of the reserve's rates", model.ratesSha256] as const] : []),
    [
      "Costs",
      `swap ${grouped(model.swap * 10_000, 1)} bp, gas ${grouped(model.gas, 2)} a rebalance, borrowing ${grouped(model.borrowRate * 100, 2)} % a year, collateral ${grouped(model.collateralYield * 100, 2)} %, reserve ${model.reserve === "default" ? `${grouped(model.reserveRate * 100, 2)} %` : "fed funds"}, liquidation at a loan-to-value of ${grouped(model.liquidationLtv * 100, 0)} %`,
    ],
    [
      "In this folder",
      "backtest.json has every figure, the CSV files have the lines and tables; docs/backtest.md says how they are computed.",
    ],
  ];
  return join([
    el(
      "dl",
      {},
      join(
        facts.map(([name, fact]) =>
          join([
            el("dt", {}, text(name)),
            el("dd", {}, name.startsWith("Hash") ? el("code", {}, text(fact)) : text(fact)),
          ]),
        ),
      ),
    ),
    el("p", {}, text("The same prices and the same configuration have the same hashes and give the same figures:")),
    el("pre", {}, text(repeat(document))),
  ]);
}

/** Folders and what lies elsewhere are left to the reader. */
function repeat({ data, model, seed, starts, strategies, layered, ablation, walkForward }: StudyDocument): string {
  const judged = strategies["layered"] !== undefined && model.pool === undefined;
  return [
    `npx strata backtest ${pricesOption(data.file, model)}--from ${shortIso(data.from)} --to ${shortIso(data.to)}`,
    `--strategies ${Object.keys(strategies).join(",")}`,
    `--fees ${model.fees} ${payOptions(model)} --starts ${starts.length}`,
    ...(judged ? [`--placebos ${seed?.placebos.at(-1) ?? 0}`] : []),
    ...(ablation === undefined ? [] : ["--ablation"]),
    ...(walkForward === undefined ? [] : ["--walk-forward"]),
    ...(layered.configFile === null ? [] : [`--config ${quoted(layered.configFile)}`]),
    ...(model.reserve === "fed funds" ? ["--inputs FOLDER"] : []),
    "--out FOLDER",
  ].join(" ");
}

type Model = StudyDocument["model"];

function feeWords({ fees, k, feeScale, pool }: Model): string {
  if (pool !== undefined)
    return `model ${fees}, measured at a pool of ${feeTier(pool.fee)} whose token${pool.quote} is the quote; prices of ${pool.prices === "pool" ? "the pool itself" : "the price file"}`;
  return `model ${fees}, k = ${String(k)}, fee variance ${feeScale?.toPrecision(6) ?? "-"} times the damped variance`;
}

/** Empty where prices are the pool's own. */
function pricesOption(file: string | null, { pool }: Model): string {
  return pool?.prices === "pool" ? "" : `--prices ${quoted(file ?? "FILE")} `;
}

function payOptions({ fees, k, pool }: Model): string {
  if (pool === undefined) return `--k ${String(k)}`;
  const files = pool.files.map(({ file }) => quoted(file)).join(" ");
  const map = pool.tickMap === null ? "" : ` --tickmap ${quoted(pool.tickMap.file)}`;
  // A tick map says its fee itself.
  const fee = pool.tickMap === null ? ` --fee ${pool.fee}` : "";
  return `${fees === "volume" ? "--pool-bars" : "--events"} ${files}${map}${fee} --quote ${pool.quote} --base-decimals ${pool.baseDecimals} --quote-decimals ${pool.quoteDecimals}`;
}

function quoted(word: string): string {
  return /^[\w./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** A date where it is midnight, else date and hour, as --from takes them. */
function shortIso(time: string): string {
  return time.endsWith("T00:00:00.000Z") ? time.slice(0, 10) : `${time.slice(0, 16)}Z`;
}
