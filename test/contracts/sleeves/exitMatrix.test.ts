/**
 * Every sleeve fails, in turn and in pairs, and all LPs still leave with their part: in tokens where the venue pays, in units
 * where it does not, by the mask that the lens names and no other bit. Then what failed is healed, the units are redeemed, and
 * everybody has what he would have had.
 */
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import { expect } from "chai";
import { network } from "hardhat";

import { abs, divUp, max, min, ONE, type Pair2 } from "../../support/arithmetic.ts";
import { figure } from "../../support/figures.ts";
import { minus } from "../../support/fuzz/exact.ts";
import { mined, ORDERS, type World } from "../../support/world.ts";
import { cites, INVARIANT } from "../invariants.ts";
import { ALL_UNITS } from "./assetSleeves.ts";
import {
  collectFund,
  CONVERSION_FAILURES,
  estate,
  FUND_FAILURES,
  LOAN_FAILURES,
  OBSTACLE,
  openHouse,
  placesOf,
  PLACE,
  RESERVE_FAILURES,
  settle,
  type Failure,
  type Heal,
  type House,
} from "./house.ts";

const connection = await network.create();
const { networkHelpers } = connection;

const MAX_EXIT_GAS = 2_500_000n;
/**
 * Wei of each token by which one exit may miss its part beside a unit of each range's liquidity: a wei for each of eight ranges, their fees
 * and the idle tokens, and two for each of four sleeves (its debt up and its asset down). What one loses those who stay gain.
 */
const ROUNDINGS = 26n;
/** Everybody leaves once, and one of them twice. */
const EXITS = 4n;

interface Got {
  readonly lp: HardhatEthersSigner;
  readonly shares: bigint;
  readonly before: Pair2;
}

/** Everything before anything fails. */
interface Estate extends Pair2 {
  readonly supply: bigint;
  readonly slack: Pair2;
}

/** Greatest figures of the suite; `miss` in 1e18ths of the part. */
const greatest = { gas: 0n, where: "", miss: 0n };

async function redeemable(house: House, lp: HardhatEthersSigner): Promise<readonly bigint[]> {
  return Promise.all(placesOf(house).map((sleeve) => sleeve.balanceOf(lp.address, 0)));
}

/** One exit by the lens's word: no bit of the mask can be spared, and all comes as it was previewed. */
async function leave(
  house: House,
  lp: HardhatEthersSigner,
  shares: bigint,
  failures: readonly Failure[],
): Promise<void> {
  const { world } = house;
  const vault = world.vault.connect(lp);
  const { mask, why } = await world.lens.exitMask(world.addresses.vault, shares);
  const expected = [OBSTACLE.None, OBSTACLE.None, OBSTACLE.None, OBSTACLE.None] as bigint[];
  for (const failure of failures) expected[failure.place] = failure.why;
  expect([...why]).to.deep.equal(expected);
  expect(mask).to.equal(failures.reduce((bits, failure) => bits | (1n << BigInt(failure.place)), 0n));
  for (const { place, name } of failures) {
    const spared = mask & ~(1n << BigInt(place));
    const refused = await vault.withdraw.staticCall(shares, 0, 0, lp.address, spared).then(
      () => false,
      () => true,
    );
    expect(refused, `${name}: leaves without its units`).to.equal(true);
  }
  const preview = await world.lens.previewWithdraw(world.addresses.vault, shares, mask);
  const [had, held] = [await world.balances(lp.address), await redeemable(house, lp)];
  const { gasUsed } = mined(await (await vault.withdraw(shares, 0, 0, lp.address, mask)).wait());
  expect(minus(await world.balances(lp.address), had)).to.deep.equal({
    amount0: preview.amount0 - preview.paidIn0,
    amount1: preview.amount1 - preview.paidIn1,
  });
  const holds = await redeemable(house, lp);
  expect(holds.map((units, i) => units - (held[i] ?? 0n))).to.deep.equal([...preview.units]);
  expect(gasUsed <= MAX_EXIT_GAS, `an exit costs ${gasUsed} gas`).to.equal(true);
  if (gasUsed <= greatest.gas) return;
  greatest.gas = gasUsed;
  greatest.where = failures.map(({ name }) => name).join(" and ") || "all sleeves paying";
}

