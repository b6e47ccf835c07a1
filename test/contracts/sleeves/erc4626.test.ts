import { expect } from "chai";
import fc from "fast-check";
import { network } from "hardhat";

import type { LocalReserveVault } from "../../../types/ethers-contracts/local/LocalReserveVault.ts";
import type { Erc4626Sleeve } from "../../../types/ethers-contracts/sleeves/Erc4626Sleeve.ts";
import { divUp, ONE } from "../../support/arithmetic.ts";
import "../../support/seed.ts";
import { putInPlace } from "../../support/sleeves.ts";
import { deployWorld, ORDERS, type MoveStep, type World } from "../../support/world.ts";
import { ALL_UNITS, type Caller, callerOf, DAY, TERMS, UNIT, YEAR, type SleeveTerms } from "./assetSleeves.ts";

const connection = await network.create();
const { networkHelpers } = connection;

/** See Obstacle. */
const OBSTACLE = { none: 0n, illiquid: 2n, closed: 4n } as const;
/** What others hold in the reserve. */
const DEPTH = 20_000_000n * UNIT;
const PAID = 100_000n * UNIT;
/** contracts/sleeves/Sleeve.sol, COARSE UNITS. */
const VIRTUAL_UNITS = 10n ** 9n;

interface Stage {
  readonly world: World;
  readonly reserve: LocalReserveVault;
  readonly venue: string;
  readonly sleeve: Erc4626Sleeve;
  readonly caller: Caller;
}

async function stage(quoteIsToken0: boolean, terms: SleeveTerms = TERMS): Promise<Stage> {
  const world = await deployWorld(connection, { quoteIsToken0 });
  const { ethers, quote, who } = world;
  const reserve = await ethers.deployContract("LocalReserveVault", [await quote.getAddress(), "Reserve", "LRES", 0]);
  const venue = await reserve.getAddress();
  await quote.connect(who.stranger).approve(venue, DEPTH);
  await reserve.connect(who.stranger).deposit(DEPTH, who.stranger.address);
  const sleeve = await ethers.deployContract("Erc4626Sleeve", [world.addresses.vault, venue, venue, terms]);
  return { world, reserve, venue, sleeve, caller: await callerOf(world, await sleeve.getAddress()) };
}

/** Yearly rate to what the local reserve takes. */
const perSecond = (rate: bigint): bigint => rate / YEAR;

