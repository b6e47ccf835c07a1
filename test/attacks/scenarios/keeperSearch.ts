/** A keeper who tries whatever comes to mind. */
import { ONE, Random } from "../../support/arithmetic.ts";
import type { PlanSteps } from "../../support/world.ts";
import type { Call } from "../attacker.ts";
import type { Scenario } from "../scenario.ts";
import type { Stage, Strike } from "../stage.ts";
import { edgeOf, HIGH, LOW } from "../tactics.ts";

const TIERS = [500, 3_000, 10_000] as const;
const ROUNDS = 24;
const SEED = 20_260_101;

/** A number between two others, often one of them: losses are greatest at the ends. */
function between(random: Random, low: number, high: number): number {
  if (random.chance(0.3)) return random.chance(0.5) ? low : high;
  return low + random.next() * (high - low);
}

/** Pools pushed anywhere that the vault tolerates, a plan of any steps there, and the pools put back, in one transaction. */
async function anything(stage: Stage, random: Random): Promise<(fraction: bigint) => Strike> {
  const { attacker, world, market } = stage;
  const before: Call[] = [];
  const after: Call[] = [];
  const prices = new Map<number, number>();
  for (const fee of TIERS) {
    const price = random.chance(0.7) ? between(random, edgeOf(fee, "low"), edgeOf(fee, "high")) : market;
    prices.set(fee, price);
    if (price === market) continue;
    const own = attacker.containing(fee, price);
    const liquidity = attacker.liquidity(random.chance(0.5) ? 1e9 : 1e5);
    before.push(attacker.swapTo(fee, price, price < market ? "above" : "below"));
    if (random.chance(0.6)) {
      before.push(attacker.mint(own, liquidity));
      after.push(attacker.burn(own, liquidity), attacker.collect(own));
    }
    after.push(attacker.swapToSqrt(fee, attacker.sqrt(market), price > market === attacker.sellsBase));
  }
  const burns = (await world.book()).positions
    .filter(() => random.chance(0.7))
    .map((p) => ({ index: p.index, fraction: random.fraction() }));
  const swaps = TIERS.filter(() => random.chance(0.4)).map((fee) => ({
    fee,
    zeroForOne: random.chance(0.5),
    fraction: random.fraction() / 4n,
  }));
  const mints = TIERS.filter(() => random.chance(0.4)).map((fee) => {
    const price = prices.get(fee) ?? market;
    const width = 800 + random.int(0, 3) * 600;
    const kind = random.int(0, 2);
    const fraction = random.fraction();
    if (kind === 0) return attacker.mintOfBase(attacker.baseRange(fee, price, width), fraction);
    if (kind === 1) return attacker.mintOfQuote(attacker.quoteRange(fee, price, width), fraction);
    return { ...attacker.rangeRound(fee, price, width), fraction0: fraction, fraction1: fraction };
  });
  return (fraction) => {
    const part = (x: bigint | undefined): bigint => ((x ?? ONE) * fraction) / ONE;
    const plan: PlanSteps = {
      burns,
      swaps: swaps.map((swap) => ({ ...swap, fraction: part(swap.fraction) })),
      mints: mints.map((mint) => ({ ...mint, fraction0: part(mint.fraction0), fraction1: part(mint.fraction1) })),
    };
    return { before, plan, after };
  };
}

function randomPlans(quoteIsToken0: boolean): Scenario {
  const order = quoteIsToken0 ? "token0" : "token1";
  return {
    name: `random hostile plans, quote is ${order}`,
    actor: "keeper",
    about: `${ROUNDS} plans of random steps between random pushes of all pools, the market anywhere in the band: no plan costs more than it is charged.`,
    path: true,
    world: quoteIsToken0
      ? { quoteIsToken0, baseDecimals: 18, quoteDecimals: 6 }
      : { baseDecimals: 8, quoteDecimals: 18 },
    play: async (stage) => {
      // The world's draws and the attacker's are two streams, so that both runs see the same market.
      const world = new Random(SEED);
      const attacker = new Random(SEED + 1);
      let tried = 0;
      for (let round = 0; round < ROUNDS; round += 1) {
        await stage.at((round + 1) * 6 * 3_600);
        await stage.moveMarket(between(world, LOW * 1.000_001, HIGH * 0.999_999), { feeds: "silent" });
        await stage.attack(async () => {
          for (let attempt = 0; attempt < 6; attempt += 1) {
            const sized = await anything(stage, attacker);
            tried += 1;
            const fraction = await stage.greatest(sized, 8);
            if (fraction === 0n) continue;
            await stage.strike(sized(fraction));
            return;
          }
        });
      }
      await stage.attack(async () => {
        stage.figures["tried"] = tried;
        stage.figures["passed"] = stage.plans.length;
        const ratios = stage.plans.filter((p) => p.chargeBps > 0.1).map((p) => (p.lossBps ?? 0) / p.chargeBps);
        stage.figures["greatestPartOfCharge"] = Math.max(0, ...ratios);
        stage.must(stage.plans.length >= ROUNDS / 2, "at least half of the rounds had a plan that passes");
        await Promise.resolve();
      });
    },
  };
}

export const scenarios: readonly Scenario[] = [randomPlans(false), randomPlans(true)];
