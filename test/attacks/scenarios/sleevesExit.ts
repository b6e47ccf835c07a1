/** LPs who leave a vault with sleeves: in states where a venue does not pay, with units, and against those who stay. */
import { SLEEVE_PLACES } from "../../../scripts/deploy/sleeves.ts";
import { ONE } from "../../support/arithmetic.ts";
import { mined, type PlanSteps } from "../../support/world.ts";
import type { Call } from "../attacker.ts";
import { joinedBy, withoutBase } from "../honest.ts";
import { refusalOf } from "../revert.ts";
import type { Scenario } from "../scenario.ts";
import type { Stage } from "../stage.ts";
import { FEED } from "../tactics.ts";

const DAY = 86_400;
const HOUR = 3_600;
const PART = 250_000n * ONE;
const RANGES = [
  [3_000, 1_200],
  [3_000, 1_800],
  [3_000, 2_400],
  [3_000, 3_000],
  [3_000, 3_600],
  [3_000, 4_200],
  [3_000, 4_800],
  [3_000, 5_400],
] as const;
/** bounds.md section 5. */
const MOST_GAS = 2_500_000n;

/** He is an LP of a fifth of the vault before the copies are made, and so is bob. */
async function insiders(stage: Stage): Promise<void> {
  await joinedBy(stage, stage.world.who.bob, PART);
  await stage.batch([stage.attacker.deposit(PART)]);
}

/** The attacker's contract leaves with a part of what it has. */
async function leave(stage: Stage, shares: bigint, mask: bigint): Promise<void> {
  await stage.batch([stage.attacker.withdraw(shares, stage.attacker.address, mask)]);
}