for (const order of ORDERS) {
  describe(`contracts/sleeves/erc4626: ${order.name}`, () => {
    async function open(): Promise<Stage> {
      return stage(order.quoteIsToken0);
    }
    async function filled(): Promise<Stage> {
      const s = await open();
      await s.caller.give(PAID);
      return s;
    }
    /** A stranger makes every share dearer by a part of 1e18. */
    async function donate({ world, reserve, venue }: Stage, part: bigint): Promise<void> {
      await world.quote.mint(venue, ((await reserve.totalAssets()) * part) / ONE);
    }

    it("counts what was paid, to two wei, as one of all units, and leaves no allowance and no token behind", async () => {
      const { caller, reserve, sleeve, venue, world } = await networkHelpers.loadFixture(open);
      expect(await caller.give(PAID)).to.deep.equal({ asset: PAID, units: ALL_UNITS });
      const { low, high } = await caller.marks();
      expect(low).to.be.within(PAID - 2n, PAID);
      expect(high).to.be.within(PAID, PAID + 1n);
      expect(await sleeve.held()).to.equal(await reserve.balanceOf(caller.address));
      expect(await world.quote.allowance(caller.address, venue)).to.equal(0);
      expect(await world.quote.balanceOf(caller.address)).to.equal(0);
      expect((await sleeve.report()).owned).to.equal(low);
    });

    it("takes an amount to the wei, and everything with the last one", async () => {
      const { caller, reserve } = await networkHelpers.loadFixture(filled);
      expect(await caller.take(PAID / 3n)).to.deep.equal({ asset: -PAID / 3n, units: 0n });
      const { low } = await caller.marks();
      const last = await caller.take(low);
      expect(-last.asset).to.be.within(low, low + 2n);
      expect(last.units).to.equal(-ALL_UNITS);
      expect(await reserve.balanceOf(caller.address)).to.equal(0);
      expect(await caller.marks()).to.deep.equal({ low: 0n, high: 0n });
    });

    it("earns as the venue does below the cap, and as the cap allows above it", async () => {
      const { caller, reserve, sleeve, world } = await networkHelpers.loadFixture(filled);
      await reserve.setRate(perSecond(ONE / 20n));
      await world.pass(73 * DAY);
      await reserve.accrue();
      const slow = await caller.marks();
      expect(slow.low).to.equal(await reserve.previewRedeem(await sleeve.held()));
      expect(slow.low).to.be.within((PAID * 101n) / 100n - UNIT, (PAID * 101n) / 100n + UNIT);

      await reserve.setRate(perSecond(ONE));
      await world.pass(146 * DAY);
      const [{ low, high }, believed] = [await caller.marks(), await sleeve.believed()];
      const held = await sleeve.held();
      const grown = (TERMS.maxRate * (BigInt(await world.now()) - believed.since)) / YEAR;
      const most = (believed.price * (ONE + grown)) / ONE;
      expect(low).to.equal((held * most) / (await sleeve.PROBE()));
      // 219 days at 10 %, against 2 months at 5 % and 4.8 at 100 %.
      expect(low).to.be.within((PAID * 1_059n) / 1_000n, (PAID * 1_061n) / 1_000n);
      expect(high).to.equal((await reserve.previewRedeem(held)) + 1n);
      expect(high).to.be.greaterThan((PAID * 14n) / 10n);
    });

    it("counts a loss at once, and believes the lower price from the next move on", async () => {
      const s = await networkHelpers.loadFixture(filled);
      await s.reserve.lose((await s.reserve.totalAssets()) / 4n);
      const after = await s.caller.marks();
      expect(after.low).to.be.within((PAID * 3n) / 4n - 3n, (PAID * 3n) / 4n);
      expect(after.high).to.be.within(after.low, after.low + 3n);
      await s.caller.take(UNIT);
      await donate(s, ONE / 2n);
      // What the loss left may grow again, but not jump.
      expect((await s.caller.marks()).low).to.be.within(after.low - UNIT - 2n, after.low - UNIT + UNIT / 10n);
    });

    it("donation to the venue: low mark and entries hold still, newcomers pay all of it, a leaver gets all of it", async () => {
      const s = await networkHelpers.loadFixture(filled);
      const before = await s.caller.marks();
      await donate(s, ONE / 10n);
      const { low, high } = await s.caller.marks();
      expect(low - before.low).to.be.lessThan(PAID / 1_000_000n);
      const real = await s.reserve.previewRedeem(await s.sleeve.held());
      expect(real).to.be.within((PAID * 11n) / 10n - 2n, (PAID * 11n) / 10n);
      expect(high).to.equal(real + 1n);
      await expect(s.caller.give(PAID)).to.be.revertedWithCustomError(s.sleeve, "ReceivedTooLittle");
      // Who entered at the high mark for a quarter of the whole and leaves at once in kind has no more than he paid.
      expect(await s.caller.exit(1n, 4n)).to.be.within(real / 4n - 1n, divUp(high, 4n));
    });

    it("donation before the first entry: dear shares make no tolerance dear, and dust buys nothing", async () => {
      const { world, caller } = await networkHelpers.loadFixture(open);
      const { ethers, quote, who } = world;
      const empty = await ethers.deployContract("LocalReserveVault", [await quote.getAddress(), "Empty", "E", 0]);
      const venue = await empty.getAddress();
      const terms = { ...TERMS, maxRate: 10n * ONE };
      await quote.connect(who.attacker).approve(venue, 1n);
      await empty.connect(who.attacker).deposit(1n, who.attacker.address);
      await quote.mint(venue, PAID);
      // Built when a share was dear already, so that the price is believed.
      const sleeve = await ethers.deployContract("Erc4626Sleeve", [world.addresses.vault, venue, venue, terms]);
      const victim = await callerOf(world, await sleeve.getAddress());
      await expect(victim.give((PAID * 9n) / 10n)).to.be.revertedWithCustomError(sleeve, "ReceivedTooLittle");
      await expect(victim.give(UNIT)).to.be.revertedWithCustomError(sleeve, "ReceivedTooLittle").withArgs(UNIT, 0);
      expect(await caller.sleeve.totalUnits()).to.equal(0);
    });

    it("shares and tokens sent to the sleeve are nobody's: no mark moves, nothing is paid out of them", async () => {
      const { caller, reserve, sleeve, world } = await networkHelpers.loadFixture(filled);
      const before = await caller.marks();
      await reserve.connect(world.who.stranger).transfer(caller.address, PAID);
      await world.quote.mint(caller.address, PAID);
      const after = await caller.marks();
      expect(after.high).to.equal(before.high);
      expect(after.low - before.low).to.be.within(0n, 2n);
      const { asset } = await caller.take(after.low);
      expect(-asset).to.be.within(PAID - 2n, PAID);
      expect([await sleeve.held(), await sleeve.totalUnits()]).to.deep.equal([0n, 0n]);
    });

    it("a premium is on the high mark only", async () => {
      const { caller } = await stage(order.quoteIsToken0, { ...TERMS, premiumBps: 250n });
      await caller.give(PAID);
      const { low, high } = await caller.marks();
      expect(low).to.be.within(PAID - 2n, PAID);
      expect(high).to.be.within((PAID * 1_025n) / 1_000n, (PAID * 1_025n) / 1_000n + 2n);
    });

    it("illiquid: says so, refuses the exit, pays the vault what is there", async () => {
      const { caller, reserve, sleeve, world } = await networkHelpers.loadFixture(filled);
      await reserve.connect(world.who.attacker).lend(DEPTH + PAID / 2n);
      expect(await sleeve.obstacle(1n, 4n)).to.equal(OBSTACLE.none);
      expect(await sleeve.obstacle(3n, 4n)).to.equal(OBSTACLE.illiquid);
      await expect(caller.exit(3n, 4n)).to.be.revertedWithCustomError(reserve, "ERC4626ExceededMaxRedeem");
      expect(-(await caller.take((PAID * 3n) / 4n)).asset).to.be.within(PAID / 2n - 1n, PAID / 2n);
      // A wei may be left; the borrower takes it too.
      await reserve.connect(world.who.attacker).lend(await world.quote.balanceOf(await reserve.getAddress()));
      await expect(caller.take(UNIT)).to.be.revertedWithCustomError(sleeve, "Obstructed").withArgs(OBSTACLE.illiquid);
    });

    it("paused, or refusing the sleeve: closed, and units redeem when it opens again", async () => {
      const { caller, reserve, sleeve, world } = await networkHelpers.loadFixture(filled);
      const { alice } = world.who;
      const shut: readonly ((on: boolean) => Promise<unknown>)[] = [
        (on) => reserve.setPaused(on),
        (on) => reserve.setRefused(caller.address, on),
      ];
      for (const set of shut) {
        await set(true);
        expect(await sleeve.obstacle(1n, 2n)).to.equal(OBSTACLE.closed);
        await expect(caller.exit(1n, 2n)).to.be.revert(world.ethers);
        await expect(caller.give(UNIT)).to.be.revert(world.ethers);
        await expect(caller.take(UNIT)).to.be.revertedWithCustomError(sleeve, "Obstructed").withArgs(OBSTACLE.closed);
        const { low } = await caller.marks();
        await caller.leave(alice, ALL_UNITS / 10n);
        await expect(caller.redeem(alice, ALL_UNITS / 10n)).to.be.revert(world.ethers);
        await set(false);
        expect(await caller.redeem(alice, ALL_UNITS / 10n)).to.be.within(low / 10n - 1n, low / 10n + 1n);
        // The ledger starts again with the next stage's whole.
        await caller.take((await caller.marks()).low);
        await caller.give(PAID);
      }
    });

    it("a leaver whom the venue refuses is paid: the venue pays the sleeve, the sleeve pays him", async () => {
      const { caller, reserve, world } = await networkHelpers.loadFixture(filled);
      await reserve.setRefused(world.who.bob.address, true);
      await reserve.setRefused(caller.vault.address, true);
      expect(await caller.exit(1n, 2n)).to.be.within(PAID / 2n - 2n, PAID / 2n);
      await caller.leave(world.who.bob, ALL_UNITS / 4n);
      expect(await caller.redeem(world.who.bob, ALL_UNITS / 4n)).to.be.within(PAID / 4n - 2n, PAID / 4n);
    });

    it("n small exits bring no more than one large", async () => {
      const { caller, reserve, world } = await networkHelpers.loadFixture(filled);
      // An odd price, so that each exit rounds.
      await world.quote.mint(await reserve.getAddress(), 1_234_567n);
      const snapshot = await networkHelpers.takeSnapshot();
      const large = await caller.exit(7n, 100n);
      await snapshot.restore();
      let small = 0n;
      for (let i = 0n; i < 7n; ++i) small += await caller.exit(1n, 100n - i);
      expect(small).to.be.within(large - 14n, large);
    });

    it("an exit pays what the preview says, and dust is no obstacle", async () => {
      const { caller, sleeve } = await networkHelpers.loadFixture(filled);
      const [, , get0, get1] = await sleeve.previewExit(1n, 3n);
      expect(await caller.exit(1n, 3n)).to.equal(get0 + get1);
      expect(await caller.exit(1n, 10n ** 20n)).to.equal(0);
    });

    it("while others hold units the vault buys and sells them by the venue's shares: no price gives one holder what is another's", async () => {
      const s = await networkHelpers.loadFixture(filled);
      const { caller, sleeve, world } = s;
      await caller.leave(world.who.alice, ALL_UNITS / 4n);
      const part = async (): Promise<bigint> => {
        const hers = await caller.units(world.who.alice.address);
        return ((await sleeve.held()) * hers) / (await sleeve.totalUnits());
      };
      const hers = await part();
      await donate(s, ONE / 2_000n);
      const [total, held] = [await sleeve.totalUnits(), await sleeve.held()];
      const bought = await caller.give(PAID);
      const got = (await sleeve.held()) - held;
      expect(bought.units).to.equal((got * (total + VIRTUAL_UNITS)) / (held + 1n));
      expect(await part()).to.be.within(hers - 1n, hers + 1n);

      // A price that is not believed moves nothing from one to the other either.
      await donate(s, ONE / 5n);
      const [most, all] = [await sleeve.held(), await sleeve.totalUnits()];
      const sold = await caller.take(PAID / 2n);
      expect(sold.asset).to.equal(-PAID / 2n);
      const gone = most - (await sleeve.held());
      expect(-sold.units).to.equal((gone * all + most - 1n) / most);
      expect(await part()).to.be.within(hers - 1n, hers + 2n);
    });

    it("the price may have risen before the first entry by what MAX_RATE allows, no more", async () => {
      const s = await networkHelpers.loadFixture(open);
      await donate(s, ONE / 50n);
      await expect(s.caller.give(PAID)).to.be.revertedWithCustomError(s.sleeve, "ReceivedTooLittle");
      // 2 % less the tolerance of 0.1 % are 69 days at 10 % a year; the clock starts with the sleeve.
      await s.world.pass(70 * DAY);
      await s.caller.give(PAID);
      expect((await s.caller.marks()).low).to.be.within((PAID * 999n) / 1_000n, PAID);
    });

    it("is the vault's alone, has no debt, and redeems no less than is wanted", async () => {
      const { caller, sleeve, world } = await networkHelpers.loadFixture(filled);
      const { alice, attacker } = world.who;
      await expect(sleeve.connect(attacker).move(1n, 0n, 1n, 1n)).to.be.revertedWithCustomError(sleeve, "NotVault");
      await expect(sleeve.connect(attacker).exit(1n, 1n)).to.be.revertedWithCustomError(sleeve, "NotVault");
      for (const other of [1n, -1n]) {
        const [give0, give1] = caller.sorted(0n, other);
        const moved = sleeve.connect(caller.vault).move(give0, give1, 1n, 1n);
        await expect(moved).to.be.revertedWithCustomError(sleeve, "NoDebt");
      }
      await caller.leave(alice, ALL_UNITS / 2n);
      const short = sleeve.connect(alice).redeem(ALL_UNITS / 2n, PAID / 2n + 1n, alice.address);
      await expect(short).to.be.revertedWithCustomError(sleeve, "RedeemBelowMin");
      expect([await sleeve.sound(), await sleeve.shortfall()]).to.deep.equal([true, [0n, 0n]]);
    });

    it("is not made on terms that bound nothing, or on a venue for another token", async () => {
      const { sleeve, venue, world } = await networkHelpers.loadFixture(open);
      const { ethers, addresses } = world;
      for (const wrong of [
        { maxRate: 0n },
        { maxRate: 10n * ONE + 1n },
        { tolerance: ONE / 100n + 1n },
        { premiumBps: 2_001n },
      ]) {
        const made = ethers.deployContract("Erc4626Sleeve", [addresses.vault, venue, venue, { ...TERMS, ...wrong }]);
        await expect(made).to.be.revertedWithCustomError(sleeve, "InvalidTerms");
      }
      const other = await ethers.deployContract("LocalToken", ["Other", "OTH", 6]);
      const elsewhere = await ethers.deployContract("LocalReserveVault", [await other.getAddress(), "Other", "O", 0]);
      const foreign = await elsewhere.getAddress();
      await expect(
        ethers.deployContract("Erc4626Sleeve", [addresses.vault, foreign, foreign, TERMS]),
      ).to.be.revertedWithCustomError(sleeve, "AssetNotOfPair");
    });

    it("through the vault: a plan gives, newcomers pay a donation in full, a leaver is paid in kind, a plan takes all", async () => {
      const s = await open();
      const { world, sleeve, caller } = s;
      const { alice, bob, carol } = world.who;
      await putInPlace(world, 0, caller.address);
      await world.firstDeposit(alice, 1_000_000n * ONE);
      await world.deposit(bob, 500_000n * ONE);
      const quote = { sleeve: 0, token1: !order.quoteIsToken0 };
      const give: MoveStep = { ...quote, take: false, fraction: ONE / 2n };
      const { chargeX18 } = await world.execute({ moves: [give] });
      // The venue's two roundings, of a NAV of 1.5 million units.
      expect(chargeX18).to.be.lessThan(10n ** 8n);
      await donate(s, ONE / 10n);
      const paid = await world.quote.balanceOf(carol.address);
      await world.deposit(carol, 100_000n * ONE);
      const entered = paid - (await world.quote.balanceOf(carol.address));
      await networkHelpers.mine();
      await world.withdraw(carol, 100_000n * ONE);
      // Dearer by the donation than at the low mark, and not one wei is made by going in and out.
      expect(entered).to.be.greaterThan((50_000n * UNIT * 104n) / 100n);
      expect(await world.quote.balanceOf(carol.address)).to.be.within(paid - 10n, paid);

      await world.execute({ moves: [{ ...quote, take: true, fraction: ONE }] });
      expect([await sleeve.totalUnits(), (await world.vault.sleeves()).live]).to.deep.equal([0n, 0n]);
    });

    it("random lives: shares per unit never fall by more than a rounding, and all units bring all shares", async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(STEP, { minLength: 6, maxLength: 14 }), async (steps) => {
          await live(await networkHelpers.loadFixture(filled), steps);
        }),
        { numRuns: 12 },
      );
    });
  });
}

