import { expect } from "chai";
import fc from "fast-check";
import { network } from "hardhat";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";

import type { LocalReitVault } from "../../../types/ethers-contracts/local/LocalReitVault.ts";
import type { Erc7540Sleeve } from "../../../types/ethers-contracts/sleeves/Erc7540Sleeve.ts";
import { divUp, ONE } from "../../support/arithmetic.ts";
import "../../support/seed.ts";
import { putInPlace } from "../../support/sleeves.ts";
import { deployWorld, mined, ORDERS, type World } from "../../support/world.ts";
import { ALL_UNITS, type Caller, callerOf, DAY, TERMS } from "./assetSleeves.ts";

const connection = await network.create();
const { networkHelpers } = connection;

/** See Obstacle. */
const OBSTACLE = { none: 0n, pending: 3n } as const;
const DELAY = 3 * DAY;
/** The fund deals eight times in a delay. */
const STEP = DELAY / 8;
/** The asset is the quote: either token of the pair, of few decimals or of many. */
const ASSETS = ORDERS.flatMap((order) => [6, 18].map((decimals) => ({ ...order, decimals })));
/** What the fund's roundings may take of a claim. */
const WEI = 2n;

interface Stage {
  readonly world: World;
  readonly reit: LocalReitVault;
  readonly sleeve: Erc7540Sleeve;
  readonly caller: Caller;
  /** Holds shares of the fund, and tokens that it may take. */
  readonly stranger: HardhatEthersSigner;
  /** A hundred thousand units of the asset, and a millionth of one unit. */
  readonly paid: bigint;
  readonly grain: bigint;
}

async function stageOf(quoteIsToken0: boolean, quoteDecimals: number): Promise<Stage> {
  const world = await deployWorld(connection, { quoteIsToken0, quoteDecimals });
  const unit = 10n ** BigInt(quoteDecimals);
  const depth = 20_000_000n * unit;
  const { ethers, quote, who } = world;
  const { stranger, deployer } = who;
  const args = [await quote.getAddress(), "REIT", "LREIT", deployer.address, ONE, 0];
  const reit = await ethers.deployContract("LocalReitVault", args, deployer);
  const venue = await reit.getAddress();
  await quote.connect(stranger).approve(venue, 10n * depth);
  await reit.connect(stranger).requestDeposit(depth, stranger.address, stranger.address);
  await reit.connect(stranger)["deposit(uint256,address)"](depth, stranger.address);
  await reit.setSettlementDelay(DELAY);
  const sleeve = await ethers.deployContract("Erc7540Sleeve", [world.addresses.vault, venue, TERMS]);
  const caller = await callerOf(world, await sleeve.getAddress());
  return { world, reit, sleeve, stranger, caller, paid: 100_000n * unit, grain: unit / 10n ** 6n };
}

/** Lets everything settle that has been asked for, and takes it in. */
async function settled({ world, sleeve }: Stage): Promise<void> {
  await world.pass(DELAY + STEP);
  await sleeve.settle();
}

/** Asset units per share unit, in hundredths. */
async function report({ reit }: Stage, hundredths: bigint): Promise<void> {
  await reit.report((hundredths * ONE) / 100n);
}

async function claim({ sleeve, caller }: Stage, holder: HardhatEthersSigner): Promise<bigint> {
  const before = await caller.asset.balanceOf(holder.address);
  await sleeve.connect(holder).claim(holder.address);
  return (await caller.asset.balanceOf(holder.address)) - before;
}