export const scenarios: readonly Scenario[] = [
  {
    name: "exit with an insolvent market",
    actor: "lp",
    about:
      "Base trebles within an hour, so that the conversion owes more than it owns: exits in kind are refused by the venue, he leaves first and with every mask he can; the others lose nothing by who is first.",
    path: false,
    sleeves: true,
    prepare: insiders,
    play: async (stage) => {
      const { venues } = stage;
      await stage.moveMarket(6_000, { feeds: "report" });
      await stage.attack(async () => {
        await stage.refused("his part of a position under water", () => leave(stage, PART / 2n, 0n));
        stage.must((await venues.exitMask(PART)) === venues.mask("conversion"), "the lens says why");
        await leave(stage, PART / 3n, venues.mask("conversion"));
        await leave(stage, PART / 3n, venues.mask("conversion", "reserve"));
        await leave(stage, PART / 3n, venues.mask(...SLEEVE_PLACES));
        const units = await venues.units("conversion", stage.attacker.address);
        await stage.refused("units of a position under water", () =>
          stage.batch([venues.call("conversion", "redeem", [units, 0n, stage.attacker.address])]),
        );
      });
      await stage.at(HOUR);
    },
  },
  {
    name: "exit during a liquidation",
    actor: "lp",
    about:
      "The position becomes liquidatable: he leaves half with units before a liquidator takes a part of it, half in kind afterwards, and redeems: he cannot leave the liquidation to the others.",
    path: false,
    sleeves: true,
    prepare: insiders,
    play: async (stage) => {
      const { venues, world } = stage;
      const { lending } = venues;
      const sleeve = venues.address("conversion");
      await stage.moveMarket(3_600, { feeds: "report" });
      await stage.attack(async () => {
        await stage.refused("in kind below health one", () => leave(stage, PART / 2n, 0n));
        await leave(stage, PART / 2n, venues.mask("conversion"));
      });
      const { borrowShares } = await lending.position(lending.conversion, sleeve);
      await lending.liquidate(lending.conversion, sleeve, borrowShares / 2n);
      await stage.moveMarket(2_300, { feeds: "report" });
      await stage.attack(async () => {
        await leave(stage, PART / 2n, await venues.exitMask(PART / 2n));
        const units = await venues.units("conversion", stage.attacker.address);
        await stage.batch([venues.call("conversion", "redeem", [units, 0n, stage.attacker.address])]);
      });
      stage.must((await venues.units("conversion", world.addresses.vault)) > 0n, "the vault still has its own");
      await stage.at(2 * HOUR);
    },
  },
  {
    name: "gas-limited exit",
    actor: "lp",
    about:
      "He leaves with every amount of gas up to what an exit needs, so that a venue's call might fail unseen: either all of it happens or nothing. And with four live sleeves and eight ranges an exit costs less than 2.5 million.",
    path: false,
    sleeves: true,
    prepare: async (stage) => {
      const { venues, world } = stage;
      await insiders(stage);
      await world.pass(3 * DAY);
      await stage.report(FEED);
      await world.execute({
        moves: [
          venues.give("reversal", "base", ONE / 10n),
          venues.take("reversal", "quote", ONE / 10n),
          venues.give("asset", "quote", ONE / 10n),
        ],
      });
    },
    play: async (stage) => {
      const { venues, world, attacker } = stage;
      const mask = venues.mask("asset");
      await stage.attack(async () => {
        const contract = attacker.contract.connect(world.who.attacker);
        const tries = [150, 250, 350, 450, 550, 650, 750, 850, 1_000, 1_200];
        const shares = PART / 20n;
        let refusals = 0;
        for (const thousands of tries) {
          const before = await holdings(stage);
          const call = attacker.withdraw(shares, attacker.address, mask);
          const passed = await contract
            .run([call], { gasLimit: BigInt(thousands) * 1_000n })
            .then(async (tx) => (await tx.wait())?.status === 1)
            .catch(() => false);
          stage.operations += 1;
          const after = await holdings(stage);
          if (passed) stage.must(after.shares === before.shares - shares && after.units > before.units, "all of it");
          else stage.must(after.shares === before.shares && after.units === before.units, "nothing");
          if (!passed) refusals += 1;
        }
        stage.figures["refusedForGas"] = refusals;
        stage.must(refusals > 0 && refusals < tries.length, "some were refused for gas and some were not");
      });
      await stage.at(4 * DAY);
      await world.execute({ burns: [{ index: 0 }] });
      await eightRanges(stage);
      const { gasUsed } = mined(
        await (await world.vault.connect(world.who.bob).withdraw(PART / 2n, 0, 0, world.who.bob.address, mask)).wait(),
      );
      stage.figures["exitGas"] = Number(gasUsed);
      stage.must(gasUsed <= MOST_GAS, "an exit costs at most 2.5 million gas");
    },
  },
  {
    name: "lender holds utilisation at 100 %",
    actor: "outsider",
    about:
      "He borrows all that the reserve holds and the whole loan market of the conversion, again after every payment in: LPs leave with units of the reserve, collateral is never lent, and when he has paid back the units bring their part.",
    path: false,
    sleeves: true,
    prepare: (stage) => joinedBy(stage, stage.world.who.bob, PART),
    play: async (stage) => {
      const { venues, world } = stage;
      const { bob } = world.who;
      const { reserve, lending } = venues;
      const target = await reserve.getAddress();
      const all = async (): Promise<Call> => ({
        target,
        data: reserve.interface.encodeFunctionData("lend", [await world.quote.balanceOf(target)]),
      });
      await stage.attack(async () => {
        await stage.batch([await all()]);
        await lending.drain(lending.conversion);
        stage.must((await venues.exitMask(PART)) === venues.mask("reserve"), "only the reserve cannot pay");
        await stage.refused("an exit in kind", () => world.withdraw(bob, PART / 2n));
        // A payment in by another lender is taken at once.
        await (await world.quote.mint(world.who.stranger.address, 10n ** 12n)).wait();
        await (await reserve.connect(world.who.stranger).deposit(10n ** 12n, world.who.stranger.address)).wait();
        await stage.batch([await all()]);
      });
      await stage.leave(bob, PART / 2n);
      await stage.at(HOUR);
      await stage.leave(bob, PART / 4n);
      await stage.attack(async () => {
        const data = reserve.interface.encodeFunctionData("giveBack", [await reserve.lent()]);
        await stage.batch([{ target, data }]);
        await lending.refill(lending.conversion);
      });
      await stage.at(2 * HOUR);
    },
  },
  {
    name: "units redeemed twice and passed on",
    actor: "lp",
    about:
      "He leaves with units, passes them on, redeems them in parts, once more than there are, through an operator and with units that another has: every unit pays once, and only its holder.",
    path: false,
    sleeves: true,
    prepare: insiders,
    play: async (stage) => {
      const { venues, attacker, world } = stage;
      await stage.attack(async () => {
        const person = world.who.attacker;
        const mask = venues.mask("conversion", "reserve");
        await leave(stage, PART / 2n, mask);
        for (const place of ["conversion", "reserve"] as const) {
          const units = await venues.units(place, attacker.address);
          stage.must(units > 0n, "he has units");
          const redeem = (amount: bigint, to = attacker.address): Call =>
            venues.call(place, "redeem", [amount, 0n, to]);
          await stage.batch([redeem(units / 3n)]);
          await stage.refused("more than are left", () => stage.batch([redeem(units)]));
          await stage.refused("twice in one transaction", () => stage.batch([redeem(units / 2n), redeem(units / 2n)]));
          await stage.batch([venues.call(place, "transfer", [person.address, 0n, units / 3n])]);
          await stage.refused("units that were passed on", () => stage.batch([redeem(units - units / 3n)]));
          const vault = world.addresses.vault;
          await stage.refused("the vault's units", () =>
            stage.batch([venues.call(place, "transferFrom", [vault, attacker.address, 0n, 1n])]),
          );
          await stage.act(() => venues.ledger(place).connect(person).setOperator(attacker.address, true));
          await stage.batch([venues.call(place, "transferFrom", [person.address, attacker.address, 0n, units / 3n])]);
          await stage.refused("units of another id", () =>
            stage.batch([venues.call(place, "transferFrom", [person.address, attacker.address, 1n, 1n])]),
          );
          const left = await venues.units(place, attacker.address);
          await stage.batch([redeem(left)]);
          stage.must((await venues.units(place, attacker.address)) === 0n, "none is left");
        }
      });
      await stage.at(HOUR);
    },
  },
  {
    name: "fund's tickets claimed twice",
    actor: "lp",
    about:
      "He leaves with units of the fund, redeems them in parts into tickets while the vault asks for its own, and claims before, after and again: the line pays each stretch once.",
    path: false,
    sleeves: true,
    prepare: async (stage) => {
      const { venues, world } = stage;
      await insiders(stage);
      await world.execute({ moves: [venues.give("asset", "quote", ONE / 3n)] });
      await world.pass(4 * DAY);
      await venues.assetSleeve.settle();
      await stage.report(FEED);
    },
    play: async (stage) => {
      const { venues, attacker, world } = stage;
      const target = venues.address("asset");
      const data = venues.assetSleeve.interface.encodeFunctionData("claim", [attacker.address]);
      const claim: Call = { target, data };
      const redeem = (units: bigint): Call => venues.call("asset", "redeem", [units, 0n, attacker.address]);
      let units = 0n;
      await stage.attack(async () => {
        await leave(stage, PART, venues.mask("asset"));
        units = await venues.units("asset", attacker.address);
        await stage.batch([redeem(units / 3n), claim]);
      });
      await world.execute({ moves: [venues.take("asset", "quote", ONE / 2n)] });
      await stage.attack(async () => {
        await stage.batch([redeem(units / 3n), claim, claim]);
        await stage.refused("more than are left", () => stage.batch([redeem(units)]));
      });
      await stage.at(4 * DAY);
      await stage.attack(async () => {
        await stage.batch([claim, claim]);
        const before = await world.balances(attacker.address);
        await stage.batch([claim]);
        const after = await world.balances(attacker.address);
        stage.must(before.amount0 === after.amount0 && before.amount1 === after.amount1, "nothing is paid twice");
        await stage.batch([redeem(units - 2n * (units / 3n))]);
      });
      await stage.at(8 * DAY);
      await stage.attack(async () => {
        await stage.batch([claim]);
      });
      await world.execute({ moves: [venues.take("asset", "quote", ONE / 2n)] });
      await stage.at(8 * DAY + HOUR);
    },
  },
  {
    name: "units redeemed round the keeper's moves",
    actor: "lp",
    about:
      "He leaves with units and redeems a part of them before, between and after the honest keeper's moves of the conversion and the reserve, while feed and market agree: the moves price units for those who hold them, and he gains nothing.",
    path: false,
    sleeves: true,
    // The vault's units are priced at the worse end of the band while others hold some; see docs/threat-model.md.
    acceptedBps: 0.5,
    prepare: insiders,
    play: async (stage) => {
      const { venues, attacker, world } = stage;
      const redeemPart = async (): Promise<void> => {
        for (const place of ["conversion", "reserve"] as const) {
          const units = (await venues.units(place, attacker.address)) / 3n;
          await stage.batch([venues.call(place, "redeem", [units, 0n, attacker.address])]);
        }
      };
      await stage.attack(async () => {
        await leave(stage, PART, venues.mask("conversion", "reserve"));
        await redeemPart();
      });
      await world.execute({
        moves: [venues.give("conversion", "quote", ONE / 10n), venues.give("reserve", "quote", ONE / 10n)],
      });
      await stage.attack(redeemPart);
      await world.execute({
        moves: [
          venues.give("conversion", "base", ONE / 4n),
          venues.take("conversion", "quote", ONE / 4n),
          venues.take("reserve", "quote", ONE / 4n),
        ],
      });
      await stage.attack(redeemPart);
      await stage.at(HOUR);
    },
  },
  {
    name: "dust of units to brick the vault's moves",
    actor: "lp",
    about:
      "He leaves a unit in every ledger and tries to give the vault units, before it opens, while it holds and after it has closed: the keeper's moves, exits and deposits go on, and the vault is no poorer.",
    path: false,
    sleeves: true,
    prepare: insiders,
    play: async (stage) => {
      const { venues, attacker, world } = stage;
      const vault = world.addresses.vault;
      const dust = async (place: "conversion" | "reserve"): Promise<void> => {
        await stage.refused("a gift of a unit to the vault", () =>
          stage.batch([venues.call(place, "transfer", [vault, 0n, 1n])]),
        );
      };
      await stage.attack(async () => {
        await leave(stage, PART / 1_000n, venues.mask("conversion", "reserve"));
        for (const place of ["conversion", "reserve"] as const) {
          const units = await venues.units(place, attacker.address);
          await stage.batch([venues.call(place, "redeem", [units - 10n, 0n, attacker.address])]);
          await dust(place);
        }
      });
      // All of it out: everything repaid and taken.
      await world.execute({
        moves: [
          venues.give("conversion", "base", ONE),
          venues.take("conversion", "quote", ONE),
          venues.take("reserve", "quote", ONE),
        ],
      });
      await stage.attack(async () => {
        await dust("conversion");
        await dust("reserve");
      });
      await stage.deposit(world.who.bob, 1_000n * ONE);
      await stage.at(4 * DAY);
      await world.execute({
        moves: [
          venues.give("conversion", "quote", ONE / 10n),
          venues.take("conversion", "base", ONE / 10n),
          venues.give("reserve", "quote", ONE / 10n),
        ],
      });
      await stage.leave(world.who.bob, 1_000n * ONE);
      await stage.at(4 * DAY + HOUR);
    },
  },
  {
    name: "units made coarse by a gift",
    actor: "lp",
    about:
      "He leaves with units; when the guardian has unwound the conversion he redeems all but one of them and pledges tokens to it, so that one unit is worth thousands; the keeper opens again and others leave in small parts, each of which might round to no unit.",
    path: false,
    sleeves: true,
    prepare: async (stage) => {
      await joinedBy(stage, stage.world.who.bob, PART);
      await stage.batch([stage.attacker.deposit(4n * PART)]);
    },
    play: async (stage) => {
      const { venues, attacker, world } = stage;
      const { params } = venues.lending.conversion;
      await stage.attack(async () => {
        await leave(stage, PART / 10n, venues.mask("conversion"));
      });
      // A plan cannot close it to the last unit while others hold some; an unwind can.
      await (await world.vault.connect(world.who.guardian).unwind(venues.index("conversion"))).wait();
      await stage.attack(async () => {
        const units = await venues.units("conversion", attacker.address);
        await stage.batch([venues.call("conversion", "redeem", [units - 1n, 0n, attacker.address])]);
        stage.must((await venues.conversion.totalUnits()) === 1n, "one unit is left");
        const gift = 3_000n * 10n ** 6n;
        await stage.batch([venues.morpho("supplyCollateral", [params, gift, venues.address("conversion"), "0x"])]);
      });
      await stage.at(4 * DAY);
      const reopen = { moves: [venues.give("conversion", "quote", ONE / 5n)] };
      const refused = await reopening(stage, reopen);
      stage.figures["reopeningRefused"] = refused ? 1 : 0;
      stage.figures["units"] = Number(await venues.conversion.totalUnits());
      for (let i = 0; i < 10; i += 1) await stage.leave(world.who.bob, PART / 10n);
      await stage.at(4 * DAY + HOUR);
    },
  },
  {
    name: "place kept occupied by a gift of units",
    actor: "lp",
    about:
      "The DAO has voted another sleeve into the reserve's place and the keeper has emptied the old one; he gives the vault one of his units before each adoption, so that the place should never be free.",
    path: false,
    sleeves: true,
    prepare: insiders,
    play: async (stage) => {
      const { venues, world } = stage;
      const index = venues.index("reserve");
      const args = await successorOf(stage);
      const next = await (await world.ethers.deployContract("Erc4626Sleeve", args, world.who.deployer)).getAddress();
      await stage.govern(
        world.addresses.policy,
        world.policy.interface.encodeFunctionData("setSleeve", [index, next, 3_500]),
      );
      const adopt = () => world.vault.connect(world.who.stranger).adoptSleeve(index);
      await stage.attack(async () => {
        await leave(stage, PART, venues.mask("reserve"));
        await stage.refused("an adoption while the place is full", () => stage.act(adopt));
        await stage.refused("more into a sleeve that lost its place", () =>
          world.execute({ moves: [venues.give("reserve", "quote", ONE / 10n)] }),
        );
      });
      await world.execute({ moves: [venues.take("reserve", "quote", ONE)] });
      await stage.attack(async () => {
        await stage.refused("a gift of a unit to the vault", () =>
          stage.batch([venues.call("reserve", "transfer", [world.addresses.vault, 0n, 1n])]),
        );
        const why = await refusalOfAdoption(stage, index);
        stage.figures["adoptionRefused"] = why === undefined ? 0 : 1;
        stage.must(why === undefined, "one unit as a gift does not keep the place");
      });
      if ((await refusalOfAdoption(stage, index)) === undefined) await (await adopt()).wait();
      await stage.at(4 * DAY);
    },
  },
  {
    name: "deposit with a debt that is not covered in kind",
    actor: "lp",
    about:
      "The vault owes base and owns none: who entered now would pay less than nothing for it, so deposits are closed, exits are open and take what is missing from the leaver; under the floor of health deposits close, too.",
    path: false,
    sleeves: true,
    prepare: async (stage) => {
      await insiders(stage);
      await withoutBase(stage);
    },
    play: async (stage) => {
      const { attacker, world } = stage;
      await stage.attack(async () => {
        const why = await stage.refused("a deposit", () => stage.batch([attacker.deposit(PART)]));
        stage.must(why === "DepositsClosed", "because base is owed");
        const before = await world.balances(attacker.address);
        await leave(stage, PART / 2n, 0n);
        const after = await world.balances(attacker.address);
        const base = (pair: typeof before) => (world.options.quoteIsToken0 ? pair.amount1 : pair.amount0);
        stage.must(base(after) < base(before), "he pays his part of the debt");
      });
      await stage.at(600);
      await stage.moveMarket(3_200, { feeds: "report" });
      await stage.attack(async () => {
        const why = await stage.refused("a deposit near a liquidation", () => stage.batch([attacker.deposit(PART)]));
        stage.must(why === "SleeveUnsound" || why === "DepositsClosed", "because of the debt");
        await leave(stage, PART / 4n, 0n);
      });
      await stage.at(HOUR);
    },
  },
];

