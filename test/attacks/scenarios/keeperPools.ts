/** A keeper who makes the pools say what he likes. */
import { ONE } from "../../support/arithmetic.ts";
import type { Scenario } from "../scenario.ts";
import type { Stage, Strike } from "../stage.ts";
import {
  dearestPool,
  edgeOf,
  everything,
  exhaust,
  FEED,
  harvest,
  harvestSteps,
  HIGH,
  ownPool,
  type Sized,
  type Step,
} from "../tactics.ts";

const THIN = { 500: 200_000, 3_000: 40e6 } as const;

export const scenarios: readonly Scenario[] = [
  {
    name: "own thin pool",
    actor: "keeper",
    about:
      "But for one dollar, all liquidity of the 1 % pool is the attacker's: he sets its price at the band's edge and lets the vault sell to him there.",
    path: false,
    world: { depths: { ...THIN, 10_000: 1 } },
    play: async (stage) => {
      await stage.moveMarket(HIGH, { feeds: "silent" });
      await stage.attack(() => exhaust(stage, () => dearestPool(stage)));
    },
  },
  {
    name: "two pools skewed in opposite directions",
    actor: "keeper",
    about:
      "One plan sells base in a pool pushed down and buys it back in a pool pushed up, so that a sum over pools would see nothing.",
    path: false,
    world: { quoteIsToken0: true, depths: { ...THIN, 10_000: 1 } },
    play: async (stage) => {
      await stage.attack(() => exhaust(stage, () => twoPools(stage)));
    },
  },
  {
    name: "thirty plans in a row",
    actor: "keeper",
    about: "Thirty plans in one transaction, each below the limit of a plan: the budget counts them together.",
    path: false,
    play: async (stage) => {
      await stage.moveMarket(HIGH, { feeds: "silent" });
      await stage.attack(async () => {
        const first = await everything(stage);
        const again = { burns: [{ index: 0 }] };
        const sized: Sized = (fraction) => ({
          steps: Array.from({ length: 15 }, (_, i) =>
            harvestSteps(
              stage,
              { fee: 500, edge: edgeOf(500, "low"), width: 800, sells: "base" },
              i === 0 ? first : again,
              fraction,
            ),
          ).flat(),
        });
        const fraction = await stage.greatest(sized, 16);
        const { plans, chargeBps } = await stage.strike(sized(fraction));
        stage.must(plans === 30, "thirty plans ran");
        stage.figures["chargedByThirtyBps"] = chargeBps;
        await exhaust(stage, () => dearestPool(stage));
      });
    },
  },
  {
    name: "sandwich of its own swap",
    actor: "keeper",
    about:
      "The vault sells into a public pool down to the band's edge; the attacker sells before it and buys back after it, from the best of several prices.",
    path: false,
    world: { depths: { 500: 40e6, 3_000: 40e6, 10_000: 20_000 } },
    play: async (stage) => {
      await stage.moveMarket(HIGH, { feeds: "silent" });
      await stage.attack(async () => {
        // How far he goes before the vault does, as a part of the way from the market to the edge.
        let best = { part: 0, loss: -Infinity };
        for (const part of [0, 0.25, 0.5, 0.75, 0.9]) {
          const build = await sandwich(stage, part);
          const fraction = await stage.greatest(build, 64);
          const loss = fraction === 0n ? -Infinity : await stage.rehearse(build(fraction));
          if (loss > best.loss) best = { part, loss };
        }
        stage.figures["frontRunPart"] = best.part;
        await exhaust(stage, () => sandwich(stage, best.part), 12);
      });
    },
  },
  {
    name: "just-in-time liquidity round a plan",
    actor: "keeper",
    about:
      "At the worst price allowed, the attacker's liquidity of one tick spacing stands for one call: it takes the vault's whole swap and its fee, and is gone.",
    path: false,
    world: { baseDecimals: 18, quoteDecimals: 18 },
    play: async (stage) => {
      await stage.moveMarket(HIGH, { feeds: "silent" });
      await stage.attack(async () => {
        // In the cheapest pool the swap's whole size is at stake before the charge stops it; then in the deepest.
        await exhaust(stage, () => ownPool(stage, { fee: 500, price: edgeOf(500, "low"), sells: "base" }));
        await exhaust(stage, () => ownPool(stage, { fee: 3_000, price: edgeOf(3_000, "low"), sells: "base" }), 4);
      });
    },
  },
  {
    name: "dust plans",
    actor: "keeper",
    about:
      "A thousand plans, each of which loses next to nothing: every charge is rounded up, so that nothing is free.",
    path: false,
    play: async (stage) => {
      await stage.attack(async () => {
        const quiet = await everything(stage);
        await stage.strike({ plan: quiet }, { measure: false });
        const sellsBase = stage.attacker.sellsBase;
        for (let round = 0; round < 20; round += 1) {
          // Back and forth with a few wei and more, where one wei of rounding is most.
          const steps: Step[] = Array.from({ length: 50 }, (_, i) => ({
            plan: {
              swaps: [
                { fee: 10_000, zeroForOne: (i % 2 === 0) === sellsBase, fraction: 10n ** BigInt(7 + (round % 7)) },
              ],
            },
          }));
          await stage.strike({ steps }, { measure: round % 10 === 0 });
        }
        stage.figures["dustPlans"] = 1_000;
      });
    },
  },
  {
    name: "draining by moves between fee tiers",
    actor: "keeper",
    about:
      "All ranges go from tier to tier and back through spots at the band's edge, taken out by one plan and put in by the next so that no plan moves value between pools.",
    path: false,
    play: async (stage) => {
      await stage.moveMarket(HIGH, { feeds: "silent" });
      await stage.attack(async () => {
        const { attacker } = stage;
        // In one plan it is a move, and the turnover budget knows it.
        const out = await everything(stage);
        await stage.refused("a whole move between tiers in one plan", async () => {
          const range = attacker.rangeRound(500, FEED, 2_400);
          await stage.strike({ plan: { ...out, mints: [{ ...range, fraction0: ONE / 2n, fraction1: ONE / 2n }] } });
        });
        for (let i = 0; i < 24; i += 1) {
          const fee = i % 2 === 0 ? 500 : 3_000;
          const edge = edgeOf(fee, "low");
          await exhaust(stage, () => harvest(stage, { fee, edge, width: 840, sells: "base" }), 1);
          if ((stage.plans.at(-1)?.chargeBps ?? 0) < 0.01) break;
        }
      });
    },
  },
];