async function redeemAll(house: House): Promise<void> {
  const { lps, sleeves } = house;
  await settle(house);
  for (const lp of lps) {
    for (const sleeve of placesOf(house)) {
      const units = await sleeve.balanceOf(lp.address, 0);
      if (units !== 0n) await sleeve.connect(lp).redeem(units, 0, lp.address);
    }
  }
  await settle(house);
  for (const lp of lps) await sleeves.fund.connect(lp).claim(lp.address);
}

/** What all exits of a case may miss: see ROUNDINGS. */
async function doubt({ world }: House): Promise<Pair2> {
  let [amount0, amount1] = [ROUNDINGS, ROUNDINGS];
  for (const p of (await world.book()).positions) {
    amount0 += divUp(p.amount0, p.liquidity);
    amount1 += divUp(p.amount1, p.liquidity);
  }
  return { amount0: amount0 * EXITS, amount1: amount1 * EXITS };
}

/** Each LP's part of everything, to the stated roundings; and all of them together. */
async function expectParts(house: House, all: Estate, list: readonly Got[]): Promise<void> {
  const { supply, slack } = all;
  const { world } = house;
  let [sum0, sum1, shares] = [0n, 0n, 0n];
  for (const { lp, shares: his, before } of list) {
    const got = minus(await world.balances(lp.address), before);
    for (const [is, whole, most] of [
      [got.amount0, all.amount0, slack.amount0],
      [got.amount1, all.amount1, slack.amount1],
    ] as const) {
      const part = (whole * his) / supply;
      expect(abs(is - part) <= most, `got ${is} of a part of ${part}, not within ${most}`).to.equal(true);
      greatest.miss = max(greatest.miss, (abs(is - part) * ONE) / part);
    }
    [sum0, sum1, shares] = [sum0 + got.amount0, sum1 + got.amount1, shares + his];
  }
  // The locked shares are the vault's for ever.
  expect(shares).to.equal(supply - 1_000n);
  for (const [sum, whole, most] of [
    [sum0, all.amount0, slack.amount0],
    [sum1, all.amount1, slack.amount1],
  ] as const) {
    expect(sum <= whole, `all together got ${sum} of ${whole}`).to.equal(true);
    expect(sum >= (whole * shares) / supply - most, `only ${sum} of ${whole}`).to.equal(true);
  }
}

/** What stays is the locked shares' part, rounded up by a unit and exit. */
async function expectUnitsGone(house: House, supply: bigint): Promise<void> {
  for (const sleeve of placesOf(house)) {
    const own = await sleeve.balanceOf(house.world.addresses.vault, 0);
    expect(await sleeve.totalUnits()).to.equal(own);
    expect(own <= (ALL_UNITS * 1_000n) / supply + EXITS + 1n, `${own} units are left`).to.equal(true);
  }
}

async function allLeave(house: House, failures: readonly Failure[]): Promise<void> {
  const { world, lps } = house;
  const supply = await world.vault.effectiveSupply();
  const all = { ...(await estate(house)), supply, slack: await doubt(house) };
  const list: Got[] = [];
  for (const lp of lps) {
    list.push({ lp, shares: await world.vault.balanceOf(lp.address), before: await world.balances(lp.address) });
  }
  // A plan of the keeper's asks the fund; it reads every sleeve, so it comes before anything fails.
  const heals: Heal[] = [];
  const fundFirst = [...failures].sort((a, b) => Number(b.place === PLACE.fund) - Number(a.place === PLACE.fund));
  for (const failure of fundFirst) heals.push(await failure.fail(house));
  for (const [i, { lp, shares }] of list.entries()) {
    if (i === 0) await leave(house, lp, shares / 3n, failures);
    await leave(house, lp, i === 0 ? shares - shares / 3n : shares, failures);
  }
  for (const heal of heals.reverse()) await heal();
  await redeemAll(house);
  await expectParts(house, all, list);
  await expectUnitsGone(house, supply);
}

/** Each failure of one sleeve meets each sleeve: as many pairs as the longer list has. */
function pairsOf(lists: readonly (readonly Failure[])[]): readonly (readonly [Failure, Failure])[] {
  const pairs: (readonly [Failure, Failure])[] = [];
  lists.forEach((first, i) => {
    for (const second of lists.slice(i + 1)) {
      for (let k = 0; k < Math.max(first.length, second.length); k++) {
        const [a, b] = [first[k % first.length], second[k % second.length]];
        if (a !== undefined && b !== undefined) pairs.push([a, b]);
      }
    }
  });
  return pairs;
}

