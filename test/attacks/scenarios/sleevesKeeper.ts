/** The keeper against LPs through their sleeves: marks, units, interest, debts, and gifts that hide a loss. */
import { ONE } from "../../support/arithmetic.ts";
import type { PlanSteps } from "../../support/world.ts";
import { joinedBy } from "../honest.ts";
import type { Scenario } from "../scenario.ts";
import type { Stage } from "../stage.ts";
import { dearestPool, edgeOf, exhaust, FEED, HIGH, LOW, lost, ownPoolSwap, type Sized } from "../tactics.ts";

const DAY = 86_400;
const HOUR = 3_600;
const YEAR = 365n * 86_400n;
const UNITS = 10n ** 6n;

/** He is an LP of so many shares before the copies are made, and leaves in the attack with the units of some sleeves. */
async function holdsShares(stage: Stage, shares = 250_000n * ONE): Promise<void> {
  await stage.batch([stage.attacker.deposit(shares)]);
}

async function leavesWith(stage: Stage, mask: bigint): Promise<void> {
  const shares = await stage.world.vault.balanceOf(stage.attacker.address);
  await stage.batch([stage.attacker.withdraw(shares, stage.attacker.address, mask)]);
}

/** A share of the reserve becomes dearer: a gift of so many quote units to all who hold it. */
async function giftToReserve(stage: Stage, quoteUnits: bigint): Promise<void> {
  const { venues, world, attacker } = stage;
  const data = world.quote.interface.encodeFunctionData("transfer", [
    await venues.reserve.getAddress(),
    quoteUnits * UNITS,
  ]);
  await stage.batch([{ target: await world.quote.getAddress(), data }]);
  stage.must((await world.quote.balanceOf(attacker.address)) > 0n, "the attacker can pay");
}

/** One part in so many of what could move at once. */
const STEPS = 20n;

/** The conversion's legs moved to and fro as a holder of the other units would like it, with the greatest step that passes. */
function seesaw(stage: Stage): readonly Sized[] {
  const { venues } = stage;
  const one = (move: NonNullable<PlanSteps["moves"]>[number]): Sized => {
    return (fraction) => ({ plan: { moves: [{ ...move, fraction }] } });
  };
  return [
    one(venues.give("conversion", "quote", ONE)),
    one(venues.take("conversion", "base", ONE)),
    one(venues.give("conversion", "base", ONE)),
    one(venues.take("conversion", "quote", ONE)),
  ];
}

/** What a hostile keeper with units can lose for the others at one end of the band. */
function atEdge(edge: number, side: string): Scenario {
  return {
    name: `keeper holds units, market at the band's ${side} end`,
    actor: "keeper",
    about: `He has left with a fifth of the conversion's units; with the market at the ${side} end of the band he has the vault buy and sell its own units by giving, borrowing, repaying and taking: each is priced at the worse end for the vault, and charged.`,
    path: false,
    sleeves: true,
    prepare: holdsShares,
    play: async (stage) => {
      await stage.moveMarket(edge, { feeds: "silent" });
      await stage.attack(async () => {
        await leavesWith(stage, stage.venues.mask("conversion"));
        for (let round = 0; round < 3; round += 1) {
          for (const sized of seesaw(stage)) {
            // In steps for which the turnover budget has room many times.
            const fraction = await stage.greatest((part) => sized(part / STEPS), 32);
            if (fraction > 0n) await stage.strike(sized(fraction / STEPS));
          }
        }
        stage.figures["lostBps"] = lost(stage);
        stage.must(stage.plans.length >= 4, "the moves passed");
      });
      await stage.at(600, { feeds: false });
    },
  };
}

