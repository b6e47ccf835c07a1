/** What a conversion is worth beside what the textbook says: neutral at opening, and a synthetic short forward until it is closed. */
import { expect } from "chai";
import { network } from "hardhat";

import { ONE, Q96 } from "../../support/arithmetic.ts";
import { figure } from "../../support/figures.ts";
import { deployMorphoWorld, type MorphoWorld } from "../../support/morpho.ts";
import { deployMorphoSleeve, putInPlace } from "../../support/sleeves.ts";
import { deployWorld, ORDERS, type MintStep, type World } from "../../support/world.ts";
import { cites, INVARIANT } from "../invariants.ts";

const connection = await network.create();
const { networkHelpers } = connection;

const CONVERSION = 0;
const YEAR = 31_536_000n;
const DAY = 86_400;
/** Borrowed at so much a year. */
const RATE = ONE / 10n;
/** Pools so deep that what a plan sells moves them by less than the oracle's band. */
const DEPTH = 1e9;

/** The last tick of a tier whose spacing is ten. */
const EDGE = 887_270;
/** Ticks from a price to a fifth above it. */
const FIFTH = 1_823;

type Range = Omit<MintStep, "fraction0" | "fraction1">;

interface Stage {
  readonly world: World;
  readonly lending: MorphoWorld;
}