/** Base sold at the low edge of one pool and bought back at the high edge of the other, in one plan. */
async function twoPools(stage: Stage): Promise<Sized> {
  const { attacker } = stage;
  const out = await everything(stage);
  const low = edgeOf(500, "low");
  const high = edgeOf(10_000, "high");
  const below = attacker.containing(500, low);
  const above = attacker.containing(10_000, high);
  const liquidity = attacker.liquidity(1e12);
  return (fraction): Strike => ({
    before: [
      attacker.swapTo(500, low, "above"),
      attacker.mint(below, liquidity),
      attacker.swapTo(10_000, high, "below"),
      attacker.mint(above, liquidity),
    ],
    plan: {
      ...out,
      swaps: [
        { fee: 500, zeroForOne: attacker.sellsBase, fraction },
        { fee: 10_000, zeroForOne: !attacker.sellsBase, fraction },
      ],
    },
    after: [
      attacker.burn(below, liquidity),
      attacker.collect(below),
      attacker.swapTo(500, FEED, "below"),
      attacker.burn(above, liquidity),
      attacker.collect(above),
      attacker.swapTo(10_000, FEED, "above"),
    ],
  });
}

/** The vault's sale into the public pool, with the attacker before and behind it. */
async function sandwich(stage: Stage, part: number): Promise<Sized> {
  const { attacker, market } = stage;
  const out = await everything(stage);
  const edge = edgeOf(500, "low");
  const first = market + (edge - market) * part;
  return (fraction) => ({
    before: part === 0 ? [] : [attacker.swapTo(500, first, "above")],
    plan: {
      ...out,
      swaps: [{ fee: 500, zeroForOne: attacker.sellsBase, fraction, sqrtPriceLimitX96: attacker.sqrt(edge) }],
    },
    after: [attacker.swapTo(500, market, "below")],
  });
}
