/** A keeper against a lagging price. */
import type { Scenario } from "../scenario.ts";
import { edgeOf, everything, exhaust, harvest, HIGH, LOW, ownPool, type Harvest, type Sized } from "../tactics.ts";
import type { Stage } from "../stage.ts";

/** Four harvests, then the rest of the budget through the dearest pool, whose liquidity is all the attacker's. */
async function dump(stage: Stage, sells: "base" | "quote"): Promise<void> {
  const side = sells === "base" ? "low" : "high";
  await exhaust(stage, () => harvest(stage, { fee: 500, edge: edgeOf(500, side), width: 800, sells }), 4);
  await exhaust(stage, () => ownPool(stage, { fee: 10_000, price: edgeOf(10_000, side), sells }));
}

export const scenarios: readonly Scenario[] = [
  {
    name: "stale-feed harvest, market at the high end",
    actor: "keeper",
    about:
      "The market is 0.75 % above the feed; the vault mints base at the band's low end, is bought through, and sells the rest there.",
    path: false,
    play: async (stage) => {
      await stage.moveMarket(HIGH, { feeds: "silent" });
      await stage.attack(() => dump(stage, "base"));
    },
  },
  {
    name: "stale-feed harvest, market at the low end",
    actor: "keeper",
    about:
      "The mirror image with the tokens in the other order and other decimals: quote is minted at the band's high end.",
    path: false,
    world: { quoteIsToken0: true, baseDecimals: 8, quoteDecimals: 18 },
    play: async (stage) => {
      await stage.moveMarket(LOW, { feeds: "silent" });
      await stage.attack(() => dump(stage, "quote"));
    },
  },
  {
    name: "market swings from end to end of the band",
    actor: "keeper",
    about:
      "Base is harvested at the high end and quote at the low end, back and forth, while the feed has no reason to answer.",
    path: true,
    play: async (stage) => {
      for (let i = 0; i < 6; i += 1) {
        await stage.moveMarket(i % 2 === 0 ? HIGH : LOW, { feeds: "silent" });
        await stage.attack(async () => {
          const what: Harvest =
            i % 2 === 0
              ? { fee: 500, edge: edgeOf(500, "low"), width: 800, sells: "base" }
              : { fee: 500, edge: edgeOf(500, "high"), width: 800, sells: "quote" };
          await exhaust(stage, () => harvest(stage, what), 3);
        });
      }
    },
  },
  {
    name: "one-sided ranges just above spot",
    actor: "keeper",
    about:
      "No lag at all: the attacker makes the cheap spot himself, has base minted just above it and buys through, until the budget is spent.",
    path: false,
    play: async (stage) => {
      await stage.attack(() => dump(stage, "base"));
    },
  },
  {
    name: "greatest range at the edge of policy",
    actor: "keeper",
    about:
      "Governance allows ranges of 1.2 %; of all widths the one that loses most is minted at the band's edge, as much as the arbitrage limit allows.",
    path: false,
    world: { caps: { minHalfWidth: 60 } },
    play: async (stage) => {
      await stage.moveMarket(HIGH, { feeds: "silent" });
      await stage.attack(async () => {
        const at = (width: number): Harvest => ({ fee: 500, edge: edgeOf(500, "low"), width, sells: "base" });
        const width = await worstWidth(stage, [120, 160, 200, 300, 400, 800], at);
        stage.figures["widthTicks"] = width;
        await exhaust(stage, () => harvest(stage, at(width)), 12);
      });
    },
  },
  {
    name: "range in the reference pool at the band's edge",
    actor: "keeper",
    about:
      "The attacker holds the reference pool at the band's low end until its TWAP says so too, mints base there and buys through.",
    path: false,
    play: async (stage) => {
      await stage.moveMarket(HIGH, { feeds: "silent" });
      await stage.attack(async () => {
        const { attacker, market } = stage;
        const edge = edgeOf(3_000, "low");
        await stage.batch([attacker.swapTo(3_000, edge, "above")]);
        await stage.at(3_600);
        const range = attacker.baseRange(3_000, edge, 840);
        const out = await everything(stage);
        const first: Sized = (fraction) => ({
          steps: [
            { plan: { ...out, mints: [attacker.mintOfBase(range, fraction)] } },
            attacker.swapTo(3_000, market, "below"),
          ],
        });
        await stage.strike(first(await stage.greatest(first)));
        // The average follows slowly; spot and average go on to agree with the feeds for whatever the plan needs.
        await exhaust(stage, () => harvest(stage, { fee: 3_000, edge, width: 840, sells: "base" }), 8);
      });
      await stage.at(2 * 3_600);
    },
  },
];

/** Tries widths on copies of the chain. */
async function worstWidth(stage: Stage, widths: readonly number[], at: (width: number) => Harvest): Promise<number> {
  let best = { width: widths[0] ?? 800, loss: -Infinity };
  for (const width of widths) {
    const build = await harvest(stage, at(width));
    const fraction = await stage.greatest(build, 64);
    if (fraction === 0n) continue;
    const loss = await stage.rehearse(build(fraction));
    if (loss > best.loss) best = { width, loss };
  }
  return best.width;
}
