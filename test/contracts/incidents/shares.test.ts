/**
 * Incidents in which shares were priced or counted wrongly: what an LP puts in and takes out.
 * Each test replays an incident's mechanism on Uniswap's own bytecode and carries the incident's name.
 */
import { expect } from "chai";
import { network } from "hardhat";

import { ONE, VALUE_BITS, type Pair2 } from "../../support/arithmetic.ts";
import { arm, depositStep, MAX, swapStep, withdrawStep } from "../../support/attackContract.ts";
import { components } from "../../support/checks.ts";
import { govern } from "../../support/governance.ts";
import { ORDERS, sqrtAtTick } from "../../support/world.ts";
import { cites, INVARIANT } from "../invariants.ts";
import { fieldsOf, MARKET, minus, moveStep, plus, rootAt, shareValue, wei, worldsOf, worth } from "./support.ts";

const connection = await network.create();
const { networkHelpers } = connection;

for (const order of ORDERS) {
  const q = order.quoteIsToken0;
  const { thin } = worldsOf(connection, q);

  describe(`contracts/incidents/shares: ${order.name}`, () => {
    it(
      cites("Gamma, Jan 2024, $6.2M", INVARIANT.DEPOSIT_ROUNDS_UP, INVARIANT.DEPOSIT_VALUE, INVARIANT.NO_PROFIT),
      async () => {
        const world = await networkHelpers.loadFixture(thin);
        const { attack, address } = await arm(world);
        const shares = 500_000n * ONE;
        // One side offered, the other zero: the missing side is asked for all the same.
        for (const [max0, max1] of [
          [MAX, 0n],
          [0n, MAX],
        ] as const) {
          await expect(attack.run([depositStep(world, address, shares, max0, max1)])).to.be.revertedWithCustomError(
            world.vault,
            "DepositAboveMax",
          );
        }
        // Their loop: skew the pool until the vault looks one-sided, deposit one side, skew back, leave; again and again.
        const quiet = await world.book();
        const before = await world.balances(address);
        let rounds = 0n;
        for (const to of [MARKET * 4, MARKET / 4, MARKET * 1.3, MARKET / 1.3]) {
          const out = await moveStep(world, address, 500, rootAt(world, to));
          const home = swapStep(world, address, 500, to > MARKET !== q, rootAt(world, MARKET));
          await attack.run([...out, depositStep(world, address, shares), home]);
          // Even where the vault's composition is one token, the deposit paid at least a wei of the other.
          await attack.run([withdrawStep(world, address, shares)]);
          rounds += 4n;
        }
        const after = await world.balances(address);
        const profit = worth(world, minus(after, before));
        expect(profit <= wei(world, rounds), `profit ${profit >> VALUE_BITS}`).to.equal(true);
        expect(shareValue(world, await world.book()) >= shareValue(world, quiet)).to.equal(true);
        // No vote can set a threshold as wide as theirs.
        const terms = fieldsOf(await world.oracle.terms());
        for (const wide of [{ baseDeviationBps: 276n }, { twapBandBps: 1_001n }]) {
          const data = world.oracle.interface.encodeFunctionData("setTerms", [{ ...terms, ...wide } as never]);
          await expect(govern(world, world.addresses.oracle, data)).to.be.revertedWithCustomError(
            world.oracle,
            "InvalidTerms",
          );
        }
      },
    );

    it(cites("Popsicle 2021, $20.7M", INVARIANT.WITHDRAW_COMPONENT, INVARIANT.WITHDRAW_SPLIT), async () => {
      const world = await networkHelpers.loadFixture(thin);
      const { attacker, bob, carol, stranger } = world.who;
      const shares = 40_000n * ONE;
      await world.deposit(attacker, shares);
      await world.movePools(2_030);
      await world.movePools(MARKET);
      const friends = [bob, carol, stranger];
      const had = await Promise.all([attacker, ...friends].map((who) => world.balances(who.address)));
      const gained = async (): Promise<Pair2> => {
        let sum: Pair2 = { amount0: 0n, amount1: 0n };
        for (const [i, who] of [attacker, ...friends].entries()) {
          const was = had[i];
          if (was !== undefined) sum = plus(sum, minus(await world.balances(who.address), was));
        }
        return sum;
      };
      // What the shares bring without tricks.
      const snapshot = await networkHelpers.takeSnapshot();
      await world.withdraw(attacker, shares);
      const plain = await gained();
      await snapshot.restore();
      expect((await world.book()).positions.every((p) => p.fees0 > 0n && p.fees1 > 0n)).to.equal(true);
      // Their trick: claim, pass the shares on, claim again. Each friend pokes the vault with a wei and hands on the rest.
      let holder = attacker;
      for (const next of [...friends, attacker]) {
        await world.withdraw(holder, 1n);
        await world.vault.syncTreasuryShare();
        await world.vault.connect(holder).transfer(next.address, await world.vault.balanceOf(holder.address));
        holder = next;
      }
      for (const [i, who] of friends.entries()) {
        await world.vault.connect(attacker).transfer(who.address, (shares / 7n) * BigInt(i + 1));
        await world.withdraw(who, await world.vault.balanceOf(who.address));
      }
      await world.withdraw(attacker, await world.vault.balanceOf(attacker.address));
      const tricked = await gained();
      expect(tricked.amount0 <= plain.amount0 && tricked.amount1 <= plain.amount1).to.equal(true);
      // The rounding of eight exits, no fee that was counted twice or lost.
      const short = worth(world, minus(plain, tricked));
      expect(short <= wei(world, 24n), `short by ${short >> VALUE_BITS}`).to.equal(true);
    });

    it(
      cites(
        "Bunni v2, Sep 2025, $8.4M",
        INVARIANT.WITHDRAW_SPLIT,
        INVARIANT.WITHDRAW_COMPONENT,
        INVARIANT.DEPOSIT_VALUE,
      ),
      async () => {
        const world = await networkHelpers.loadFixture(thin);
        const { attack, address } = await arm(world);
        await attack.run([depositStep(world, address, 20_000n * ONE)]);
        // The idle balance is drained to a few wei of one token, as theirs was.
        await world.execute({ burns: [{ index: 0 }], mints: [await world.around(500, 1_000)] });
        const idle = await world.book();
        expect(idle.idle0 < 10n || idle.idle1 < 10n, `${idle.idle0} ${idle.idle1}`).to.equal(true);
        for (const skew of [1, 1.2, 1 / 1.2]) {
          const snapshot = await networkHelpers.takeSnapshot();
          await attack.run(await moveStep(world, address, 500, rootAt(world, MARKET * skew)));
          const start = await world.book();
          const had = await world.balances(address);
          // Amounts at which every rounding bites: just under what brings a wei of idle, of fees, of each range's liquidity.
          const crafted: bigint[] = [];
          for (const part of [...components(start).values()]) {
            if (part === 0n) continue;
            const forOne = start.supply / part + 1n;
            for (const shares of [forOne - 1n, forOne, forOne + 1n]) {
              if (shares > 0n && shares < 10n ** 19n) crafted.push(shares);
            }
          }
          while (crafted.length < 44) crafted.push(BigInt(crafted.length) * 10n ** 9n + 7n);
          crafted.length = 44;
          const sum = crafted.reduce((a, b) => a + b, 0n);

          const once = await networkHelpers.takeSnapshot();
          await attack.run([withdrawStep(world, address, sum)]);
          const large = minus(await world.balances(address), had);
          await once.restore();

          let book = start;
          for (const shares of crafted) {
            await attack.run([withdrawStep(world, address, shares)]);
            const next = await world.book();
            for (const [name, was] of components(book)) {
              const is = components(next).get(name) ?? 0n;
              expect(is * book.supply >= was * next.supply, `${name} after ${shares}`).to.equal(true);
            }
            expect(shareValue(world, next) >= shareValue(world, book), `after ${shares}`).to.equal(true);
            book = next;
          }
          const small = minus(await world.balances(address), had);
          expect(small.amount0 <= large.amount0 && small.amount1 <= large.amount1).to.equal(true);
          // Their second half: after the roundings, buy at a price that they bent. Here the loop brings nothing.
          const left = await world.vault.balanceOf(address);
          await attack.run([depositStep(world, address, 5_000n * ONE)]);
          await attack.run([withdrawStep(world, address, 5_000n * ONE + left)]);
          await attack.run(await moveStep(world, address, 500, rootAt(world, MARKET)));
          expect(shareValue(world, await world.book()) >= shareValue(world, start)).to.equal(true);
          await snapshot.restore();
        }
      },
    );

    it(
      cites("KyberSwap Elastic 2023, $55M", INVARIANT.FEES_BY_VIEW, INVARIANT.WITHDRAW_PREVIEW, INVARIANT.NO_PROFIT),
      async () => {
        const world = await networkHelpers.loadFixture(thin);
        const { attack, address } = await arm(world);
        const [range] = (await world.book()).positions;
        if (range === undefined) throw new Error("no range");
        const root = rootAt(world, MARKET);
        let visited = 0;
        for (const edge of [range.tickLower, range.tickUpper]) {
          for (const off of [-1n, 0n, 1n]) {
            const at = sqrtAtTick(edge) + off;
            const snapshot = await networkHelpers.takeSnapshot();
            const quiet = shareValue(world, await world.book());
            const before = await world.balances(address);
            await attack.run([depositStep(world, address, 30_000n * ONE)]);
            // To the very edge, across it and back onto it from the other side: each crossing adds or takes the liquidity once.
            const beyond = sqrtAtTick(edge + (edge === range.tickLower ? -60 : 60));
            for (const stop of [at, beyond, at, root, at]) {
              await attack.run(await moveStep(world, address, 500, stop));
              const book = await world.book();
              const [seen] = book.positions;
              const inRange = (await world.pool(500).slot0()).tick;
              const active = (await world.pool(500).contract.getFunction("liquidity")()) as bigint;
              const counts = inRange >= range.tickLower && inRange < range.tickUpper;
              expect(active >= (seen?.liquidity ?? 0n), `liquidity at ${stop}`).to.equal(counts);
              // Fees by view are what the pool counts out when it is poked.
              const poked = await networkHelpers.takeSnapshot();
              const vault = await world.as(world.addresses.vault);
              const pool = world.pool(500);
              await (pool.contract.connect(vault) as typeof pool.contract)
                .getFunction("burn")
                .send(range.tickLower, range.tickUpper, 0n);
              const { owed0, owed1 } = await pool.position(world.positionKey(range.tickLower, range.tickUpper));
              await poked.restore();
              expect([seen?.fees0, seen?.fees1]).to.deep.equal([owed0, owed1]);
              // And an exit pays what was previewed.
              const preview = await world.lens.previewWithdraw(world.addresses.vault, 777n * ONE, 0);
              const had = await world.balances(address);
              await attack.run([withdrawStep(world, address, 777n * ONE)]);
              const got = minus(await world.balances(address), had);
              expect([got.amount0, got.amount1]).to.deep.equal([preview.amount0, preview.amount1]);
              visited += 1;
            }
            await attack.run([withdrawStep(world, address, await world.vault.balanceOf(address))]);
            await attack.run(await moveStep(world, address, 500, root));
            const profit = worth(world, minus(await world.balances(address), before));
            expect(profit <= wei(world, 12n), `profit ${profit >> VALUE_BITS}`).to.equal(true);
            expect(shareValue(world, await world.book()) >= quiet).to.equal(true);
            await snapshot.restore();
          }
        }
        expect(visited).to.equal(30);
      },
    );
  });
}