for (const { name, quoteIsToken0 } of ORDERS) {
  describe(`contracts/sleeves/closedForms: ${name}`, () => {
    const [base1, quote1] = [quoteIsToken0, !quoteIsToken0];

    async function open(): Promise<Stage> {
      const world = await deployWorld(connection, {
        quoteIsToken0,
        depth: DEPTH,
        caps: { maxPlanLossBps: 100 },
      });
      const lending = await deployMorphoWorld(world);
      const sleeve = await deployMorphoSleeve(lending, lending.conversion);
      await putInPlace(world, CONVERSION, await sleeve.getAddress());
      await world.firstDeposit(world.who.alice, 1_000_000n * ONE);
      return { world, lending };
    }

    /** NAV in quote wei by the lens, after pools and feeds went to a price and stood there as long as the oracle looks back. */
    async function navAt(world: World, price: number): Promise<bigint> {
      await world.movePools(price);
      await world.pass(3_600);
      await world.report(price);
      const { oracleOk, nav } = await world.lens.observe(world.addresses.vault, world.who.keeper.address);
      expect(oracleOk).to.equal(true);
      return nav;
    }

    /** NAV at several prices, each from here. */
    async function navsAt(world: World, prices: readonly number[]): Promise<readonly bigint[]> {
      const navs: bigint[] = [];
      for (const price of prices) {
        const here = await networkHelpers.takeSnapshot();
        navs.push(await navAt(world, price));
        await here.restore();
      }
      return navs;
    }

    /** What the vault has of the base, ranges at their pools' spot and debts included, wei. */
    async function exposure(world: World): Promise<bigint> {
      const book = await world.book();
      const { nets } = (await world.lens.observe(world.addresses.vault, world.who.keeper.address)).sleeves[0] ?? {};
      const inRanges = book.positions.reduce((sum, p) => sum + (base1 ? p.amount1 : p.amount0), 0n);
      return inRanges + (base1 ? book.idle1 : book.idle0) + ((base1 ? nets?.low1 : nets?.low0) ?? 0n);
    }

    /**
     * A core of half of NAV, the rest in quote; then a conversion of as much base as the core holds, sold.
     * @returns changes of NAV for a percent up and down without and with it, in quote wei
     */
    async function hedged(world: World, range: Range) {
      const { price } = world.options;
      await world.execute({ mints: [{ ...range, fraction0: ONE / 2n, fraction1: ONE / 2n }] });
      await world.execute({ swaps: [{ fee: 500, zeroForOne: !base1 }] });
      await world.pass(DAY);
      await world.report(price);
      const prices = [price * 1.01, price, price * 0.99];
      const bare = await navsAt(world, prices);

      const delta = await exposure(world);
      const { idle0, idle1 } = await world.vault.idle();
      const collateral = (((quote1 ? idle1 : idle0) - 1n) * 8n) / 10n;
      const { mid } = await world.oracle.feeds();
      // Of the loan-to-value that is 1e18ths of the collateral's worth in base.
      const fraction = (delta * ONE) / ((collateral * Q96) / mid);
      expect(fraction < (65n * ONE) / 100n, `loan-to-value ${fraction}`).to.equal(true);
      await world.execute({
        moves: [
          { sleeve: CONVERSION, take: false, token1: quote1, fraction: (8n * ONE) / 10n },
          { sleeve: CONVERSION, take: true, token1: base1, fraction },
        ],
        swaps: [{ fee: 500, zeroForOne: !base1 }],
      });
      const covered = await navsAt(world, prices);
      const change = (navs: readonly bigint[]): readonly [number, number] => {
        const [up = 0n, here = 0n, down = 0n] = navs;
        return [Number(up - here), Number(down - here)];
      };
      return { bare: change(bare), covered: change(covered), left: await exposure(world), delta };
    }

    it(
      cites(
        "full range and conversion of its delta: a percent either way is worth a hundredth of what it was",
        INVARIANT.CLOSED_FORM,
      ),
      async () => {
        const { world } = await networkHelpers.loadFixture(open);
        const { bare, covered, left, delta } = await hedged(world, { fee: 500, tickLower: -EDGE, tickUpper: EDGE });
        for (const i of [0, 1] as const) {
          const part = Math.abs(covered[i] / bare[i]);
          figure(
            `${i === 0 ? "+1" : "-1"} %: ${(bare[i] / 1e6).toFixed(0)} without, ${(covered[i] / 1e6).toFixed(1)} with`,
          );
          expect(part <= 0.01, `${part} of the move is left`).to.equal(true);
        }
        // The sale itself moved its pool a little, and with it what the core holds there.
        expect(left > -delta / 100n && left < delta / 100n, `${left} of ${delta} is left`).to.equal(true);
      },
    );

    it(
      cites(
        "range of a fifth and conversion of its delta: neutral within a hundredth, but for the range's own curvature",
        INVARIANT.CLOSED_FORM,
      ),
      async () => {
        const { world } = await networkHelpers.loadFixture(open);
        const { bare, covered } = await hedged(world, await world.around(500, FIFTH));
        const slope = (changes: readonly [number, number]): number => (changes[0] - changes[1]) / 2;
        const part = Math.abs(slope(covered) / slope(bare));
        const curvature = (covered[0] + covered[1]) / 2;
        figure(
          `slope left: ${(part * 100).toFixed(2)} %; a percent either way costs ${(-curvature / 1e6).toFixed(1)} of 500,000`,
        );
        expect(part <= 0.01, `${part} of the slope is left`).to.equal(true);
        // L sqrt(p) of half a million; a move of x costs L sqrt(p) x^2 / 4, and the trades that make it pay the tier's fee on half of x.
        const depth = 500_000e6 / (2 * (1 - Math.sqrt(Math.pow(1.0001, -FIFTH))));
        const expected = depth * (0.0005 * 0.005 - 0.01 ** 2 / 4);
        expect(Math.abs(curvature / expected - 1) < 0.03, `curvature ${curvature}, not ${expected}`).to.equal(true);
      },
    );

    for (const factor of [0.8, 1, 1.25]) {
      it(
        cites(
          `a conversion is long a put and short a call of one strike, up to financing: price times ${factor} in 30 days`,
          INVARIANT.CLOSED_FORM,
        ),
        async () => {
          const { world, lending } = await networkHelpers.loadFixture(open);
          const { price, quoteDecimals } = world.options;
          await lending.setRate(lending.conversion, RATE / YEAR);
          const had = await world.vault.idle();
          await world.execute({
            moves: [
              { sleeve: CONVERSION, take: false, token1: quote1, fraction: (4n * ONE) / 5n },
              { sleeve: CONVERSION, take: true, token1: base1, fraction: ONE / 2n },
            ],
          });
          const opened = await world.vault.idle();
          const baseOf = (i: typeof had): bigint => (base1 ? i.idle1 : i.idle0);
          const quoteOf = (i: typeof had): bigint => (quote1 ? i.idle1 : i.idle0);
          const borrowed = baseOf(opened) - baseOf(had);
          const since = await world.now();
          // All that was borrowed is sold; the strike is what a base unit brought, the pool's fee included.
          await world.execute({
            swaps: [{ fee: 500, zeroForOne: !base1, fraction: (borrowed * ONE) / (baseOf(opened) - 1n) + 1n }],
          });
          const sold = await world.vault.idle();
          const amount = Number(baseOf(opened) - baseOf(sold)) / 1e18;
          const strike = Number(quoteOf(sold) - quoteOf(opened)) / 10 ** quoteDecimals / amount;
          expect(Math.abs(amount / (Number(borrowed) / 1e18) - 1) < 1e-9).to.equal(true);

          await world.pass(30 * DAY);
          const spot = price * factor;
          const nav = Number(await navAt(world, spot)) / 10 ** quoteDecimals;
          const years = ((await world.now()) - since) / (365 * DAY);
          const held = Number(quoteOf(had)) / 10 ** quoteDecimals + (Number(baseOf(had)) / 1e18) * spot;
          const put = Math.max(strike - spot, 0);
          const call = Math.max(spot - strike, 0);
          const financing = amount * spot * Math.expm1((Number(RATE) / 1e18) * years);
          const expected = amount * (put - call) - financing;
          figure(
            `strike ${strike.toFixed(2)}, ${amount.toFixed(2)} base: conversion ${(nav - held).toFixed(2)}, ` +
              `options ${(amount * (put - call)).toFixed(2)}, financing ${financing.toFixed(2)}`,
          );
          expect(financing > 800, `financing ${financing}`).to.equal(true);
          expect(Math.abs(nav - held - expected) < 0.01, `${nav - held} is not ${expected}`).to.equal(true);
        },
      );
    }
  });
}