/** Eight ranges, each wide enough for production's caps. */
async function eightRanges({ world }: Stage): Promise<void> {
  const part = { fraction0: ONE / 20n, fraction1: ONE / 20n };
  const mints = [];
  for (const [fee, halfWidth] of RANGES) mints.push({ ...(await world.around(fee, halfWidth)), ...part });
  await world.execute({ mints });
}

/** The honest keeper's plan, if it passes. @return whether it was refused */
async function reopening({ world }: Stage, steps: PlanSteps): Promise<boolean> {
  try {
    await world.execute(steps);
    return false;
  } catch (error) {
    refusalOf(world, error);
    return true;
  }
}

async function holdings(stage: Stage): Promise<{ readonly shares: bigint; readonly units: bigint }> {
  const { attacker, world, venues } = stage;
  return {
    shares: await world.vault.balanceOf(attacker.address),
    units: await venues.units("asset", attacker.address),
  };
}

/** What a second sleeve on the reserve is made of. */
async function successorOf({ venues, world }: Stage): Promise<unknown[]> {
  const venue = await venues.reserve.getAddress();
  const terms = { maxRate: ONE / 4n, tolerance: ONE / 1_000n, premiumBps: 0 };
  return [world.addresses.vault, venue, venue, terms];
}

async function refusalOfAdoption({ world }: Stage, index: number): Promise<string | undefined> {
  try {
    await world.vault.connect(world.who.stranger).adoptSleeve.staticCall(index);
    return undefined;
  } catch {
    return "refused";
  }
}
