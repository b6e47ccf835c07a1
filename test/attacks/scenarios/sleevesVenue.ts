/** Strangers at the venues of the vault's sleeves: gifts, loans, reports, calls back, and the ways by which debts come down. */
import { ONE } from "../../support/arithmetic.ts";
import type { LocalHookToken } from "../../../types/ethers-contracts/local/LocalHookToken.ts";
import type { Call } from "../attacker.ts";
import { joinedBy, withoutBase } from "../honest.ts";
import type { Scenario } from "../scenario.ts";
import type { Stage } from "../stage.ts";
import { refusalOf } from "../revert.ts";
import { allAt, type Sized } from "../tactics.ts";

const DAY = 86_400;
const HOUR = 3_600;
const YEAR = 365n * 86_400n;
const PART = 250_000n * ONE;
const UNITS = 10n ** 6n;
/** More than any deposit asks for. */
const ANY = (1n << 255n) - 1n;

/** Tokens of his own to somebody, in quote units. */
async function gift(stage: Stage, to: string, quoteUnits: bigint): Promise<void> {
  const { quote } = stage.world;
  const data = quote.interface.encodeFunctionData("transfer", [to, quoteUnits * UNITS]);
  await stage.batch([{ target: await quote.getAddress(), data }]);
}

/** He enters with as much as the honest LP has. */
async function enter(stage: Stage, shares = 1_000_000n * ONE): Promise<void> {
  await stage.batch([stage.attacker.deposit(shares)]);
}

async function leave(stage: Stage): Promise<void> {
  const { attacker, venues, world } = stage;
  const shares = await world.vault.balanceOf(attacker.address);
  await stage.batch([attacker.withdraw(shares, attacker.address, await venues.exitMask(shares))]);
}

/** The vault is in the fund, and the money has settled. */
async function inFund(stage: Stage): Promise<void> {
  const { venues, world } = stage;
  await world.execute({ moves: [venues.give("asset", "quote", ONE / 2n)] });
  await world.pass(4 * DAY);
  await venues.assetSleeve.settle();
  await stage.report(stage.feed);
}

/** The fund's reporter says what a share is worth, in parts of 10,000. */
async function reportFund({ venues, world }: Stage, bps: bigint): Promise<void> {
  await (await venues.fund.connect(world.who.deployer).report((bps * ONE) / 10_000n)).wait();
}

/** A report that is wrong by so many bps when somebody enters and right when he leaves. */
function wrongReport(what: {
  readonly name: string;
  readonly about: string;
  readonly atEntry: bigint;
  readonly atExit: bigint;
  readonly acceptedBps?: number;
}): Scenario {
  const { name, about, atEntry, atExit, acceptedBps } = what;
  return {
    name,
    actor: "outsider",
    about,
    path: false,
    sleeves: true,
    ...(acceptedBps === undefined ? {} : { acceptedBps }),
    prepare: inFund,
    play: async (stage) => {
      await reportFund(stage, atEntry);
      await stage.attack(() => enter(stage));
      await stage.at(DAY);
      await reportFund(stage, atExit);
      await stage.attack(() => leave(stage));
      await stage.at(DAY + HOUR);
      await reportFund(stage, 10_000n);
    },
  };
}

/** Deleveraging or unwinding between his own trades in every pool. */
async function sandwich(stage: Stage, price: number, send: () => Promise<unknown>): Promise<void> {
  const { away, back } = allAt(stage, price);
  await stage.batch(away);
  await send();
  await stage.batch(back);
}

/** In the order of {@link doors}. */
const DOORS = [
  "withdraw",
  "withdraw with units",
  "deposit",
  "execute",
  "adoptSleeve",
  "deleverage",
  "unwind",
  "previewDeposit",
  "totals",
  "move",
  "exit",
  "redeem of the conversion",
  "redeem of the reserve",
] as const;