type Step = readonly [kind: "give" | "take" | "exit" | "leave" | "redeem" | "wait" | "lose" | "donate", size: bigint];
const STEP: fc.Arbitrary<Step> = fc.tuple(
  fc.constantFrom("give", "take", "exit", "leave", "redeem", "wait", "lose", "donate"),
  fc.bigInt(1n, 1_000n),
);

/** Thousandths of what is there; a step that the sleeve refuses changes nothing. */
async function step(s: Stage, [kind, size]: Step): Promise<void> {
  const { caller, reserve, world } = s;
  const holders = [world.who.alice, world.who.bob];
  const holder = holders[Number(size) % 2] ?? world.who.alice;
  const part = (amount: bigint): bigint => (amount * size) / 2_000n;
  if (kind === "give") await caller.give(PAID / size).catch(onlyRevert);
  if (kind === "take") await caller.take(part((await caller.marks()).low)).catch(onlyRevert);
  if (kind === "exit") await caller.exit(size, 2_000n);
  if (kind === "leave") await caller.leave(holder, part(await caller.units()));
  if (kind === "redeem") await caller.redeem(holder, part(await caller.units(holder.address)));
  if (kind === "wait") await world.pass(Number(size) * 3_600);
  if (kind === "lose") await reserve.lose((await reserve.totalAssets()) / (10n * size));
  if (kind === "donate") await world.quote.mint(s.venue, (await reserve.totalAssets()) / (10n * size));
}