for (const { name, quoteIsToken0, decimals } of ASSETS) {
  describe(`contracts/sleeves/erc7540: ${name}, ${decimals} decimals`, () => {
    const PAID = 100_000n * 10n ** BigInt(decimals);
    const token1 = !quoteIsToken0;

    async function open(): Promise<Stage> {
      return stageOf(quoteIsToken0, decimals);
    }

    /** As many shares as tokens, all of them settled. */
    async function filled(): Promise<Stage> {
      const s = await open();
      await s.caller.give(s.paid);
      await settled(s);
      return s;
    }

    it("asks and waits: what was paid counts as paid until it settles, by anybody's call", async () => {
      const s = await networkHelpers.loadFixture(open);
      const { caller, reit, sleeve, world } = s;
      expect(await caller.give(PAID)).to.deep.equal({ asset: PAID, units: ALL_UNITS });
      expect(await caller.marks()).to.deep.equal({ low: PAID, high: PAID });
      expect((await sleeve.report()).pending).to.equal(PAID);
      expect(await world.quote.allowance(caller.address, await reit.getAddress())).to.equal(0);
      await sleeve.settle();
      expect(await sleeve.depositing()).to.equal(PAID);

      await world.pass(DELAY + STEP);
      await sleeve.connect(world.who.stranger).settle();
      expect([await sleeve.depositing(), await sleeve.held()]).to.deep.equal([0n, PAID]);
      const { low, high } = await caller.marks();
      expect([low, high]).to.deep.equal([PAID, PAID + 1n]);
    });

    it("takes twice, once to ask and once to collect, and asks no more for the same money", async () => {
      const s = await networkHelpers.loadFixture(filled);
      const { caller, sleeve } = s;
      expect(await caller.take(PAID / 4n)).to.deep.equal({ asset: 0n, units: 0n });
      await caller.take(PAID / 4n);
      expect([await sleeve.redeeming(), await sleeve.held()]).to.deep.equal([PAID / 4n, (PAID * 3n) / 4n]);
      expect((await caller.marks()).low).to.equal(PAID);
      expect((await sleeve.report()).pending).to.equal(PAID / 4n);
      await s.world.pass(DELAY + STEP);
      // The move itself takes in what has settled.
      expect(await caller.take(PAID / 4n)).to.deep.equal({ asset: -PAID / 4n, units: 0n });
      expect((await caller.marks()).low).to.equal((PAID * 3n) / 4n);

      await caller.take((await caller.marks()).low);
      expect(await sleeve.held()).to.equal(0);
      await s.world.pass(DELAY + STEP);
      const last = await caller.take((await caller.marks()).low);
      expect(last).to.deep.equal({ asset: (-PAID * 3n) / 4n, units: -ALL_UNITS });
    });

    it("nothing is paid in kind until all of it is cash; leavers take units", async () => {
      const s = await networkHelpers.loadFixture(open);
      const { caller, sleeve } = s;
      const blocked = async (): Promise<void> => {
        expect(await sleeve.obstacle(1n, 2n)).to.equal(OBSTACLE.pending);
        await expect(caller.exit(1n, 2n))
          .to.be.revertedWithCustomError(sleeve, "Obstructed")
          .withArgs(OBSTACLE.pending);
      };
      await caller.give(PAID);
      await blocked();
      await settled(s);
      await blocked();
      await caller.take(PAID);
      await blocked();
      await settled(s);
      expect(await sleeve.obstacle(1n, 2n)).to.equal(OBSTACLE.none);
      expect(await caller.exit(1n, 2n)).to.equal(PAID / 2n);
      expect((await caller.marks()).low).to.equal(PAID / 2n);
    });

    it("wrong NAV before entry: a price that jumped is not bought", async () => {
      const s = await networkHelpers.loadFixture(filled);
      await report(s, 103n);
      await expect(s.caller.give(PAID)).to.be.revertedWithCustomError(s.sleeve, "ReceivedTooLittle");
      const { low, high } = await s.caller.marks();
      expect(low).to.be.within(PAID, PAID + PAID / 1_000n);
      expect(high).to.equal((PAID * 103n) / 100n + 1n);
      // 3 % at 10 % a year, less the tolerance.
      await s.world.pass(106 * DAY);
      await s.caller.give(PAID);
    });

    it("wrong NAV before settlement: nothing is trapped, the loss counts at once, and says so", async () => {
      const s = await networkHelpers.loadFixture(open);
      await s.caller.give(PAID);
      await report(s, 200n);
      await s.world.pass(DELAY + STEP);
      const grown = await s.sleeve.ceiling();
      await expect(s.sleeve.settle())
        .to.emit(s.sleeve, "DepositSettled")
        .withArgs(PAID, PAID / 2n, (worth: bigint) => worth < (PAID * 51n) / 100n);
      const { low, high } = await s.caller.marks();
      expect(grown).to.be.lessThan(((await s.sleeve.PROBE()) * 1_001n) / 1_000n);
      expect(low).to.be.within(PAID / 2n, (PAID * 501n) / 1_000n);
      expect(high).to.equal(PAID + 1n);
    });

    it("a deposit that settled at a loss is no bargain for the vault: its move takes it in before units are priced", async () => {
      const s = await networkHelpers.loadFixture(filled);
      const { caller, sleeve, world } = s;
      await caller.leave(world.who.alice, ALL_UNITS / 2n);
      await caller.take(PAID / 4n);
      await settled(s);
      await caller.give(PAID);
      await report(s, 200n);
      await world.pass(DELAY + STEP);
      const total = await sleeve.totalUnits();
      // Until somebody says otherwise it counts as paid.
      expect((await sleeve.report()).owned).to.be.greaterThan(2n * PAID - PAID / 100n);
      const { asset, units } = await caller.take(PAID / 5n);
      expect(asset).to.equal(-PAID / 5n);
      expect((await sleeve.report()).owned - asset).to.be.lessThan((PAID * 152n) / 100n);
      // At the fund's own price, uncapped: what the units stand for, in kind.
      const shares = (await sleeve.held()) + (await sleeve.redeeming());
      const left = (await sleeve.cash()) + (await sleeve.depositing()) + (await s.reit.convertToAssets(shares));
      expect(-units).to.equal(divUp((PAID / 5n) * total, left + PAID / 5n));
    });

    it("two steps: units burn at once, shares are asked for, and claim pays what they brought", async () => {
      const s = await networkHelpers.loadFixture(filled);
      const { caller, sleeve, world } = s;
      const { alice } = world.who;
      await caller.leave(alice, ALL_UNITS / 5n);
      const dear = sleeve.connect(alice).redeem(ALL_UNITS / 5n, PAID / 5n + PAID / 1_000n, alice.address);
      await expect(dear).to.be.revertedWithCustomError(sleeve, "RedeemBelowMin");
      expect(await caller.redeem(alice, ALL_UNITS / 5n, PAID / 5n)).to.equal(0);
      expect([await caller.units(alice.address), await sleeve.held()]).to.deep.equal([0n, (PAID * 4n) / 5n]);
      expect(await sleeve.ticketsOf(alice.address)).to.deep.equal([0n, PAID / 5n]);
      expect(await claim(s, alice)).to.equal(0);
      await report(s, 90n);
      await world.pass(DELAY + STEP);
      expect(await claim(s, alice)).to.equal((PAID * 18n) / 100n);
      expect(await claim(s, alice)).to.equal(0);
      expect(await sleeve.ticketsOf(alice.address)).to.deep.equal([0n, 0n]);
      // Hers alone: the vault's part is what it was, at the new price.
      expect((await caller.marks()).low).to.equal((PAID * 72n) / 100n);
    });

    it("holders and vault in one line: each gets what his stretch brought, whatever prices it settled at", async () => {
      const s = await networkHelpers.loadFixture(filled);
      const { caller, sleeve, world } = s;
      const { alice, bob } = world.who;
      await caller.leave(alice, ALL_UNITS / 5n);
      await caller.leave(bob, ALL_UNITS / 10n);
      await caller.redeem(alice, ALL_UNITS / 5n);
      await world.pass(2 * STEP);
      await caller.take((PAID * 4n) / 10n);
      const taken = await sleeve.redeeming();
      await world.pass(2 * STEP);
      await caller.redeem(bob, ALL_UNITS / 10n);
      expect(await sleeve.line()).to.deep.equal([PAID / 5n + taken + PAID / 10n, 0n]);

      // Dealing times lie two steps apart; each request meets a price of its own.
      for (const price of [110n, 90n, 130n]) {
        await report(s, price);
        await world.pass(price === 110n ? 5 * STEP : 2 * STEP);
        await sleeve.settle();
      }
      expect(await claim(s, alice)).to.be.within((PAID * 22n) / 100n - WEI, (PAID * 22n) / 100n);
      expect(await claim(s, bob)).to.be.within((PAID * 13n) / 100n - WEI, (PAID * 13n) / 100n);
      expect(await sleeve.cash()).to.be.within((taken * 9n) / 10n - WEI, (taken * 9n) / 10n);
      expect(await world.quote.balanceOf(caller.address)).to.be.within(
        await sleeve.cash(),
        (await sleeve.cash()) + 3n * WEI,
      );
    });

    it("settlement in parts: a ticket is paid from its front", async () => {
      const s = await networkHelpers.loadFixture(filled);
      const { caller, reit, sleeve, stranger, world } = s;
      const { alice } = world.who;
      // Whoever has a stranger's request settle before hers has hers filled in part.
      await reit.connect(stranger).requestRedeem(PAID / 20n, caller.address, stranger.address);
      await world.pass(4 * STEP);
      await caller.leave(alice, ALL_UNITS / 5n);
      await caller.redeem(alice, ALL_UNITS / 5n);
      await world.pass(5 * STEP);
      expect(await claim(s, alice)).to.equal(PAID / 20n);
      expect(await sleeve.ticketsOf(alice.address)).to.deep.equal([0n, (PAID * 3n) / 20n]);
      await report(s, 50n);
      await world.pass(5 * STEP);
      expect(await claim(s, alice)).to.be.within((PAID * 3n) / 40n - WEI, (PAID * 3n) / 40n);
      // What her shares brought beyond her ticket is the units'.
      expect(await sleeve.cash()).to.be.within(PAID / 40n, PAID / 40n + WEI);
    });

    it("redeems while the vault's money is under way, out of the shares that are there, and no more than a part", async () => {
      const s = await networkHelpers.loadFixture(filled);
      const { caller, sleeve, world } = s;
      const { alice } = world.who;
      await caller.leave(alice, ALL_UNITS / 2n);
      await caller.give(PAID / 2n);
      await caller.take(PAID / 10n);
      const [held, redeeming, total] = [await sleeve.held(), await sleeve.redeeming(), await sleeve.totalUnits()];
      await caller.redeem(alice, ALL_UNITS / 4n);
      const [, waiting] = await sleeve.ticketsOf(alice.address);
      const whole = held + redeeming + PAID / 2n;
      expect(waiting).to.be.within((whole * ALL_UNITS) / (4n * total) - WEI, (whole * ALL_UNITS) / (4n * total));
      // Everything that is there is asked for by the vault: she waits, and is paid when it has come.
      await caller.take((await caller.marks()).low - PAID / 2n);
      await sleeve.settle();
      const rest = await sleeve.held();
      if (rest !== 0n) await caller.take((await caller.marks()).low);
      const now = sleeve.connect(alice).redeem(ALL_UNITS / 4n, 0, alice.address);
      await expect(now).to.be.revertedWithCustomError(sleeve, "Obstructed").withArgs(OBSTACLE.pending);
      await settled(s);
      expect(await caller.redeem(alice, ALL_UNITS / 4n)).to.be.greaterThan(PAID / 10n);
    });

    it("strangers' requests in the sleeve's name break nothing: they are claimed, and are the units' gain", async () => {
      const s = await networkHelpers.loadFixture(filled);
      const { caller, reit, sleeve, stranger, world } = s;
      const { alice } = world.who;
      await caller.leave(alice, ALL_UNITS / 2n);
      await caller.redeem(alice, ALL_UNITS / 4n);
      for (let i = 0; i < 10; ++i) {
        await reit.connect(stranger).requestDeposit(1n, caller.address, stranger.address);
        await reit.connect(stranger).requestRedeem(1n, caller.address, stranger.address);
        await world.pass(STEP);
        await sleeve.connect(stranger).settle();
      }
      await settled(s);
      expect(await claim(s, alice)).to.be.within(PAID / 4n - 10n, PAID / 4n);
      // Nothing of ours was under way, so the deposits were left where they are.
      expect(await sleeve.held()).to.equal((PAID * 3n) / 4n);
      expect(await sleeve.line()).to.deep.equal([PAID / 4n, PAID / 4n]);
      await caller.redeem(alice, ALL_UNITS / 4n);
      await settled(s);
      expect(await claim(s, alice)).to.be.within(PAID / 4n, PAID / 4n + 10n);
    });

    it("nobody can keep the sleeve from being emptied by sending it dust", async () => {
      const s = await networkHelpers.loadFixture(filled);
      const { caller, reit, sleeve, stranger } = s;
      const dust = async (): Promise<void> => {
        await reit.connect(stranger).requestDeposit(1n, caller.address, stranger.address);
        await reit.connect(stranger).requestRedeem(1n, caller.address, stranger.address);
        await settled(s);
      };
      await dust();
      await caller.take(PAID);
      await dust();
      await dust();
      expect(await caller.exit(1n, 2n)).to.be.within(PAID / 2n, PAID / 2n + WEI);
      expect((await caller.take((await caller.marks()).low)).units).to.equal(-ALL_UNITS / 2n);
      await dust();
      expect(await caller.marks()).to.deep.equal({ low: 0n, high: 0n });
      // What was sent meanwhile comes with the next request of ours.
      await caller.give(PAID);
      await dust();
      expect(await sleeve.held()).to.be.within(PAID, PAID + 10n);
    });

    it("a stranger's deposit at another price is claimed with ours, and never at our cost", async () => {
      const s = await networkHelpers.loadFixture(open);
      const { caller, reit, sleeve, stranger, world } = s;
      await caller.give(PAID);
      await world.pass(4 * STEP);
      await reit.connect(stranger).requestDeposit(PAID, caller.address, stranger.address);
      // Ours deals at 1, the stranger's at 2; a claim of our own tokens alone would get three quarters of our shares.
      await world.pass(5 * STEP);
      await report(s, 200n);
      await world.pass(5 * STEP);
      await sleeve.settle();
      expect(await sleeve.held()).to.equal((PAID * 3n) / 2n);
      expect(await sleeve.depositing()).to.equal(0);
    });

    it("paused or refusing: what has come is still paid out, units wait, and all works again after", async () => {
      const s = await networkHelpers.loadFixture(filled);
      const { caller, reit, sleeve, world } = s;
      const { alice } = world.who;
      await caller.leave(alice, ALL_UNITS / 5n);
      await caller.take(PAID / 4n);
      await settled(s);
      await caller.take(PAID / 4n);
      await caller.give(PAID / 4n);
      await caller.take(PAID / 2n);
      await world.pass(DELAY + STEP);
      for (const set of [
        async (on: boolean) => reit.setPaused(on),
        async (on: boolean) => reit.setRefused(caller.address, on),
      ]) {
        await set(true);
        await sleeve.settle();
        expect(await sleeve.depositing()).to.equal(PAID / 4n);
        const stuck = sleeve.connect(alice).redeem(ALL_UNITS / 10n, 0, alice.address);
        await expect(stuck).to.be.revert(world.ethers);
        await set(false);
      }
      await sleeve.settle();
      expect(await sleeve.depositing()).to.equal(0);
      expect(await caller.redeem(alice, ALL_UNITS / 10n)).to.be.greaterThan(0);
    });

    it("through the vault: given, asked for and collected by plans; a leaver takes units and is paid in two steps", async () => {
      const s = await open();
      const { world, sleeve, caller } = s;
      const { alice, bob, keeper } = world.who;
      await putInPlace(world, 0, caller.address);
      await world.firstDeposit(alice, 1_000_000n * ONE);
      await world.deposit(bob, 500_000n * ONE);
      const refresh = async (): Promise<void> => {
        await settled(s);
        await world.report(world.options.price);
      };
      await world.report(world.options.price);
      await world.execute({ moves: [{ sleeve: 0, token1, take: false, fraction: ONE / 2n }] });
      await refresh();
      const given = await sleeve.held();
      const take = { sleeve: 0, token1, take: true, fraction: ONE / 2n };
      const idleAsset = async (): Promise<bigint> => {
        const { idle0, idle1 } = await world.vault.idle();
        return token1 ? idle1 : idle0;
      };
      await world.execute({ moves: [take] });
      await expect(world.withdraw(bob, 500_000n * ONE)).to.be.revertedWithCustomError(sleeve, "Obstructed");
      const left = world.vault.connect(bob).withdraw(500_000n * ONE, 0, 0, bob.address, 1n);
      mined(await (await left).wait());
      const part = (await caller.units(bob.address)) * 1_000n;
      expect(part / (await sleeve.totalUnits())).to.be.within(333n, 334n);

      const before = await world.quote.balanceOf(bob.address);
      await caller.redeem(bob, await caller.units(bob.address));
      await refresh();
      await claim(s, bob);
      expect((await world.quote.balanceOf(bob.address)) - before).to.be.within(given / 3n - given / 1_000n, given / 3n);
      const idle = await idleAsset();
      await world.execute({ moves: [{ ...take, fraction: ONE, min: given / 2n - 2n }] }, keeper);
      expect((await idleAsset()) - idle).to.be.within(given / 2n - WEI, given / 2n);
      await refresh();
      await world.execute({ moves: [{ ...take, fraction: ONE }] });
      expect([await sleeve.totalUnits(), (await world.vault.sleeves()).live]).to.deep.equal([0n, 0n]);
    });

    it("random lives: the line's claims and the units' cash never exceed the tokens, and everybody is paid", async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(STEPS, { minLength: 8, maxLength: 24 }), async (steps) => {
          await live(await networkHelpers.loadFixture(filled), steps);
        }),
        { numRuns: decimals === 6 && token1 ? 20 : 6 },
      );
    });
  });
}