/** Everything of the vault's and the sleeves' that might be opened by a call from inside a transfer; as an LP with units. */
async function doors(stage: Stage): Promise<readonly Call[]> {
  const { attacker, venues, world } = stage;
  const units = await venues.units("conversion", attacker.address);
  const reserveUnits = await venues.units("reserve", attacker.address);
  return [
    attacker.withdraw(ONE),
    attacker.withdraw(ONE, attacker.address, venues.mask("conversion", "reserve")),
    attacker.vault("deposit", [ONE, ANY, ANY, attacker.address]),
    attacker.execute(await world.plan({})),
    attacker.vault("adoptSleeve", [0]),
    attacker.vault("deleverage", [0]),
    attacker.vault("unwind", [0]),
    attacker.vault("previewDeposit", [ONE]),
    attacker.vault("totals", []),
    venues.call("conversion", "move", [0, 0, 0, 0]),
    venues.call("reserve", "exit", [1, 1]),
    venues.call("conversion", "redeem", [units / 1_000n, 0, attacker.address]),
    venues.call("reserve", "redeem", [reserveUnits / 1_000n, 0, attacker.address]),
  ];
}

function underHooks(side: "base" | "quote"): Scenario {
  return {
    name: `sleeves of a ${side} token that calls back`,
    actor: "outsider",
    about: `Every transfer of the ${side} token, also those between a sleeve and its venue, calls him back: in the midst of moves, exits, redemptions, a deleveraging and an unwind he tries every door, as an LP and holder of units; what opens pays him no more than his part.`,
    path: false,
    sleeves: true,
    world: side === "base" ? { baseKind: "LocalHookToken" } : { quoteKind: "LocalHookToken", quoteIsToken0: true },
    // He has his units before the copies are made: what he gains by the price of the vault's moves is another scenario's.
    prepare: async (stage) => {
      const { attacker, venues } = stage;
      await joinedBy(stage, stage.world.who.bob, PART);
      await enter(stage, PART);
      const mask = venues.mask("conversion", "reserve");
      await stage.batch([attacker.withdraw(PART / 2n, attacker.address, mask)]);
    },
    play: async (stage) => {
      const { world, venues, attacker } = stage;
      const { alice, bob } = world.who;
      const address = await world[side].getAddress();
      const token: LocalHookToken = await world.ethers.getContractAt("LocalHookToken", address, world.who.attacker);
      await stage.attack(async () => {
        const run = attacker.contract.interface;
        const hooks = (await doors(stage)).map((call) => ({
          target: attacker.address,
          data: run.encodeFunctionData("run", [[call]]),
        }));
        await stage.act(() => token.arm(hooks));
      });
      await stage.at(60);
      await world.execute({
        moves: [
          venues.give("conversion", "quote", ONE / 20n),
          venues.take("conversion", "base", ONE / 20n),
          venues.give("reserve", "quote", ONE / 20n),
          venues.take("reserve", "quote", ONE / 20n),
        ],
      });
      await stage.leave(alice, 1_000n * ONE, 0n);
      await stage.leave(bob, PART / 2n, venues.mask("conversion", "reserve"));
      const units = await venues.units("reserve", bob.address);
      await (await venues.ledger("reserve").connect(bob).redeem(units, 0, bob.address)).wait();
      await (await world.vault.connect(world.who.guardian).unwind(venues.index("reserve"))).wait();
      await (await world.vault.connect(world.who.guardian).unwind(venues.index("conversion"))).wait();
      await stage.attack(async () => {
        const seen = await token.seen();
        const names = DOORS;
        stage.figures["callbacks"] = seen.length;
        for (const [i, name] of names.entries()) {
          const opened = seen.filter((outcome, k) => k % names.length === i && outcome.ok).length;
          if (opened > 0) stage.figures[`opened: ${name}`] = opened;
        }
        stage.operations += seen.filter((outcome) => outcome.ok).length;
        stage.must(seen.length > 50, "the token called back");
        await stage.act(() => token.disarm());
      });
      await stage.at(HOUR);
    },
  };
}

