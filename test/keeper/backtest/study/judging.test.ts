import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { readConfig } from "../../../../keeper/backtest/data/config.ts";
import { maxDrawdown } from "../../../../keeper/backtest/metrics/drawdown.ts";
import { DEFAULT_COSTS } from "../../../../keeper/backtest/model/costs.ts";
import { shuffledSignals } from "../../../../keeper/backtest/study/placebo.ts";
import { overfitting } from "../../../../keeper/backtest/study/overfitting.ts";
import { merged, Runs } from "../../../../keeper/backtest/study/runs.ts";
import { runStudy, type Study } from "../../../../keeper/backtest/study/study.ts";
import { studyDocument } from "../../../../keeper/backtest/report/document.ts";
import { studyText } from "../../../../keeper/backtest/report/text.ts";
import { walkForward } from "../../../../keeper/backtest/study/walkForward.ts";
import { seededRandom } from "../../../../keeper/market/random.ts";
import type { PricePath } from "../../../../keeper/market/types.ts";
import { expectClose } from "../../../support/close.ts";
import { gbm, pathOf } from "../worlds.ts";

const pause = (): Promise<void> => Promise.resolve();
const DAY = 24;

function generated(days: number, seed: number): PricePath {
  const all = gbm((days + 200) * DAY, 0.9, seed);
  return pathOf(all.slice(200 * DAY), all.slice(0, 200 * DAY));
}

describe("backtest: judging layered", function () {
  this.timeout(240_000);

  it("gives every gate its figures at both pay ratios, and the twin that holds the same delta", async () => {
    const path = generated(380, 71);
    const options = { path, k: 0.9, starts: 1, costs: DEFAULT_COSTS, reserve: null, placebos: 3, pause };
    const study: Study = await runStudy({ ...options, strategies: ["layered", "no-lp"], ablation: true });
    const gates = study.gates!;
    for (const gate of Object.values(gates)) {
      expect(gate.at.map(({ k }) => k)).to.deep.equal([0.9, 1]);
      const all = gate.at.map(({ passed }) => passed);
      expect(gate.passed).to.equal(all.includes(null) ? null : all.every((one) => one === true));
    }
    const [a, e] = [gates.A.at[0]!, gates.E.at[0]!];
    expectClose(a.figures["ratio"], a.figures["drawdown"]! / a.figures["lowestInX"]!, 1e-12);
    expect(a.passed).to.equal(a.figures["ratio"]! <= 0.5);
    expect(e.figures["p"]).to.be.within(1 / 4, 1);
    expect(gates.F.passed).to.equal(null);
    // The drawdown that X diluted with T-bills is brought to is that of `layered`, so only part of X can be held.
    expect(gates.C.at[0]!.figures["partInX"]).to.be.within(0.05, 1);

    expect(study.ablation!.map(({ rule }) => rule)).to.include.members(["hedge", "rangeShift", "reserve"]);
    const without = study.ablation!.find(({ rule }) => rule === "hedge")!.without;
    for (const { attribution } of without) expect(attribution.hedge).to.equal(0);
    const setting = { path, fees: "lvr", k: 0.9, costs: DEFAULT_COSTS, reserve: "default", placebos: 3 } as const;
    const text = studyText(study, setting);
    expect(text)
      .to.match(/^E {2}(NOT PASSED|passed) {2}placebo/m)
      .and.match(/without hedge/);
    const document = studyDocument(study, setting) as { readonly gates: unknown; readonly seed: unknown };
    expect(document.gates).to.equal(gates);
    expect(document.seed).to.deep.equal({ placebos: [1, 3] });
  });

  it("the twin follows the vault's delta and provides no liquidity", async () => {
    const runs = new Runs({ path: generated(90, 72), costs: DEFAULT_COSTS, reserve: null, pause });
    const [own, twin] = [await runs.record("layered", 0.9, 0), await runs.record("no-lp", 0.9, 0)];
    expect(twin.rangeBars).to.equal(0);
    expect(own.rangeBars).to.be.greaterThan(0);
    // Both gain and lose with the price alike: their hourly changes go together.
    const changes = (nav: Float64Array): number[] => Array.from(nav.subarray(1), (value, i) => value / nav[i]! - 1);
    expect(correlation(changes(own.nav), changes(twin.nav))).to.be.greaterThan(0.9);
  });

  it("shuffles the keeper's signals in blocks of a month, the oracle's volatility left alone", async () => {
    const runs = new Runs({ path: generated(100, 73), costs: DEFAULT_COSTS, reserve: null, pause });
    await runs.record("hold", 0.9, 0);
    const { signals } = runs;
    const [one, same, other] = [1, 1, 2].map((seed) => shuffledSignals(signals, runs.tape.root, seed));
    expect(one!.bearish).to.deep.equal(same!.bearish);
    expect(one!.month).not.to.deep.equal(other!.month);
    expect(one!.oracle).to.equal(signals.oracle);
    expect([...one!.month].toSorted()).to.deep.equal([...signals.month].toSorted());
    // Of fees the part that is no price.
    const rates = (tape: typeof signals): number[] =>
      [...tape.feeRate].map((rate, i) => rate / runs.tape.root[i]!).filter((rate) => !Number.isNaN(rate));
    const [before, after] = [rates(signals), rates(one!)].map((all) => all.toSorted((a, b) => a - b));
    for (const [i, rate] of before!.entries()) expectClose(after![i], rate, 1e-9);
    // What belongs to one mark stays together.
    const pairs = (tape: typeof signals): string[] => [...tape.month].map((month, i) => `${month} ${tape.week[i]!}`);
    expect(pairs(one!).toSorted()).to.deep.equal(pairs(signals).toSorted());
  });

  it("chooses a quarter's candidate by what lies before the quarter", async () => {
    const path = generated(560, 74);
    const candidates = [
      { name: "small", overrides: { core: { target: 0.1 } } },
      { name: "large", overrides: { core: { target: 0.6 } } },
    ];
    const runs = new Runs({ path, costs: DEFAULT_COSTS, reserve: null, pause });
    const found = await walkForward(runs, 0.9, candidates);
    expect(found.quarters.length).to.be.greaterThan(1);
    let growth = 1;
    for (const { netReturn } of found.quarters) growth *= 1 + netReturn;
    expectClose(found.joined.netReturn, growth - 1, 1e-9);
    expect(found.hindsight.sharpe!).to.be.at.least(found.joined.sharpe! - 1e-12);

    // Other prices in the last quarter change what it came to, and no choice.
    const cut = path.bars.length - 20 * DAY;
    const last = path.bars[cut - 1]!.close;
    const later = gbm(20 * DAY, 2, 75, last).map((bar, i) => ({ ...bar, time: path.bars[cut + i]!.time }));
    const changed = { ...path, bars: [...path.bars.slice(0, cut), ...later] };
    const again = await walkForward(
      new Runs({ path: changed, costs: DEFAULT_COSTS, reserve: null, pause }),
      0.9,
      candidates,
    );
    expect(again.quarters.map(({ quarter }) => quarter)).to.deep.equal(found.quarters.map(({ quarter }) => quarter));
    expect(again.quarters.at(-1)!.netReturn).not.to.equal(found.quarters.at(-1)!.netReturn);

    const short = new Runs({ path: generated(120, 76), costs: DEFAULT_COSTS, reserve: null, pause });
    const refused = await walkForward(short, 0.9, candidates).catch((error: unknown) => String(error));
    expect(refused).to.match(/the window has 120 days/);
  });

  it("finds no skill in noise, all of it in a candidate that is always better, and less than none in a trap", () => {
    const random = seededRandom(5);
    const noise = Array.from({ length: 20 }, () => Float64Array.from({ length: 600 }, () => random.normal() / 100));
    const better = noise.map((days, i) => days.map((value) => value + (i === 3 ? 0.005 : 0)));
    expect(overfitting(noise).probability).to.be.within(0.2, 0.85);
    expect(overfitting(better).probability).to.equal(0);
    expect(overfitting(better).splits).to.equal(924);
    // Good in either half of the days means bad in the other: what was best is worst.
    const trap = [1, -1].map((sign) =>
      Float64Array.from({ length: 600 }, (_, day) => (day < 300 ? sign : -sign) / 100 + random.normal() / 1e4),
    );
    expect(overfitting(trap).probability).to.be.greaterThan(0.55);
    expect(overfitting([noise[0]!]).probability).to.equal(null);
  });

  it("measures the greatest fall from a peak", () => {
    expectClose(maxDrawdown(Float64Array.of(100, 120, 90, 130, 117)), 0.25, 1e-12);
    expectClose(maxDrawdown(Float64Array.of(100, 120, 90, 130, 117), 2, 4), 0.1, 1e-12);
    expect(maxDrawdown(Float64Array.of(1, 2, 3))).to.equal(0);
  });
});