const KINDS = ["give", "take", "leave", "redeem", "claim", "wait", "report", "askIn", "askOut"] as const;
type Step = readonly [kind: (typeof KINDS)[number], size: bigint];
const STEPS: fc.Arbitrary<Step> = fc.tuple(fc.constantFrom(...KINDS), fc.bigInt(1n, 1_000n));

const holdersOf = (s: Stage): readonly HardhatEthersSigner[] => [s.world.who.alice, s.world.who.bob, s.world.who.carol];

/** Thousandths of what is there. @return tokens left at the sleeve's address by a gift that it refused, which is nobody's */
async function step(s: Stage, [kind, size]: Step): Promise<bigint> {
  const { caller, reit, stranger, world, paid, grain } = s;
  const holders = holdersOf(s);
  const holder = holders[Number(size) % holders.length] ?? world.who.alice;
  const part = (amount: bigint): bigint => (amount * size) / 1_500n;
  let stray = 0n;
  if (kind === "give" && !(await unless(["ReceivedTooLittle"], caller.give(paid / size), s))) stray = paid / size;
  if (kind === "take") await unless(["Insolvent"], caller.take(part((await caller.marks()).low) + 1n), s);
  if (kind === "leave") await caller.leave(holder, part(await caller.units()));
  if (kind === "redeem") {
    await unless(["Obstructed"], caller.redeem(holder, part(await caller.units(holder.address))), s);
  }
  if (kind === "claim") await claim(s, holder);
  if (kind === "wait") await world.pass(Number(size) * 360);
  if (kind === "report") await report(s, 70n + (size % 60n));
  if (kind === "askIn")
    await reit.connect(stranger).requestDeposit(size * size * grain, caller.address, stranger.address);
  if (kind === "askOut")
    await reit.connect(stranger).requestRedeem(size * size * grain, caller.address, stranger.address);
  return stray;
}