/** Base trebles in an hour: the conversion owes more than it owns, and everybody knows it. */
async function underWater(stage: Stage): Promise<void> {
  await stage.moveMarket(6_000, { feeds: "report" });
  const { owned, owed } = await stage.venues.conversion.report();
  const worth = stage.signedAtMarket(stage.venues.sorted("quote", owned, -owed));
  stage.must(worth < 0n, "it owes more than it owns");
}

/** Who lends to the conversion's market would rather have the vault's idle tokens than a bad debt. */
function rescue(what: {
  readonly name: string;
  readonly actor: Scenario["actor"];
  readonly about: string;
  readonly by: (stage: Stage) => Promise<unknown>;
}): Scenario {
  return {
    name: what.name,
    actor: what.actor,
    about: what.about,
    path: false,
    sleeves: true,
    ...(what.actor === "keeper" ? {} : { deleverages: true as const }),
    play: async (stage) => {
      await underWater(stage);
      // The reference pool's average follows.
      await stage.at(HOUR);
      await stage.attack(async () => {
        const before = await stage.venues.conversion.report();
        await what.by(stage).catch((error: unknown) => stage.refusedWith.push(refusalOf(stage.world, error)));
        const after = await stage.venues.conversion.report();
        stage.figures["repaidPart"] = 1 - Number(after.owed) / Number(before.owed);
      });
      await stage.at(2 * HOUR);
    },
  };
}