function onlyRevert(error: unknown): void {
  if (!(error instanceof Error) || !error.message.includes("revert")) throw error;
}

async function live(s: Stage, steps: readonly Step[]): Promise<void> {
  const { caller, reserve, sleeve, world } = s;
  await reserve.setRate(perSecond(ONE / 12n));
  for (const one of steps) {
    const [held, total] = [await sleeve.held(), await sleeve.totalUnits()];
    await step(s, one);
    const [heldNow, totalNow] = [await sleeve.held(), await sleeve.totalUnits()];
    if ((await caller.units()) !== totalNow && total !== 0n) {
      expect((heldNow + 2n) * total, `shares per unit after ${one[0]}`).to.be.greaterThanOrEqual(held * totalNow);
    }
    expect(heldNow).to.equal(await reserve.balanceOf(caller.address));
    const { low, high } = await caller.marks();
    expect(low).to.be.lessThanOrEqual(high);
    expect(await world.quote.allowance(caller.address, s.venue)).to.equal(0);
  }
  for (const holder of [world.who.alice, world.who.bob]) {
    await caller.redeem(holder, await caller.units(holder.address));
  }
  await caller.exit(1n, 1n);
  expect([await sleeve.totalUnits(), await sleeve.held()]).to.deep.equal([0n, 0n]);
}