describe("backtest: a configuration file", () => {
  const folder = mkdtempSync(join(tmpdir(), "strata-config-"));
  after(() => {
    rmSync(folder, { recursive: true });
  });
  const refused = async (text: string): Promise<string> => {
    const file = join(folder, "config.json");
    writeFileSync(file, text);
    return readConfig(file).then(
      () => "taken",
      (error: unknown) => (error as Error).message,
    );
  };

  it("is taken with what it changes and with candidates", async () => {
    const file = join(folder, "good.json");
    writeFileSync(file, '{"hedge": {"band": 0.08}, "candidates": [{"name": "wide", "width": {"multiple": 2}}]}');
    expect(await readConfig(file)).to.deep.equal({
      overrides: { hedge: { band: 0.08 } },
      candidates: [{ name: "wide", overrides: { width: { multiple: 2 } } }],
    });
    expect(merged({ hedge: { band: 0.1 }, minPosition: 0.1 }, { hedge: { step: 0.2 } })).to.deep.equal({
      hedge: { band: 0.1, step: 0.2 },
      minPosition: 0.1,
    });
  });

  it("is refused with everything that is wrong in it", async () => {
    expect(await refused("{")).to.match(/is no JSON/);
    expect(await refused("[]")).to.match(/must hold an object/);
    expect(await readConfig(join(folder, "none.json")).catch(String)).to.match(/cannot be read; name a JSON file/);
    expect(await refused('{"hedge": {"bandd": 1, "step": 7}, "candidates": [{"name": "a", "core": {"target": 2}}, 3]}'))
      .to.match(/hedge.step must be a number from 0.001 to 1, not 7/)
      .and.match(/hedge.bandd is not a setting/)
      .and.match(/candidates\[0\].core.target must be a number from 0 to 1, not 2/)
      .and.match(/candidates\[1\] must be an object with a name/);
    expect(await refused('{"candidates": []}')).to.match(/candidates must be a list/);
  });
});

function correlation(a: readonly number[], b: readonly number[]): number {
  const mean = (values: readonly number[]): number => values.reduce((sum, one) => sum + one, 0) / values.length;
  const [ma, mb] = [mean(a), mean(b)];
  const sum = (of: (x: number, y: number) => number): number =>
    a.reduce((all, x, i) => all + of(x - ma, (b[i] ?? NaN) - mb), 0);
  return sum((x, y) => x * y) / Math.sqrt(sum((x) => x * x) * sum((_, y) => y * y));
}
