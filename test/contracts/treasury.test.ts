import { expect } from "chai";
import { network } from "hardhat";
import type { TransactionReceipt } from "ethers";

import { ONE, type Pair2 } from "../support/arithmetic.ts";
import { expectTotals } from "../support/checks.ts";
import { setCaps, tighten } from "../support/governance.ts";
import { findWord } from "../support/storage.ts";
import type { World } from "../support/world.ts";
import { deployWorld, mined, ORDERS, type Book } from "../support/world.ts";
import { cites, INVARIANT } from "./invariants.ts";

const connection = await network.create();
const { networkHelpers } = connection;

/** What one field of the book can hold. */
const FULL = (1n << 120n) - 1n;

const NONE: Pair2 = { amount0: 0n, amount1: 0n };

function plus(a: Pair2, b: Pair2): Pair2 {
  return { amount0: a.amount0 + b.amount0, amount1: a.amount1 + b.amount1 };
}

/** The treasury's part, rounded down. */
function part(fees: Pair2, bps: bigint): Pair2 {
  return { amount0: (fees.amount0 * bps) / 10_000n, amount1: (fees.amount1 * bps) / 10_000n };
}

/** Pending fees of all ranges. */
function pending(book: Book): Pair2 {
  return book.positions.reduce<Pair2>((sum, p) => plus(sum, { amount0: p.fees0, amount1: p.fees1 }), NONE);
}