export const scenarios: readonly Scenario[] = [
  {
    name: "sleeve opened and closed, again and again",
    actor: "keeper",
    about:
      "Quote into the conversion, base borrowed, repaid and the quote taken back, within one plan and over many: only roundings are lost, each is charged, and the turnover budget ends it.",
    path: false,
    sleeves: true,
    play: async (stage) => {
      const { venues } = stage;
      await stage.attack(async () => {
        const round = [
          venues.give("conversion", "quote", ONE / 10n),
          venues.take("conversion", "base", ONE / 20n),
          venues.give("conversion", "base", ONE / 20n),
          venues.take("conversion", "quote", ONE / 20n),
        ];
        let plans = 0;
        while (plans < 40 && (await stage.strikeRefusal({ plan: { moves: round } })) === undefined) {
          await stage.strike({ plan: { moves: round } }, { measure: plans % 4 === 0 });
          plans += 1;
        }
        stage.figures["plans"] = plans;
        stage.must(plans > 3, "some of them pass");
        await stage.refused("one more", () => stage.strike({ plan: { moves: round } }, { measure: false }));
      });
      await stage.at(HOUR);
    },
  },
  {
    name: "donation hides a plan's loss",
    actor: "keeper",
    about:
      "He gives 10,000 to the reserve, whose believed price does not follow; one plan takes the reserve out and sells in his own pool: what the sleeve brings above its mark must not pay for what the sale loses.",
    path: false,
    sleeves: true,
    play: async (stage) => {
      const { venues } = stage;
      await stage.attack(async () => {
        // The vault's part of it; the others in the reserve get the rest.
        await giftToReserve(stage, 2_500_000n);
        const takes = [venues.take("reserve", "quote", ONE)];
        const what = { fee: 10_000, price: edgeOf(10_000, "low"), sells: "base" } as const;
        const sized: Sized = (fraction) => ({ steps: ownPoolSwap(stage, what, { moves: takes }, fraction) });
        const fraction = await stage.greatest(sized, 256);
        stage.must(fraction > 0n, "it passes");
        const { chargeBps, lossBps } = await stage.strike(sized(fraction));
        stage.figures["chargeBps"] = chargeBps;
        stage.figures["lossBps"] = lossBps ?? Number.NaN;
        stage.must(chargeBps > 1, "the sale is charged");
        await exhaust(stage, () => dearestPool(stage), 4);
      });
      await stage.at(HOUR);
    },
  },
  {
    name: "donation before a plan that enters",
    actor: "keeper",
    about:
      "He makes the reserve's shares dear by a gift and has the vault buy them: what is bought is worth less than was paid at the believed price, and nothing goes in.",
    path: false,
    sleeves: true,
    play: async (stage) => {
      const { venues } = stage;
      await stage.attack(async () => {
        await giftToReserve(stage, 1_000_000n);
        const why = await stage.refused("money into dear shares", () =>
          stage.strike({ plan: { moves: [venues.give("reserve", "quote", ONE / 4n)] } }, { measure: false }),
        );
        stage.must(why === "ReceivedTooLittle", "because of what was received");
      });
      await stage.at(HOUR);
    },
  },
  {
    name: "written down, believed, and up again",
    actor: "keeper",
    about:
      "The reserve is written down by a fifth for an hour and made good again; the keeper holds units, moves dust meanwhile so that the low price is believed, and then has the vault sell its units at the capped mark.",
    path: false,
    sleeves: true,
    prepare: holdsShares,
    play: async (stage) => {
      const { venues, world } = stage;
      const fifth = 4_000_000n * UNITS;
      await stage.attack(async () => {
        await leavesWith(stage, venues.mask("reserve"));
      });
      await stage.at(HOUR);
      await (await venues.reserve.connect(world.who.stranger).lose(fifth)).wait();
      await stage.attack(async () => {
        await stage.strike({ plan: { moves: [venues.take("reserve", "quote", ONE / 1_000n)] } });
      });
      await stage.at(2 * HOUR);
      // The issuer makes it good.
      await (await world.quote.mint(await venues.reserve.getAddress(), fifth)).wait();
      await stage.attack(async () => {
        const sized: Sized = (fraction) => ({ plan: { moves: [venues.take("reserve", "quote", fraction)] } });
        const fraction = await stage.greatest(sized, 64);
        if (fraction > 0n) await stage.strike(sized(fraction));
        stage.figures["lostBps"] = lost(stage);
      });
      await stage.at(3 * HOUR);
    },
  },
  atEdge(HIGH, "high"),
  atEdge(LOW, "low"),
  {
    name: "debt taken to buy more collateral",
    actor: "keeper",
    about:
      "He borrows base, sells it and pledges the proceeds, round after round: opening health, the cap of the place and the turnover budget end it, and what the sales lose is charged.",
    path: false,
    sleeves: true,
    play: async (stage) => {
      const { venues, attacker, world } = stage;
      await stage.attack(async () => {
        const looping: Sized = (fraction) => ({
          plan: {
            moves: [venues.take("conversion", "base", fraction), venues.give("conversion", "quote", ONE / 2n, true)],
            swaps: [{ fee: 3_000, zeroForOne: attacker.sellsBase, fraction: ONE / 5n }],
          },
        });
        await exhaust(stage, () => looping, 4);
        await stage.at(3 * DAY);
        await exhaust(stage, () => looping, 4);
        const { healthX18, openingX18 } = await venues.conversion.report();
        stage.must(healthX18 >= openingX18, "health is at the opening floor at least");
        const { nav } = await world.lens.observe(world.addresses.vault, attacker.address);
        const { owned } = await venues.conversion.report();
        stage.figures["ownedBps"] = Number((owned * 10_000n) / nav);
        stage.must(owned * 10_000n <= nav * 4_030n, "the place's cap holds");
      });
      await stage.at(3 * DAY + HOUR);
    },
  },
  {
    name: "borrows at the floor and lets interest bleed",
    actor: "keeper",
    about:
      "As much debt as opening health allows, at the dearest rate that may be opened, for a month with a plan each week: interest fills the churn budget as it is paid; once dearer than the cap, anybody closes it.",
    // Interest is carry, which the theorem leaves out; churn counts it.
    path: true,
    sleeves: true,
    play: async (stage) => {
      const { venues, world } = stage;
      const { lending } = venues;
      await lending.setRate(lending.conversion, (24n * ONE) / 100n / YEAR);
      await stage.attack(async () => {
        const borrow: Sized = (fraction) => ({ plan: { moves: [venues.take("conversion", "base", fraction)] } });
        await stage.strike(borrow(await stage.greatest(borrow, 512)));
        const before = await venues.conversion.report();
        stage.must(before.healthX18 < (133n * ONE) / 100n, "it is at the floor");
        const paid = { churn: 0 };
        for (let week = 1; week <= 4; week += 1) {
          await stage.at(week * 7 * DAY);
          paid.churn += (await stage.strike({ plan: {} })).churnBps;
        }
        const after = await venues.conversion.report();
        const { nav } = await world.lens.observe(world.addresses.vault, stage.attacker.address);
        const interest = Number(((after.owed - before.owed) * BigInt(FEED) * 10n ** 8n) / (nav * 10n ** 12n)) / 1e4;
        stage.figures["interestBps"] = interest;
        stage.figures["churnBps"] = paid.churn;
        stage.must(interest > 1 && paid.churn > 0.95 * interest, "the churn budget saw all interest");
      });
      await stage.at(29 * DAY);
      await lending.setRate(lending.conversion, (40n * ONE) / 100n / YEAR);
      await stage.at(29 * DAY + HOUR);
      await (await world.vault.connect(world.who.stranger).deleverage(venues.index("conversion"))).wait();
      const { owed } = await venues.conversion.report();
      stage.must(owed === 0n, "anybody closed a debt that had become too dear");
    },
  },
  {
    name: "budgets drained, then the wait for a liquidation",
    actor: "keeper",
    about:
      "He spends loss, turnover and churn budgets, borrows as much as he may and hides the vault's base where it does not help; base rises by a third. The reserve for deleveraging is not his to spend: a bystander brings the debt down before anybody can liquidate.",
    path: true,
    sleeves: true,
    play: async (stage) => {
      const { venues, world } = stage;
      await stage.attack(async () => {
        const borrow: Sized = (fraction) => ({ plan: { moves: [venues.take("conversion", "base", fraction)] } });
        await stage.strike(borrow(await stage.greatest(borrow, 512)));
        const hide: Sized = (fraction) => ({ plan: { moves: [venues.give("reversal", "base", fraction)] } });
        const most = await stage.greatest(hide, 64);
        if (most > 0n) await stage.strike(hide(most));
        await exhaust(stage, () => dearestPool(stage), 12);
      });
      await stage.at(HOUR);
      const bystander = world.vault.connect(world.who.stranger);
      let saved = 0;
      for (const price of [2_100, 2_200, 2_300, 2_400, 2_500, 2_600, 2_700]) {
        await stage.moveMarket(price, { feeds: "report" });
        const { healthX18, floorX18 } = await venues.conversion.report();
        stage.must(healthX18 > ONE, "nobody could liquidate");
        if (healthX18 < floorX18) {
          await (await bystander.deleverage(venues.index("conversion"))).wait();
          saved += 1;
        }
      }
      stage.figures["deleverages"] = saved;
      await stage.attack(async () => {
        stage.must(saved > 0, "it came to a deleveraging");
        await stage.batch([]);
      });
    },
  },
  {
    name: "no allowance after any kind of move",
    actor: "keeper",
    about:
      "Every move there is, give, borrow, repay and take in each place, deleveraging by anybody and a guardian's unwind: afterwards neither vault nor sleeve lets anybody take a wei, and he tries.",
    path: false,
    sleeves: true,
    prepare: (stage) => joinedBy(stage, stage.world.who.bob, 100_000n * ONE),
    play: async (stage) => {
      const { venues, world } = stage;
      await stage.attack(async () => {
        const tenth = ONE / 10n;
        const kinds = [
          [venues.give("conversion", "quote", tenth), venues.take("conversion", "base", tenth)],
          [venues.give("conversion", "base", tenth), venues.take("conversion", "quote", tenth)],
          [venues.give("reversal", "base", tenth), venues.take("reversal", "quote", tenth)],
          [venues.give("reversal", "quote", ONE), venues.take("reversal", "base", tenth)],
          [venues.give("reserve", "quote", tenth / 10n), venues.take("reserve", "quote", tenth)],
        ];
        for (const moves of kinds) {
          await stage.strike({ plan: { moves } });
          await noAllowance(stage);
        }
        await stage.at(4 * DAY);
        await stage.strike({ plan: { moves: [venues.give("asset", "quote", tenth)] } });
        await noAllowance(stage);
        await stage.act(() => world.vault.connect(world.who.guardian).unwind(venues.index("reversal")));
        await noAllowance(stage);
        await stage.act(() => world.vault.connect(world.who.guardian).unwind(venues.index("conversion")));
        await noAllowance(stage);
      });
      await stage.at(4 * DAY + HOUR);
    },
  },
];

/** Nobody whom the vault or a sleeve has dealt with may take tokens or shares from them; he himself tries. */
async function noAllowance(stage: Stage): Promise<void> {
  const { venues, world, attacker } = stage;
  const spenders = [
    ...venues.addresses,
    venues.lending.markets.morpho,
    await venues.reserve.getAddress(),
    await venues.fund.getAddress(),
    attacker.address,
  ];
  for (const token of [world.token0, world.token1, venues.reserve, venues.fund]) {
    for (const owner of [world.addresses.vault, ...venues.addresses]) {
      for (const spender of spenders)
        stage.must((await token.allowance(owner, spender)) === 0n, `${owner} allows ${spender} nothing`);
      if ((await token.balanceOf(owner)) === 0n) continue;
      const data = token.interface.encodeFunctionData("transferFrom", [owner, attacker.address, 1n]);
      const target = await token.getAddress();
      await stage.refused("somebody else's tokens", () => stage.batch([{ target, data }]));
    }
  }
}