/** Lets a step be refused for one of these reasons only. @return whether it was done */
async function unless(reasons: readonly string[], done: Promise<unknown>, s: Stage): Promise<boolean> {
  try {
    await done;
    return true;
  } catch (error) {
    const data = error instanceof Error && "data" in error ? String(error.data) : "";
    const name = data.startsWith("0x") ? s.sleeve.interface.parseError(data)?.name : undefined;
    if (name === undefined || !reasons.includes(name)) throw error;
    return false;
  }
}

async function checkBacking(s: Stage, after: string): Promise<void> {
  const { caller, reit, sleeve, world } = s;
  let [claimable, waiting] = [0n, 0n];
  for (const holder of holdersOf(s)) {
    const [paid, left] = await sleeve.ticketsOf(holder.address);
    claimable += paid;
    waiting += left;
  }
  const tokens = await world.quote.balanceOf(caller.address);
  expect((await sleeve.cash()) + claimable, `tokens after ${after}`).to.be.lessThanOrEqual(tokens);
  const [asked, paid] = await sleeve.line();
  expect(asked - paid, `line after ${after}`).to.equal(waiting + (await sleeve.redeeming()));
  expect(await reit.balanceOf(caller.address), `shares after ${after}`).to.equal(await sleeve.held());
  const { low, high } = await caller.marks();
  expect(low).to.be.lessThanOrEqual(high);
}

/** Settles and pays everybody until nothing is left but the vault's cash; then that. */
async function live(s: Stage, steps: readonly Step[]): Promise<void> {
  const { caller, sleeve, world, paid } = s;
  let stray = 0n;
  for (const one of steps) {
    stray += await step(s, one);
    await checkBacking(s, one[0]);
  }
  await settled(s);
  for (let i = 0; i < 2; ++i) {
    for (const holder of holdersOf(s)) {
      await caller.redeem(holder, await caller.units(holder.address));
      await checkBacking(s, "the end");
    }
    await settled(s);
    for (const holder of holdersOf(s)) await claim(s, holder);
  }
  // All, and more: a capped mark grows between the call that reads it and the one that takes.
  await caller.take(2n * paid * BigInt(steps.length + 1));
  await settled(s);
  await caller.take(2n * paid * BigInt(steps.length + 1));
  expect([await sleeve.totalUnits(), await sleeve.held(), await sleeve.cash()]).to.deep.equal([0n, 0n, 0n]);
  // A few wei of roundings of each instalment and claim, no more.
  expect((await world.quote.balanceOf(caller.address)) - stray).to.be.lessThanOrEqual(4n * BigInt(steps.length + 10));
}