for (const order of ORDERS) {
  describe(`contracts/treasury: ${order.name}`, () => {
    async function open(): Promise<World> {
      const decimals = order.quoteIsToken0 ? { baseDecimals: 8, quoteDecimals: 18 } : {};
      const world = await deployWorld(connection, {
        quoteIsToken0: order.quoteIsToken0,
        ...decimals,
        governanceDelay: 0,
        caps: { treasuryShareBps: 777, maxEntryFeeBps: 50, maxExitFeeBps: 50 },
      });
      await world.firstDeposit(world.who.alice, 20_000n * ONE);
      await world.execute({
        mints: [
          { ...(await world.around(3_000, 1_200)), fraction0: ONE / 2n, fraction1: ONE / 2n },
          { ...(await world.around(500, 600)), fraction0: ONE / 2n, fraction1: ONE / 2n },
        ],
      });
      await world.deposit(world.who.bob, 5_000n * ONE);
      await earn(world);
      return world;
    }
    /** Trade there and back: every range is owed fees in both tokens. */
    async function earn(world: World): Promise<void> {
      await world.movePools(2_017);
      await world.movePools(1_990);
      await world.movePools(2_000);
    }
    const owed = async (world: World): Promise<Pair2> => {
      const { amount0, amount1 } = await world.vault.treasuryBook();
      return { amount0, amount1 };
    };
    /** Fees that a transaction collected, by tier, from the pools' own events: what was paid out less what was burned. */
    const collected = (world: World, receipt: TransactionReceipt): readonly Pair2[] =>
      [...world.pools.values()].map((pool) =>
        pool.events(receipt.logs).reduce<Pair2>((sum, { name, args }) => {
          if (args["owner"] !== world.addresses.vault || (name !== "Collect" && name !== "Burn")) return sum;
          const sign = name === "Collect" ? 1n : -1n;
          return plus(sum, {
            amount0: sign * (args["amount0"] as bigint),
            amount1: sign * (args["amount1"] as bigint),
          });
        }, NONE),
      );

    it(cites("the share is the policy's from the first day", INVARIANT.TREASURY_ONLY), async () => {
      const world = await networkHelpers.loadFixture(open);
      expect((await world.vault.treasuryBook()).shareBps).to.equal(777n);
      expect(await owed(world)).to.deep.equal(NONE);
    });

    it(
      cites(
        "a plan books the part of what it collects, rounded down, and charges for LPs' tokens alone",
        INVARIANT.TREASURY_ONLY,
        INVARIANT.PLAN_CHARGE,
      ),
      async () => {
        const world = await networkHelpers.loadFixture(open);
        const before = await world.book();
        const { receipt, chargeX18 } = await world.execute({
          burns: [
            { index: 0, fraction: 0n },
            { index: 1, fraction: ONE / 3n },
          ],
        });
        const fees = collected(world, receipt).reduce(plus, NONE);
        expect(fees).to.deep.equal(pending(before));
        expect(fees.amount0 > 0n && fees.amount1 > 0n).to.equal(true);
        expect(await owed(world)).to.deep.equal(part(fees, 777n));
        expect(chargeX18).to.equal(0n);
        const held = await world.balances(world.addresses.vault);
        const after = await world.book();
        const booked = await owed(world);
        expect([after.idle0, after.idle1]).to.deep.equal([
          held.amount0 - booked.amount0,
          held.amount1 - booked.amount1,
        ]);
      },
    );

    it(
      cites(
        "an exit books the part of every range's fees; the leaver gets his of the rest",
        INVARIANT.TREASURY_ONLY,
        INVARIANT.WITHDRAW_PREVIEW,
      ),
      async () => {
        const world = await networkHelpers.loadFixture(open);
        const { bob } = world.who;
        for (const shares of [5n, 1_234n * ONE + 1n, 3_000n * ONE]) {
          const was = await owed(world);
          const before = await world.book();
          const preview = await world.lens.previewWithdraw(world.addresses.vault, shares, 0);
          const had = await world.balances(bob.address);
          const receipt = await world.withdraw(bob, shares);
          const has = await world.balances(bob.address);
          expect([has.amount0 - had.amount0, has.amount1 - had.amount1]).to.deep.equal([
            preview.amount0,
            preview.amount1,
          ]);
          // Range by range, one in each tier.
          const booked = collected(world, receipt).reduce((sum, fees) => plus(sum, part(fees, 777n)), NONE);
          expect(await owed(world)).to.deep.equal(plus(was, booked));
          // Never more than his part of what LPs own.
          expect(has.amount0 - had.amount0 <= (before.total0 * shares) / before.supply).to.equal(true);
          expect(has.amount1 - had.amount1 <= (before.total1 * shares) / before.supply).to.equal(true);
          await earn(world);
        }
      },
    );

    it(
      cites(
        "pending fees count in LPs' totals without the treasury's part, booked ones not at all",
        INVARIANT.TREASURY_ONLY,
        INVARIANT.DEPOSIT_ROUNDS_UP,
      ),
      async () => {
        const world = await networkHelpers.loadFixture(open);
        const gross = await world.book();
        const treasury = gross.positions
          .map((p) => part({ amount0: p.fees0, amount1: p.fees1 }, 777n))
          .reduce(plus, NONE);
        expectTotals({
          ...gross,
          positions: gross.positions.map((p) => {
            const { amount0, amount1 } = part({ amount0: p.fees0, amount1: p.fees1 }, 777n);
            return { ...p, fees0: p.fees0 - amount0, fees1: p.fees1 - amount1 };
          }),
        });
        expect(treasury.amount0 > 0n && treasury.amount1 > 0n).to.equal(true);
        // Booking moves value from nobody: totals before and after a plan that only collects differ by rounding alone.
        await world.execute({
          burns: [
            { index: 0, fraction: 0n },
            { index: 1, fraction: 0n },
          ],
        });
        const net = await world.book();
        for (const [a, b] of [
          [gross.total0, net.total0],
          [gross.total1, net.total1],
        ] as const)
          expect(b - a >= -2n && b - a <= 2n, `${a} ${b}`).to.equal(true);
        // Claiming changes nothing that is an LP's.
        await world.vault.connect(world.who.stranger).claimTreasury();
        expect(await world.book()).to.deep.equal(net);
        const cost = await world.vault.previewDeposit(ONE);
        expect(cost.amount0).to.equal((ONE * (net.total0 + 1n) + net.supply - 1n) / net.supply);
      },
    );

    it(cites("fees too small to divide are the LPs'", INVARIANT.TREASURY_ONLY), async () => {
      const world = await networkHelpers.loadFixture(open);
      await world.execute({
        burns: [
          { index: 0, fraction: 0n },
          { index: 1, fraction: 0n },
        ],
      });
      const was = await owed(world);
      await setCaps(world, { treasuryShareBps: 1 });
      await world.vault.syncTreasuryShare();
      for (let i = 0; i < 20; i++) {
        // Dust: a swap whose fee in our ranges is a handful of wei.
        await world.swap(500, i % 2 === 0, 10n ** 6n);
        const before = await world.book();
        const fees = pending(before);
        const { receipt } = await world.execute({ burns: [{ index: 1, fraction: 0n }] });
        const only = collected(world, receipt).reduce(plus, NONE);
        expect(only.amount0 <= fees.amount0 && only.amount1 <= fees.amount1).to.equal(true);
        expect(only.amount0 < 10_000n && only.amount1 < 10_000n).to.equal(true);
      }
      expect(await owed(world)).to.deep.equal(was);
    });

    it(
      cites(
        "a new share is taken of nothing that was earned before, up or down, whoever adopts it",
        INVARIANT.TREASURY_CRYSTALLISED,
      ),
      async () => {
        const world = await networkHelpers.loadFixture(open);
        const start = await networkHelpers.takeSnapshot();
        for (const share of [1_000, 0, 776]) {
          await setCaps(world, { treasuryShareBps: share });
          const stood = (await world.book()).positions.map((p) => p.liquidity);
          const earned = pending(await world.book());
          const receipt = mined(await (await world.vault.connect(world.who.stranger).syncTreasuryShare()).wait());
          const fees = collected(world, receipt).reduce(plus, NONE);
          expect(fees).to.deep.equal(earned);
          // Range by range, as at an exit; one in each tier.
          const booked = collected(world, receipt).reduce((sum, one) => plus(sum, part(one, 777n)), NONE);
          expect(await owed(world), `share ${share}`).to.deep.equal(booked);
          expect(pending(await world.book())).to.deep.equal(NONE);
          expect((await world.book()).positions.map((p) => p.liquidity)).to.deep.equal(stood);
          expect((await world.vault.treasuryBook()).shareBps).to.equal(BigInt(share));
          // From now on the new one, also in the totals.
          const was = await owed(world);
          await earn(world);
          const later = await world.execute({
            burns: [
              { index: 0, fraction: 0n },
              { index: 1, fraction: 0n },
            ],
          });
          const newer = collected(world, later.receipt).reduce(plus, NONE);
          expect(await owed(world)).to.deep.equal(plus(was, part(newer, BigInt(share))));
          await start.restore();
        }
      },
    );

    it(cites("fees in one token alone are booked too", INVARIANT.TREASURY_ONLY), async () => {
      for (const zeroForOne of [true, false]) {
        const world = await networkHelpers.loadFixture(open);
        const everything = {
          burns: [
            { index: 0, fraction: 0n },
            { index: 1, fraction: 0n },
          ],
        };
        await world.execute(everything);
        const was = await owed(world);
        const input = zeroForOne ? world.token0 : world.token1;
        const isQuote = (await input.getAddress()) === (await world.quote.getAddress());
        const decimals = isQuote ? world.options.quoteDecimals : world.options.baseDecimals;
        await world.swap(3_000, zeroForOne, (isQuote ? 2_000n : 1n) * 10n ** BigInt(decimals));
        const fees = collected(world, (await world.execute(everything)).receipt).reduce(plus, NONE);
        expect(zeroForOne ? [fees.amount0 > 0n, fees.amount1] : [fees.amount1 > 0n, fees.amount0]).to.deep.equal([
          true,
          0n,
        ]);
        expect(await owed(world)).to.deep.equal(plus(was, part(fees, 777n)));
      }
    });

    it(
      cites(
        "until somebody adopts the new share the old one holds, and adopting twice is nothing",
        INVARIANT.TREASURY_CRYSTALLISED,
      ),
      async () => {
        const world = await networkHelpers.loadFixture(open);
        await tighten(world, { treasuryShareBps: 0 });
        const fees = collected(world, (await world.execute({ burns: [{ index: 0, fraction: 0n }] })).receipt).reduce(
          plus,
          NONE,
        );
        expect(await owed(world)).to.deep.equal(part(fees, 777n));
        await expect(world.vault.syncTreasuryShare()).to.emit(world.vault, "TreasuryShareAdopted").withArgs(0);
        const was = await owed(world);
        await expect(world.vault.syncTreasuryShare()).not.to.emit(world.vault, "TreasuryShareAdopted");
        await earn(world);
        await world.withdraw(world.who.bob, 1_000n * ONE);
        await world.execute({ burns: [{ index: 0 }, { index: 1 }] });
        expect(await owed(world)).to.deep.equal(was);
      },
    );

    it(
      cites(
        "anybody may have it sent, to the policy's address and nowhere else",
        INVARIANT.TREASURY_ONLY,
        INVARIANT.ONLY_TO_PAYEES,
      ),
      async () => {
        const world = await networkHelpers.loadFixture(open);
        const { treasury, stranger, carol } = world.who;
        await world.execute({
          burns: [
            { index: 0, fraction: 0n },
            { index: 1, fraction: 0n },
          ],
        });
        const due = await owed(world);
        const had = await world.balances(treasury.address);
        const vaultHad = await world.balances(world.addresses.vault);
        await expect(world.vault.connect(stranger).claimTreasury())
          .to.emit(world.vault, "TreasuryClaimed")
          .withArgs(treasury.address, due.amount0, due.amount1);
        expect(await world.balances(treasury.address)).to.deep.equal(plus(had, due));
        expect(plus(await world.balances(world.addresses.vault), due)).to.deep.equal(vaultHad);
        expect(await owed(world)).to.deep.equal(NONE);
        expect((await world.vault.treasuryBook()).shareBps).to.equal(777n);
        // A second time there is nothing to send.
        const again = await world.vault.connect(stranger).claimTreasury();
        await expect(again).to.emit(world.vault, "TreasuryClaimed").withArgs(treasury.address, 0, 0);
        await expect(again).not.to.emit(world.token0, "Transfer");
        await expect(again).not.to.emit(world.token1, "Transfer");
        expect(await world.balances(treasury.address)).to.deep.equal(plus(had, due));
        // The policy's address of today.
        await earn(world);
        await world.execute({ burns: [{ index: 0, fraction: 0n }] });
        const next = await owed(world);
        const carolHad = await world.balances(carol.address);
        await world.policy.connect(world.who.safe).setTreasury(carol.address);
        await world.vault.claimTreasury();
        expect(await world.balances(carol.address)).to.deep.equal(plus(carolHad, next));
      },
    );

    it(
      cites(
        "a treasury that a token refuses to pay stops its own claim and nothing else",
        INVARIANT.WITHDRAW_OPEN,
        INVARIANT.TREASURY_ONLY,
      ),
      async () => {
        const world = await networkHelpers.loadFixture(open);
        const { treasury, bob, alice, carol } = world.who;
        await world.execute({ burns: [{ index: 0, fraction: 0n }] });
        for (const token of [world.token0, world.token1])
          await block(world, await token.getAddress(), treasury.address);
        await expect(world.vault.claimTreasury()).to.revert(world.ethers);
        const due = await owed(world);
        expect(due.amount0 > 0n && due.amount1 > 0n).to.equal(true);
        await earn(world);
        await world.deposit(carol, 100n * ONE);
        await world.withdraw(bob, 2_000n * ONE);
        await setCaps(world, { treasuryShareBps: 1_000 });
        await world.vault.syncTreasuryShare();
        await world.execute({
          burns: [{ index: 0 }],
          mints: [{ ...(await world.around(3_000, 900)), fraction0: ONE / 2n, fraction1: ONE / 2n }],
        });
        for (const person of [bob, carol, alice])
          await world.withdraw(person, await world.vault.balanceOf(person.address));
        // All are gone; what is booked is there, to the wei, and an address that can be paid gets it.
        const booked = await owed(world);
        expect(booked.amount0 > due.amount0 && booked.amount1 > due.amount1).to.equal(true);
        const held = await world.balances(world.addresses.vault);
        expect(held.amount0 >= booked.amount0 && held.amount1 >= booked.amount1).to.equal(true);
        await world.policy.connect(world.who.safe).setTreasury(world.who.stranger.address);
        const had = await world.balances(world.who.stranger.address);
        await world.vault.claimTreasury();
        expect(await world.balances(world.who.stranger.address)).to.deep.equal(plus(had, booked));
      },
    );

    it(
      cites(
        "a full book stops no exit and no plan: what no longer fits is the LPs'",
        INVARIANT.WITHDRAW_OPEN,
        INVARIANT.TREASURY_ONLY,
      ),
      async () => {
        const world = await networkHelpers.loadFixture(open);
        await world.execute({ burns: [{ index: 0, fraction: 0n }] });
        const room = { amount0: 3n, amount1: 5n };
        await fill(world, room);
        await earn(world);
        const { bob } = world.who;
        const before = await world.book();
        expect(part(pending(before), 777n).amount0 > room.amount0).to.equal(true);
        expect(part(pending(before), 777n).amount1 > room.amount1).to.equal(true);
        await world.withdraw(bob, 3_000n * ONE);
        expect(await owed(world)).to.deep.equal({ amount0: FULL, amount1: FULL });
        await earn(world);
        await world.execute({ burns: [{ index: 0 }, { index: 1 }] });
        expect(await owed(world)).to.deep.equal({ amount0: FULL, amount1: FULL });
        // Nothing of it is lost: what the vault holds beyond the book is idle, so the LPs'.
        const held = await world.balances(world.addresses.vault);
        const after = await world.book();
        expect([after.idle0, after.idle1]).to.deep.equal([held.amount0 - FULL, held.amount1 - FULL]);
        await world.vault.claimTreasury();
        expect(await owed(world)).to.deep.equal(NONE);
      },
    );

    it(cites("is never more than a tenth, and never nobody's", INVARIANT.POLICY_CAPS), async () => {
      const world = await networkHelpers.loadFixture(open);
      await expect(setCaps(world, { treasuryShareBps: 1_001 }))
        .to.be.revertedWithCustomError(world.policy, "CapOutOfBounds")
        .withArgs("treasuryShareBps");
      await expect(
        world.policy.connect(world.who.safe).setTreasury("0x0000000000000000000000000000000000000000"),
      ).to.be.revertedWithCustomError(world.policy, "InvalidTreasury");
    });
  });
}