export const scenarios: readonly Scenario[] = [
  rescue({
    name: "lender has a debt under water deleveraged",
    actor: "outsider",
    about:
      "A lender deleverages a conversion that owes more than it owns: nobody has to pay for such a debt, and what the vault repays saves the lenders from a loss that is theirs.",
    by: async (stage) =>
      stage.act(() => stage.world.vault.connect(stage.world.who.stranger).deleverage(stage.venues.index("conversion"))),
  }),
  rescue({
    name: "guardian unwinds a debt under water",
    actor: "guardian",
    about: "The same by a guardian's unwind: what he costs is the budget for deleveraging at the most.",
    by: async (stage) =>
      stage.act(() => stage.world.vault.connect(stage.world.who.guardian).unwind(stage.venues.index("conversion"))),
  }),
  rescue({
    name: "keeper repays a debt under water",
    actor: "keeper",
    about: "The same by a plan that repays: what it saves the lenders is a loss of the vault's, and is charged.",
    by: async (stage) =>
      stage.strike({ plan: { moves: [stage.venues.give("conversion", "base", ONE)] } }, { measure: false }),
  }),
  {
    name: "donation to the reserve before a deposit",
    actor: "outsider",
    about:
      "He makes the reserve's shares dearer than they are believed, enters, leaves in kind and keeps a gap: newcomers pay the venue's own word, so there is none.",
    path: false,
    sleeves: true,
    play: async (stage) => {
      await stage.attack(async () => {
        await gift(stage, await stage.venues.reserve.getAddress(), 1_000_000n);
        await enter(stage);
      });
      await stage.at(HOUR);
      await stage.attack(() => leave(stage));
      await stage.at(2 * HOUR);
    },
  },
  {
    name: "interest jumps between entry and exit",
    actor: "outsider",
    about:
      "Somebody else's gift lifts the reserve by a tenth, faster than it is believed; he enters after it and leaves at once: he pays the high mark, and the gap stays with those who were there.",
    path: false,
    sleeves: true,
    play: async (stage) => {
      const { venues, world } = stage;
      await (await world.quote.mint(await venues.reserve.getAddress(), 2_000_000n * UNITS)).wait();
      await stage.attack(() => enter(stage));
      await stage.at(HOUR);
      await stage.attack(() => leave(stage));
      await stage.at(2 * HOUR);
    },
  },
  wrongReport({
    name: "wrong report before an entry, within the premium",
    about:
      "The fund's value is reported 0.9 % too low; he enters and leaves when it is mended: newcomers pay a premium of 1 %.",
    atEntry: 9_910n,
    atExit: 10_000n,
  }),
  wrongReport({
    name: "wrong report before an exit",
    about:
      "The fund's value is reported a fifth too high when he wants to leave: he can only leave with units, which are worth what the fund pays in the end.",
    atEntry: 10_000n,
    atExit: 12_000n,
  }),
  wrongReport({
    name: "wrong report far below, before an entry",
    about:
      "The fund's value is reported a tenth too low, he enters with as much as all others have and waits: what the place holds, less the premium, times what is wrong, times his part. The threat model accepts a reporter's error up to the place's cap.",
    atEntry: 9_000n,
    atExit: 10_000n,
    // Half of nine per cent (a premium of one is paid) of the six per cent of NAV that the fund holds.
    acceptedBps: 30,
  }),
  {
    name: "rate spike by a loan, to force a deleveraging",
    actor: "outsider",
    about:
      "He borrows the rest of the loan market for a moment, so that the rate is above the cap, and has the debt closed, in one transaction; and holds it for a block, which costs him interest: then the vault repays in kind, at no loss.",
    path: false,
    sleeves: true,
    play: async (stage) => {
      const { venues, attacker } = stage;
      const { lending } = venues;
      const { params, id } = lending.conversion;
      await lending.setRate(lending.conversion, null);
      await (await lending.rateModel.setRateAtTarget(id, (20n * ONE) / 100n / YEAR)).wait();
      await stage.attack(async () => {
        const { totalSupplyAssets, totalBorrowAssets } = await lending.totals(lending.conversion);
        const rest = ((totalSupplyAssets - totalBorrowAssets) * 999n) / 1_000n;
        const collateral = 10_000_000n * UNITS;
        const spike = [
          venues.morpho("supplyCollateral", [params, collateral, attacker.address, "0x"]),
          venues.morpho("borrow", [params, rest, 0, attacker.address, attacker.address]),
        ];
        const end = [
          venues.morpho("repay", [params, rest, 0, attacker.address, "0x"]),
          venues.morpho("withdrawCollateral", [params, collateral / 2n, attacker.address, attacker.address]),
        ];
        const deleverage = attacker.vault("deleverage", [venues.index("conversion")]);
        const why = await stage.refused("a rate of this moment", () => stage.batch([...spike, deleverage, ...end]));
        stage.must(why === "NothingToDeleverage", "because nothing has to be repaid");
        // A block later it is the market's rate.
        await stage.batch(spike);
        await stage.batch([deleverage, ...end]);
        const { owed } = await venues.conversion.report();
        stage.must(owed === 0n, "the debt was closed");
      });
      await stage.at(HOUR);
      await lending.setRate(lending.conversion, 0n);
    },
  },
  {
    name: "debt opened and deleveraged in turns",
    actor: "keeper",
    about:
      "The vault owes base and owns none. He lifts the rate by a loan for a block, has the debt deleveraged at the band's edge, gives the loan back, opens the debt again and sells what it brings; round after round: the budgets for losses and for deleveraging end it.",
    path: false,
    sleeves: true,
    deleverages: true,
    prepare: async (stage) => {
      const { lending } = stage.venues;
      await withoutBase(stage);
      await (await lending.rateModel.setRateAtTarget(lending.conversion.id, (20n * ONE) / 100n / YEAR)).wait();
      await lending.setRate(lending.conversion, null);
    },
    play: async (stage) => {
      const { venues, attacker, world } = stage;
      const { lending } = venues;
      const { params } = lending.conversion;
      await stage.attack(async () => {
        for (let round = 0; round < 3; round += 1) {
          await stage.at((3 * round + 1) * HOUR);
          const { totalSupplyAssets, totalBorrowAssets } = await lending.totals(lending.conversion);
          const rest = ((totalSupplyAssets - totalBorrowAssets) * 999n) / 1_000n;
          await stage.batch([
            venues.morpho("supplyCollateral", [params, 10_000_000n * UNITS, attacker.address, "0x"]),
            venues.morpho("borrow", [params, rest, 0, attacker.address, attacker.address]),
          ]);
          const deleverage = attacker.vault("deleverage", [venues.index("conversion")]);
          const { away, back } = allAt(stage, stage.market * 1.007);
          await stage.batch([...away, deleverage, ...back]);
          await stage.batch([venues.morpho("repay", [params, rest, 0, attacker.address, "0x"])]);
          const { owed } = await venues.conversion.report();
          stage.figures[`owedAfterRound${round}`] = Number(owed) / 1e18;
          await stage.at((3 * round + 2) * HOUR);
          const open: Sized = (fraction) => ({
            plan: {
              moves: [venues.take("conversion", "base", fraction)],
              swaps: [{ fee: 3_000, zeroForOne: attacker.sellsBase, fraction: ONE }],
            },
          });
          const fraction = await stage.greatest(open, 32);
          if (fraction > 0n) await stage.strike(open(fraction));
          await stage.restorePools();
        }
        const { deleverageE12 } = await world.vault.budgets();
        stage.figures["deleverageBps"] = Number(deleverageE12) / 1e8;
      });
      await lending.setRate(lending.conversion, 0n);
      await stage.at(12 * HOUR);
    },
  },
  {
    name: "deleveraging sandwiched",
    actor: "outsider",
    about:
      "The vault owes base, has none, and health falls below the floor: he moves every pool to the band's edge, deleverages and moves them back, as often as it goes: what it costs is the budget for deleveraging at the most.",
    path: false,
    sleeves: true,
    deleverages: true,
    prepare: withoutBase,
    play: async (stage) => {
      const { venues, world, attacker } = stage;
      await stage.moveMarket(3_200, { feeds: "report" });
      await stage.at(2 * HOUR);
      await stage.attack(async () => {
        const deleverage = attacker.vault("deleverage", [venues.index("conversion")]);
        const { away, back } = allAt(stage, stage.market * 1.007);
        let times = 0;
        while (times < 8 && (await stage.refusal([...away, deleverage, ...back])) === undefined) {
          await stage.batch([...away, deleverage, ...back]);
          times += 1;
        }
        stage.must(times > 0, "it passes");
        stage.figures["times"] = times;
        stage.figures["deleverageBps"] = Number((await world.vault.budgets()).deleverageE12) / 1e8;
      });
      await stage.at(3 * HOUR);
    },
  },
  {
    name: "guardian's unwind sandwiched",
    actor: "outsider",
    about:
      "The vault owes base and has none, so that an unwind must buy it: he moves every pool to the band's edge before and back after; what that costs is inside the budget for deleveraging.",
    path: false,
    sleeves: true,
    deleverages: true,
    prepare: withoutBase,
    play: async (stage) => {
      const { venues, world } = stage;
      const unwind = async (): Promise<void> => {
        await (await world.vault.connect(world.who.guardian).unwind(venues.index("conversion"))).wait();
      };
      await stage.attack(() => sandwich(stage, stage.market * 1.007, unwind));
      if (!stage.attacking) await unwind();
      const { deleverageE12, deleverageCapacityE12 } = await world.vault.budgets();
      stage.figures["deleverageBps"] = Number(deleverageE12) / 1e8;
      stage.must(deleverageE12 <= deleverageCapacityE12, "its budget holds");
      await stage.at(HOUR);
    },
  },
  {
    name: "guardian unwinds again and again beside his own pool",
    actor: "guardian",
    about:
      "He unwinds every sleeve whenever he can while he holds the pools at the band's edge and trades back: all that he costs is the budget for deleveraging, and the units' tokens stay the vault's.",
    path: false,
    sleeves: true,
    deleverages: true,
    prepare: withoutBase,
    play: async (stage) => {
      const { venues, world } = stage;
      await stage.attack(async () => {
        for (const place of ["conversion", "reserve", "conversion"] as const) {
          const guardian = world.vault.connect(world.who.guardian);
          const unwind = () => stage.act(() => guardian.unwind(venues.index(place)));
          await sandwich(stage, stage.market * 1.007, () => unwind().catch(() => undefined));
        }
        stage.must((await world.vault.sleeves()).live === 0n, "all of it is out");
      });
      await stage.at(HOUR);
    },
  },
  {
    name: "deleveraging by a holder of units",
    actor: "lp",
    about:
      "He has left with a fifth of the conversion's units and deleverages when health falls below the floor: the vault repays its part and is credited units at the band's worse end, which favours him; accepted up to the band on what is repaid.",
    path: false,
    sleeves: true,
    acceptedBps: 0.5,
    prepare: (stage) => enter(stage, PART),
    play: async (stage) => {
      const { venues, attacker } = stage;
      await stage.moveMarket(3_200, { feeds: "report" });
      await stage.attack(async () => {
        await stage.batch([attacker.withdraw(PART, attacker.address, venues.mask("conversion"))]);
        const { healthX18, floorX18 } = await venues.conversion.report();
        stage.must(healthX18 < floorX18, "it is under the floor");
        await stage.batch([attacker.vault("deleverage", [venues.index("conversion")])]);
        await stage.refused("a second time", () =>
          stage.batch([attacker.vault("deleverage", [venues.index("conversion")])]),
        );
        const units = await venues.units("conversion", attacker.address);
        await stage.batch([venues.call("conversion", "redeem", [units, 0n, attacker.address])]);
      });
      await stage.at(HOUR);
    },
  },
  {
    name: "the vault repays for a holder of half the units while the feeds are silent",
    actor: "lp",
    about:
      "He leaves with half of the conversion's units just before the feeds fall silent, when the debt is near liquidation, and has it deleveraged again and again: without a price the vault would get no units for what it repays, so nothing is repaid while others hold more than crumbs.",
    path: false,
    sleeves: true,
    prepare: (stage) => enter(stage),
    play: async (stage) => {
      const { venues, attacker } = stage;
      await stage.moveMarket(3_200, { feeds: "report" });
      await stage.attack(async () => {
        await stage.batch([attacker.withdraw(1_000_000n * ONE, attacker.address, venues.mask("conversion"))]);
        const { healthX18, floorX18 } = await venues.conversion.report();
        stage.must(healthX18 < floorX18, "it is under the floor");
      });
      await stage.at(2 * DAY, { feeds: false });
      await stage.attack(async () => {
        const deleverage = attacker.vault("deleverage", [venues.index("conversion")]);
        await stage.refused("a present", () => stage.batch([deleverage]));
      });
      await stage.at(2 * DAY + HOUR);
      await stage.attack(async () => {
        const units = await venues.units("conversion", attacker.address);
        await stage.batch([venues.call("conversion", "redeem", [units, 0n, attacker.address])]);
      });
      await stage.at(2 * DAY + 2 * HOUR);
    },
  },
  {
    name: "deleveraging with too little gas for the price",
    actor: "lp",
    about:
      "As a holder of units he deleverages with every amount of gas, so that reading the feeds might fail and the vault repay for no units: either it is credited them or nothing happens.",
    path: false,
    sleeves: true,
    acceptedBps: 0.5,
    prepare: (stage) => enter(stage, PART),
    play: async (stage) => {
      const { venues, attacker, world } = stage;
      const index = venues.index("conversion");
      await stage.moveMarket(3_200, { feeds: "report" });
      await stage.attack(async () => {
        await stage.batch([attacker.withdraw(PART, attacker.address, venues.mask("conversion"))]);
        const vault = world.addresses.vault;
        const before = await venues.units("conversion", vault);
        const call = attacker.vault("deleverage", [index]);
        const contract = attacker.contract.connect(world.who.attacker);
        let passedAt = 0;
        for (let gas = 120_000; gas <= 700_000 && passedAt === 0; gas += 10_000) {
          const passed = await contract
            .run([call], { gasLimit: gas })
            .then(async (tx) => (await tx.wait())?.status === 1)
            .catch(() => false);
          stage.operations += 1;
          if (passed) passedAt = gas;
        }
        stage.figures["gas"] = passedAt;
        stage.must(passedAt > 0, "it passes in the end");
        stage.must((await venues.units("conversion", vault)) > before, "the vault was credited units");
      });
      await stage.at(HOUR);
    },
  },
  {
    name: "stale oracle at the lending market",
    actor: "outsider",
    about:
      "The feeds are silent for two days while base rises by a tenth; the lending market goes on with the old price: he enters, liquidates, deleverages and leaves: entries and exits are in kind and the stale price is nobody's.",
    path: false,
    sleeves: true,
    play: async (stage) => {
      const { venues, attacker, world } = stage;
      const { lending } = venues;
      await stage.moveMarket(2_200, { feeds: "silent" });
      await stage.at(2 * DAY, { feeds: false });
      await stage.attack(async () => {
        await enter(stage);
        await stage.refused("a plan without a price", () => world.execute({}));
        const deleverage = attacker.vault("deleverage", [venues.index("conversion")]);
        await stage.refused("a deleveraging of a healthy debt", () => stage.batch([deleverage]));
        const sleeve = venues.address("conversion");
        await stage.refused("a liquidation of a healthy debt", () =>
          stage.batch([venues.morpho("liquidate", [lending.conversion.params, sleeve, 0, 1_000_000n, "0x"])]),
        );
      });
      await stage.at(2 * DAY + HOUR, { feeds: false });
      await stage.attack(() => leave(stage));
      await stage.at(2 * DAY + 2 * HOUR, { feeds: false });
      await stage.report(2_200);
    },
  },
  {
    name: "a stranger at the sleeves' own doors",
    actor: "outsider",
    about:
      "He calls move, exit, unwind and every function of the venues in the sleeve's name, and repays and pledges for it: doors are shut, and gifts are the vault's gain.",
    path: false,
    sleeves: true,
    play: async (stage) => {
      const { venues, attacker, world } = stage;
      const { params } = venues.lending.conversion;
      const sleeve = venues.address("conversion");
      const reserveSleeve = venues.address("reserve");
      await stage.attack(async () => {
        const me = attacker.address;
        const shut: readonly (readonly [string, Call])[] = [
          ["move", venues.call("conversion", "move", [-1, 0, 0, 0])],
          ["exit", venues.call("reserve", "exit", [1, 1])],
          ["units that he has not", venues.call("reserve", "redeem", [1, 0, me])],
          ["the vault's units", venues.call("reserve", "transferFrom", [world.addresses.vault, me, 0, 1])],
          ["unwind", attacker.vault("unwind", [0])],
          ["deleverage", attacker.vault("deleverage", [0])],
          ["a debt in its name", venues.morpho("borrow", [params, 1_000n, 0, sleeve, me])],
          ["its collateral", venues.morpho("withdrawCollateral", [params, 1_000n, sleeve, me])],
          ["its liquidation", venues.morpho("liquidate", [params, sleeve, 1_000n, 0, "0x"])],
        ];
        for (const [what, call] of shut) await stage.refused(what, () => stage.batch([call]));
        const target = await venues.reserve.getAddress();
        const data = venues.reserve.interface.encodeFunctionData("withdraw", [1_000n, me, reserveSleeve]);
        await stage.refused("its shares of the reserve", () => stage.batch([{ target, data }]));
        await stage.batch([
          venues.morpho("repay", [params, 1_000_000n, 0, sleeve, "0x"]),
          venues.morpho("supplyCollateral", [params, 1_000n, sleeve, "0x"]),
        ]);
        await gift(stage, sleeve, 1n);
        await gift(stage, reserveSleeve, 1n);
      });
      await world.execute({
        moves: [venues.give("conversion", "base", ONE), venues.take("conversion", "quote", ONE)],
      });
      await stage.at(HOUR);
    },
  },
  underHooks("base"),
  underHooks("quote"),
];
