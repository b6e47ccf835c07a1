/** A keeper who has time. */
import { ONE } from "../../support/arithmetic.ts";
import { sqrtAtTick, type PlanSteps } from "../../support/world.ts";
import { hourlyCloses } from "../prices.ts";
import type { Scenario } from "../scenario.ts";
import type { Stage } from "../stage.ts";
import {
  dearestPool,
  edgeOf,
  everything,
  exhaust,
  FEED,
  harvest,
  HIGH,
  lost,
  LOW,
  ownPool,
  type Sized,
  type Step,
} from "../tactics.ts";

const DAY = 86_400;
const HOUR = 3_600;
/** How far the price goes before the range is put round it again. */
const WORTH_A_CHARGE = 0.0075;

export const scenarios: readonly Scenario[] = [
  {
    name: "thirty days of refills",
    actor: "keeper",
    about:
      "The whole budget on the first day, then all that has come back, for thirty days: nearly all of C + rT is lost, and no more.",
    path: true,
    world: { quoteIsToken0: true, baseDecimals: 6, quoteDecimals: 18 },
    play: async (stage) => {
      // Every fifth day, when the bucket is empty again; the market is at either end of the band by turns.
      for (let day = 0; day <= 30; day += 5) {
        await stage.at(day * DAY + 600);
        const high = day % 10 === 0;
        await stage.moveMarket(high ? HIGH : LOW, { feeds: "silent" });
        const sells = high ? "base" : "quote";
        const price = edgeOf(10_000, high ? "low" : "high");
        await stage.attack(() => exhaust(stage, () => ownPool(stage, { fee: 10_000, price, sells }), 4));
      }
      await stage.attack(async () => {
        const budget = 50 + 10 * 30;
        stage.figures["partOfBudget"] = lost(stage) / budget;
        stage.must(lost(stage) > 0.95 * budget, "the bound is tight: more than 95 % of C + rT was lost");
        await Promise.resolve();
      });
    },
  },
  {
    name: "churn every hour for a week",
    actor: "keeper",
    about:
      "On real prices of March 2020 the narrowest range that passes is minted anew every hour, so that arbitrage eats it; the budgets of loss and churn stop it.",
    path: true,
    play: async (stage) => {
      const closes = await hourlyCloses(7 * 24, stage.market);
      let centre = 0;
      for (const [hour, price] of closes.entries()) {
        await stage.at(hour * HOUR + 60, { feeds: false });
        await stage.moveMarket(price);
        await stage.attack(async () => {
          // A charge buys the next move; so none is spent before the last one is worth it.
          if (Math.abs(price / centre - 1) < WORTH_A_CHARGE) return;
          const out = await everything(stage);
          const above = stage.attacker.baseRange(500, price, 800);
          const below = stage.attacker.quoteRange(500, price, 800);
          const sized: Sized = (fraction) => ({
            plan: {
              ...out,
              mints: [stage.attacker.mintOfBase(above, fraction), stage.attacker.mintOfQuote(below, fraction)],
            },
          });
          const fraction = await stage.greatest(sized, 16);
          if (fraction > 0n) {
            await stage.strike(sized(fraction));
            centre = price;
            return;
          }
          const why = (await stage.strikeRefusal(sized(ONE / 4n))) ?? "not refused";
          stage.refusedWith.push(why);
          // The budget is full: what stands is taken out, so that the charge is made and begins to drain.
          if (why === "WidthNotAllowed" && (out.burns ?? []).length > 0) await stage.strike({ plan: out });
        });
      }
      await stage.attack(async () => {
        // The last interval is charged too.
        await stage.strike({ plan: await everything(stage) });
      });
    },
  },
  {
    name: "sequencer outage and stale feeds",
    actor: "keeper",
    about:
      "The sequencer stops, the market falls by a tenth, and the keeper tries to trade at the old price: down, in the hour of grace, and with a feed older than its heartbeat.",
    path: true,
    world: { sequencer: true },
    play: async (stage) => {
      const { world } = stage;
      const sequencer = async (down: number): Promise<void> => {
        const now = await world.now();
        await (await world.sequencerFeed.setRound(down, now, now)).wait();
      };
      const strike = async (): Promise<void> => {
        const sized = await harvest(stage, { fee: 500, edge: edgeOf(500, "low"), width: 800, sells: "base" });
        await stage.strike(sized(ONE / 4n));
      };
      await sequencer(1);
      await stage.attack(async () => {
        await stage.refused("a plan while the sequencer is down", strike);
      });
      await stage.at(2 * HOUR, { feeds: false });
      await sequencer(0);
      await stage.moveMarket(FEED * 0.9, { feeds: "silent" });
      await stage.attack(async () => {
        await stage.refused("a plan in the grace", strike);
      });
      await stage.at(3 * HOUR + 120, { feeds: false });
      await stage.attack(async () => {
        const name = await stage.refused("a plan on a feed older than its heartbeat", strike);
        stage.must(name === "FeedStale", "the stale feed was why");
      });
      // The feed wakes up at a price that is a little behind: the ordinary harvest, the ordinary budget.
      await stage.report((FEED * 0.9) / 1.007);
      await stage.attack(async () => {
        const edge = edgeOf(500, "low", stage.feed);
        await exhaust(stage, () => harvest(stage, { fee: 500, edge, width: 800, sells: "base" }), 6);
      });
    },
  },
  {
    name: "nonce and deadline games",
    actor: "keeper",
    about:
      "The same plan twice, an old plan later, two plans of one nonce in one transaction, a plan of somebody else's, a nonce that is still to come.",
    path: false,
    play: async (stage) => {
      await stage.moveMarket(HIGH, { feeds: "silent" });
      await stage.attack(async () => {
        const { world, attacker } = stage;
        const plan = await world.plan({ burns: [{ index: 0, fraction: ONE / 10n }], twapHint: 0 });
        await stage.refused("one nonce twice in one transaction", () =>
          stage.batch([attacker.execute(plan), attacker.execute(plan)]),
        );
        await stage.batch([attacker.execute(plan)]);
        await stage.refused("a replay", () => stage.batch([attacker.execute(plan)]));
        const nonce = await world.vault.planNonce();
        const later = await world.plan({ burns: [{ index: 0 }], twapHint: 0, nonce: nonce + 1n });
        await stage.refused("a nonce to come", () => stage.batch([attacker.execute(later)]));
        const held = await world.plan({ burns: [{ index: 0 }], twapHint: 0, deadline: (await world.now()) + 60 });
        await stage.at(HOUR);
        const late = await stage.refused("a plan after its deadline", () => stage.batch([attacker.execute(held)]));
        stage.must(late === "PlanExpired", "the deadline was why");
        const fresh = await world.plan({ burns: [{ index: 0 }], twapHint: 0 });
        const { stranger } = world.who;
        const other = await stage.refused("a published plan sent by a stranger", () =>
          stage.act(() => world.vault.connect(stranger).execute(fresh)),
        );
        stage.must(other === "NotKeeper", "the sender was why");
        // What remains is a keeper with a budget.
        await exhaust(stage, () => dearestPool(stage));
      });
    },
  },
  {
    name: "budget spent round a large exit and a large deposit",
    actor: "keeper",
    about:
      "Everything is taken, nine tenths of the vault leave, everything is tried again, nine times as much comes, and again: levels are parts of NAV, not amounts.",
    path: false,
    prepare: async (stage) => {
      const { bob, carol } = stage.world.who;
      await stage.deposit(bob, 9_000_000n * ONE);
      stage.lps.push(bob, carol);
    },
    play: async (stage) => {
      const { bob, carol } = stage.world.who;
      await stage.moveMarket(HIGH, { feeds: "silent" });
      const take = (): Promise<void> => stage.attack(() => exhaust(stage, () => dearestPool(stage), 6));
      await take();
      await stage.withdraw(bob, 9_000_000n * ONE);
      await take();
      await stage.deposit(carol, 9_000_000n * ONE);
      await take();
      await stage.at(DAY);
      await take();
    },
  },
  {
    name: "poked when nothing has moved",
    actor: "keeper",
    about:
      "The keeper updates the measured volatility only in hours whose price is back where it was, so that it stays low, and re-centres in all others.",
    path: true,
    play: async (stage) => {
      for (let hour = 0; hour < 36; hour += 1) {
        await stage.at(hour * HOUR + 60, { feeds: false });
        // Two per cent up, back, two per cent down, back.
        const price = FEED * ([1, 1.02, 1, 0.98][hour % 4] ?? 1);
        await stage.moveMarket(price, { feeds: "report" });
        await stage.attack(async () => {
          if (hour % 2 === 0) await stage.act(() => stage.world.oracle.connect(stage.world.who.attacker).poke());
          const out = await everything(stage);
          const range = stage.attacker.rangeRound(500, price, 800);
          const sized: Sized = (fraction) => ({
            plan: { ...out, mints: [{ ...range, fraction0: fraction, fraction1: fraction }] },
          });
          const fraction = await stage.greatest(sized, 8);
          if (fraction > 0n) await stage.strike(sized(fraction));
        });
      }
      await stage.attack(async () => {
        const { varianceE12 } = await stage.world.oracle.feeds();
        stage.figures["measuredVolatility"] = Math.sqrt(Number(varianceE12) / 1e12);
      });
    },
  },
  {
    name: "average of negative ticks",
    actor: "keeper",
    about:
      "The attacker holds the reference pool so that its mean tick is a fraction below the last one that the oracle accepts: rounding towards zero would let him in.",
    path: false,
    world: { terms: { twapBandBps: 50 } },
    play: async (stage) => {
      await stage.attack(async () => {
        const { attacker, world } = stage;
        // The lowest tick whose price is at most half a per cent below the feed's.
        const tick = attacker.tickOf(FEED * 0.995) + 1;
        stage.must(tick < 0, "the pool's ticks are negative");
        const stand = (at: number): Promise<unknown> => world.movePool(3_000, sqrtAtTick(at) + 1n);
        await stand(tick);
        await stage.at(2 * HOUR);
        const inside = await harvest(stage, { fee: 500, edge: edgeOf(500, "low"), width: 800, sells: "base" });
        stage.must(
          (await stage.strikeRefusal(inside(ONE / 8n))) === undefined,
          "at the last tick inside a plan passes",
        );
        // One second a tick lower: the mean is now a two-thousandth of a tick below the last accepted one.
        await stand(tick - 1);
        await stand(tick);
        const name = await stage.refused("a plan at a mean tick just outside", () => stage.strike(inside(ONE / 8n)));
        stage.must(name === "TwapOutsideBand", "the average was why");
        await stage.at(4 * HOUR);
        await exhaust(
          stage,
          () => harvest(stage, { fee: 500, edge: edgeOf(500, "low"), width: 800, sells: "base" }),
          4,
        );
      });
      await stage.at(5 * HOUR);
    },
  },
  {
    name: "market outside the band",
    actor: "keeper",
    about:
      "Outside the theorem: the market has gone 3 % ahead of a feed that has not answered. Every pool follows it, but for the one transaction in which the attacker holds the reference pool inside the band, at the cost of its fee both ways.",
    path: false,
    expectedToExceed: true,
    play: async (stage) => {
      await stage.moveMarket(FEED * 1.03, { feeds: "silent" });
      await stage.attack(async () => {
        const inBand = edgeOf(3_000, "high");
        const next = async (): Promise<Sized> => {
          const out = await everything(stage);
          const { attacker } = stage;
          return (fraction) => ({
            steps: [
              attacker.swapTo(3_000, inBand, "above"),
              ...harvestOf(stage, out, fraction),
              attacker.swapTo(3_000, stage.market, "below"),
            ],
          });
        };
        await exhaust(stage, next, 10);
      });
    },
  },
];

/** A harvest of base whose market is far above the band. */
function harvestOf(stage: Stage, out: PlanSteps, fraction: bigint): readonly Step[] {
  const { attacker } = stage;
  const edge = edgeOf(500, "low");
  const range = attacker.baseRange(500, edge, 800);
  return [
    { plan: out },
    attacker.swapTo(500, edge, "above"),
    { plan: { mints: [attacker.mintOfBase(range, fraction)] } },
    attacker.swapTo(500, stage.market, "below"),
  ];
}