/** Writes the book full but for `room`, and gives the vault the tokens for it. */
async function fill(world: World, room: Pair2): Promise<void> {
  const { vault } = world.addresses;
  const { amount0, amount1, shareBps } = await world.vault.treasuryBook();
  const word = (a: bigint, b: bigint): bigint => a | (b << 120n) | (shareBps << 240n);
  expect(amount0 > 0n && amount1 > 0n).to.equal(true);
  const { slot } = await findWord(world, vault, "the treasury's book", (found) => found === word(amount0, amount1));
  const [next0, next1] = [FULL - room.amount0, FULL - room.amount1];
  await world.token0.mint(vault, next0 - amount0);
  await world.token1.mint(vault, next1 - amount1);
  await networkHelpers.setStorageAt(vault, slot, word(next0, next1));
  const now = await world.vault.treasuryBook();
  expect([now.amount0, now.amount1, now.shareBps]).to.deep.equal([next0, next1, shareBps]);
}

/**
 * From now on a token refuses transfers to an address, as an issuer's block list does. The token's own code runs everything
 * else, from another address on this one's storage.
 */
async function block(world: World, token: string, address: string): Promise<void> {
  const code = await world.ethers.provider.getCode(token);
  const twin = "0x" + (BigInt(token) ^ 0xb10cn).toString(16).padStart(40, "0");
  await networkHelpers.setCode(twin, code);
  const hex = (text: string): string => text.replace("0x", "").toLowerCase();
  const head = `60003560e01c63a9059cbb14600435 73${hex(address)} 1416`.replaceAll(" ", "");
  const run = `3660006000376000600036600073${hex(twin)}5af43d600060003e`;
  const size = (text: string): number => text.length / 2;
  const jump = (at: number): string => `61${at.toString(16).padStart(4, "0")}57`;
  // [head][jump to refused][run][jump to good][revert with the reason][good: return][refused: revert]
  const good = size(head) + 4 + size(run) + 4 + 4;
  const refused = good + 5;
  const runtime = `${head}${jump(refused)}${run}${jump(good)}3d6000fd5b3d6000f35b60006000fd`;
  await networkHelpers.setCode(token, `0x${runtime}`);
}