const PAYING = [CONVERSION_FAILURES, RESERVE_FAILURES, LOAN_FAILURES];
const LISTS = [...PAYING, FUND_FAILURES];
const first = (list: readonly Failure[]): Failure => {
  const [failure] = list;
  if (failure === undefined) throw new Error("a sleeve without failures");
  return failure;
};
const CASES: readonly (readonly Failure[])[] = [
  [],
  ...LISTS.flatMap((list) => list.map((failure) => [failure])),
  ...pairsOf(LISTS),
  PAYING.map(first),
  LISTS.map(first),
  LISTS.map((list) => list[list.length - 1] ?? first(list)),
];

const withFund = (failures: readonly Failure[]): boolean => failures.some(({ place }) => place === PLACE.fund);

/** The worlds are alike in what they prove, so pairs alternate between them; single failures run in both. */
function belongs(failures: readonly Failure[], index: number, quoteIsToken0: boolean): boolean {
  return failures.length !== 2 || (index % 2 === 1) === quoteIsToken0;
}

for (const { name, quoteIsToken0 } of ORDERS) {
  describe(`contracts/sleeves/exitMatrix: ${name}`, () => {
    async function withShares(): Promise<House> {
      return openHouse(connection, quoteIsToken0);
    }
    async function withCash(): Promise<House> {
      const house = await openHouse(connection, quoteIsToken0);
      await collectFund(house);
      return house;
    }
    const cases = CASES.filter((failures, i) => belongs(failures, i, quoteIsToken0));

    for (const fixture of [withCash, withShares]) {
      for (const failures of cases) {
        if (withFund(failures) !== (fixture === withShares)) continue;
        const names = failures.map((failure) => failure.name).join(" and ");
        it(
          cites(
            names === "" ? "nothing fails: all leave in kind" : `${names}: all leave, and lose nothing by it`,
            INVARIANT.WITHDRAW_SLEEVES,
            INVARIANT.WITHDRAW_MASK,
            INVARIANT.UNITS_BACKED,
          ),
          async () => {
            await allLeave(await networkHelpers.loadFixture(fixture), failures);
          },
        );
      }
    }

    after(() => {
      figure(`dearest exit: ${greatest.gas} gas (${greatest.where}); farthest from a part: ${greatest.miss}e-18 of it`);
    });
  });

  describe(`contracts/sleeves/exitMatrix: whose part does not cover his debt, ${name}`, () => {
    const base1 = quoteIsToken0;
    /** The borrowed base is sold, and most of the vault's own with it. */
    async function short(): Promise<House> {
      const house = await openHouse(connection, quoteIsToken0);
      await collectFund(house);
      const { world, lending } = house;
      await lending.setRate(lending.conversion, ONE / 10n / 31_536_000n);
      const { positions } = await world.book();
      await world.execute({
        burns: positions.map(({ index }) => ({ index })),
        moves: [
          { sleeve: PLACE.loan, take: false, token1: !base1, fraction: ONE },
          { sleeve: PLACE.loan, take: true, token1: base1, fraction: ONE },
        ],
        swaps: [{ fee: 500, zeroForOne: !base1, fraction: (99n * ONE) / 100n }],
      });
      return house;
    }

    /** The lens's word for the second in which the exit is then made: a debt grows. */
    async function previewed(world: World, shares: bigint) {
      await networkHelpers.time.setNextBlockTimestamp((await world.now()) + 60);
      const preview = await world.lens.previewWithdraw(world.addresses.vault, shares, 0, { blockTag: "pending" });
      await networkHelpers.time.setNextBlockTimestamp((await world.now()) + 60);
      return preview;
    }

    it(cites("pays the rest in, to the wei of the preview", INVARIANT.WITHDRAW_SLEEVES), async () => {
      const { world } = await networkHelpers.loadFixture(short);
      const { bob } = world.who;
      const shares = await world.vault.balanceOf(bob.address);
      const had = await world.balances(bob.address);
      const preview = await previewed(world, shares);
      const paidIn = base1 ? preview.paidIn1 : preview.paidIn0;
      // Three tenths of the 25 of base that are owed, less the hundredth that was not sold.
      expect(paidIn > 5n * ONE && paidIn < (75n * ONE) / 10n, `pays in ${paidIn}`).to.equal(true);
      const sent = world.vault.connect(bob).withdraw(shares, 0, 0, bob.address, 0);
      await expect(sent)
        .to.emit(world.vault, "Withdrawn")
        .withArgs(bob.address, bob.address, shares, preview.amount0, preview.amount1);
      expect(minus(await world.balances(bob.address), had)).to.deep.equal({
        amount0: preview.amount0 - preview.paidIn0,
        amount1: preview.amount1 - preview.paidIn1,
      });
      expect(min(preview.amount0, preview.amount1)).to.equal(0n);
    });

    it(cites("is refused without an allowance by the token's own words", INVARIANT.WITHDRAW_SLEEVES), async () => {
      const { world } = await networkHelpers.loadFixture(short);
      const { bob } = world.who;
      await world.base.connect(bob).approve(world.addresses.vault, 0);
      const shares = await world.vault.balanceOf(bob.address);
      const preview = await previewed(world, shares);
      const missing = base1 ? preview.paidIn1 : preview.paidIn0;
      const vault = world.vault.connect(bob);
      await expect(vault.withdraw(shares, 0, 0, bob.address, 0))
        .to.be.revertedWithCustomError(world.base, "ERC20InsufficientAllowance")
        .withArgs(world.addresses.vault, 0, missing);
      // Units need no money of his.
      const { mask } = await world.lens.exitMask(world.addresses.vault, shares);
      expect(mask).to.equal(0n);
      await vault.withdraw(shares, 0, 0, bob.address, 1n << BigInt(PLACE.conversion));
      expect(await world.vault.balanceOf(bob.address)).to.equal(0n);
    });
  });

  describe(`contracts/sleeves/exitMatrix: what is not a whole failure, ${name}`, () => {
    async function withCash(): Promise<House> {
      const house = await openHouse(connection, quoteIsToken0);
      await collectFund(house);
      return house;
    }

    it(
      cites("a venue that can pay a small part only is in the large one's mask alone", INVARIANT.WITHDRAW_MASK),
      async () => {
        const house = await networkHelpers.loadFixture(withCash);
        const { world, reserve } = house;
        const { alice, carol, stranger } = world.who;
        const due = await placesOf(house)[PLACE.reserve]?.nets();
        const whole = max(due?.low0 ?? 0n, due?.low1 ?? 0n);
        await reserve.connect(stranger).lend((await reserve.totalAssets()) - (whole * 3n) / 10n);
        const maskOf = async (shares: bigint): Promise<bigint> =>
          (await world.lens.exitMask(world.addresses.vault, shares)).mask;
        expect(await maskOf(500_000n * ONE)).to.equal(1n << BigInt(PLACE.reserve));
        expect(await maskOf(200_000n * ONE)).to.equal(0n);
        await world.withdraw(carol, 200_000n * ONE);
        const mask = await maskOf(500_000n * ONE);
        await world.vault.connect(alice).withdraw(500_000n * ONE, 0, 0, alice.address, mask);
      },
    );

    it(cites("a leaver whom the venues refuse gets his tokens all the same", INVARIANT.WITHDRAW_SLEEVES), async () => {
      const { world, reserve, fund } = await networkHelpers.loadFixture(withCash);
      const { bob } = world.who;
      for (const venue of [reserve, fund]) await venue.setRefused(bob.address, true);
      const preview = await world.lens.previewWithdraw(world.addresses.vault, 300_000n * ONE, 0);
      const had = await world.balances(bob.address);
      await world.withdraw(bob, 300_000n * ONE);
      const { amount0, amount1 } = preview;
      expect(minus(await world.balances(bob.address), had)).to.deep.equal({ amount0, amount1 });
    });

    it(
      cites("collateral without a debt: a dead rate model keeps it in, and the lens says so", INVARIANT.WITHDRAW_MASK),
      async () => {
        const house = await networkHelpers.loadFixture(withCash);
        const { world, lending, sleeves } = house;
        const { bob } = world.who;
        const token1 = quoteIsToken0;
        // More base than is owed comes from the ranges.
        await world.execute({
          burns: (await world.book()).positions.map(({ index }) => ({ index })),
          moves: [{ sleeve: PLACE.conversion, take: false, token1, fraction: ONE }],
        });
        expect((await sleeves.conversion.report()).owed).to.equal(0n);
        await networkHelpers.setCode(lending.markets.rateModel, "0x60006000fd");
        const { mask } = await world.lens.exitMask(world.addresses.vault, 300_000n * ONE);
        await world.vault.connect(bob).withdraw(300_000n * ONE, 0, 0, bob.address, mask);
      },
    );
  });
}
