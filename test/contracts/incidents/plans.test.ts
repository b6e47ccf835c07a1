/**
 * Incidents in which a manager of liquidity was let lose more than it should, or its limits looked at the wrong thing.
 * Each test replays an incident's mechanism on Uniswap's own bytecode and carries the incident's name.
 */
import { expect } from "chai";
import { network } from "hardhat";

import { ONE } from "../../support/arithmetic.ts";
import { arm } from "../../support/attackContract.ts";
import { figure } from "../../support/figures.ts";
import { capsOf, govern } from "../../support/governance.ts";
import { ORDERS, type PlanSteps } from "../../support/world.ts";
import { cites, INVARIANT } from "../invariants.ts";
import { takesBytes } from "./doors.ts";
import { MARKET, moveStep, plus, rootAt, shareValue, worldsOf } from "./support.ts";

const connection = await network.create();

for (const order of ORDERS) {
  const { fresh } = worldsOf(connection, order.quoteIsToken0);

  describe(`contracts/incidents/plans: ${order.name}`, () => {
    it(
      cites("Arrakis contest 2023, high 1: deviation checked only before the swap", INVARIANT.PLAN_CHARGE),
      async () => {
        const world = await fresh({ depths: { 500: 2_000 } });
        await world.firstDeposit(world.who.alice, 50_000n * ONE);
        const { attack, address } = await arm(world);
        // The pool stands where it should; the plan's own swap is what carries it off.
        const swap = { fee: 500, zeroForOne: true };
        await expect(world.execute({ swaps: [swap] }))
          .to.be.revertedWithCustomError(world.planErrors, "SpotOutsideBand")
          .withArgs(500, (value: bigint) => value > 0n);
        // The pool is carried off first, and the plan would mint there.
        await attack.run(await moveStep(world, address, 500, rootAt(world, MARKET * 1.02)));
        await expect(world.execute({ mints: [await world.around(500, 500)] })).to.be.revertedWithCustomError(
          world.planErrors,
          "SpotOutsideBand",
        );
        // Nor is there calldata of the keeper's choice: no function of the vault takes bytes but the pools' callbacks, which
        // ignore them.
        const takers: string[] = [];
        world.vault.interface.forEachFunction((fragment) => {
          if (fragment.inputs.some(takesBytes)) takers.push(fragment.name);
        });
        expect(takers.sort()).to.deep.equal(["uniswapV3MintCallback", "uniswapV3SwapCallback"]);
      },
    );

    it(
      cites(
        "Arrakis contest 2023, medium 2: one per cent a call, thirty calls in a block",
        INVARIANT.BUDGET_LOSS,
        INVARIANT.PLAN_LIMIT,
      ),
      async () => {
        const world = await fresh({ caps: { lossCapBps: 50, lossRefillBps: 10 } });
        await world.firstDeposit(world.who.alice, 100_000n * ONE);
        const before = shareValue(world, await world.book());
        const { keeper } = world.who;
        // Each plan sells a part and buys it back in the dearest tier: about 13 bps at the band's worse end.
        const steps: PlanSteps = {
          swaps: [
            { fee: 10_000, zeroForOne: true, fraction: ONE / 10n },
            { fee: 10_000, zeroForOne: false, fraction: ONE / 20n },
          ],
        };
        const nonce = await world.vault.planNonce();
        const hint = await world.oracle.findTwapHint();
        const deadline = (await world.now()) + 3_600;
        const plans = await Promise.all(
          Array.from({ length: 30 }, (_, i) =>
            world.plan({ ...steps, nonce: nonce + BigInt(i), twapHint: Number(hint), deadline }),
          ),
        );
        const receipts = await world.inOneBlock(
          plans.map((plan) => () => world.vault.connect(keeper).execute(plan, { gasLimit: 1_000_000n })),
        );
        const passed = receipts.filter((receipt) => receipt.status === 1);
        const charges = passed.map((receipt) => world.executed(receipt).chargeX18);
        const sum = charges.reduce((a, b) => a + b, 0n);
        expect(passed.length > 1 && passed.length < 30, `${passed.length} passed`).to.equal(true);
        expect(sum <= (50n * ONE) / 10_000n, `charged ${sum}`).to.equal(true);
        await expect(world.execute(steps)).to.be.revertedWithCustomError(world.planErrors, "LossBudgetSpent");
        await world.movePools(MARKET);
        const lost = ((before - shareValue(world, await world.book())) * 10_000_000n) / before;
        expect(lost > 0n && lost <= 50_000n).to.equal(true);
        figure(`thirty plans in a block: ${passed.length} passed, LPs lost ${Number(lost) / 1_000} bps of 50`);
      },
    );

    it(
      cites(
        "Arrakis contest 2023, medium 3: a minimum summed over tiers, two pools skewed in opposite ways",
        INVARIANT.PLAN_CHARGE,
      ),
      async () => {
        const world = await fresh({ depths: { 500: 2_000, 10_000: 2_000 } });
        await world.firstDeposit(world.who.alice, 50_000n * ONE);
        const half = { fraction0: ONE / 2n, fraction1: ONE / 2n };
        await world.execute({
          mints: [
            { ...(await world.around(500, 1_000)), ...half },
            { ...(await world.around(10_000, 1_000)), fraction0: ONE, fraction1: ONE },
          ],
        });
        const honest = (await world.book()).positions;
        const burns = honest.map((p) => ({
          index: p.index,
          min0: (p.amount0 * 99n) / 100n,
          min1: (p.amount1 * 99n) / 100n,
        }));
        const due = honest.reduce((sum, p) => plus(sum, p), { amount0: 0n, amount1: 0n });
        const { attack, address } = await arm(world);
        await attack.run([
          ...(await moveStep(world, address, 500, rootAt(world, MARKET * 1.01))),
          ...(await moveStep(world, address, 10_000, rootAt(world, MARKET / 1.01))),
        ]);
        const skewed = (await world.book()).positions.reduce((sum, p) => plus(sum, p), { amount0: 0n, amount1: 0n });
        // Summed over the tiers, the minimums would have been met.
        expect(skewed.amount0 * 100n >= due.amount0 * 99n && skewed.amount1 * 100n >= due.amount1 * 99n).to.equal(true);
        await expect(world.execute({ burns })).to.be.revertedWithCustomError(world.planErrors, "SlippageOnBurn");
        // Nor does one pool's error excuse the other's: each tier that is minted into is held to the band by itself.
        for (const [fee, apart] of [
          [500, 1.03],
          [10_000, 1 / 1.03],
        ] as const) {
          await attack.run(await moveStep(world, address, 500, rootAt(world, MARKET * 1.03)));
          await attack.run(await moveStep(world, address, 10_000, rootAt(world, MARKET / 1.03)));
          await expect(
            world.execute({ burns: honest.map(({ index }) => ({ index })), mints: [await world.around(fee, 500)] }),
            `tier ${fee} at ${apart}`,
          ).to.be.revertedWithCustomError(world.planErrors, "SpotOutsideBand");
        }
      },
    );

    it(
      cites(
        "Arrakis contest 2023, medium 4 and 5: one heartbeat for two feeds; fee changed backwards in time",
        INVARIANT.ORACLE_REFUSES,
        INVARIANT.TREASURY_CRYSTALLISED,
        INVARIANT.TREASURY_ONLY,
      ),
      async () => {
        const world = await fresh({ terms: { baseHeartbeat: 4_200, quoteHeartbeat: 87_000 }, depths: { 500: 2_000 } });
        await world.report(MARKET);
        await world.firstDeposit(world.who.alice, 50_000n * ONE);
        await world.execute({ mints: [await world.around(500, 1_000)] });
        // 5,000 s: the base feed is stale by its own heartbeat, the quote feed is young by its own.
        await world.pass(5_000);
        const collect: PlanSteps = { burns: [{ index: 0, fraction: 0n }] };
        await world.quoteFeed.report(10n ** 8n);
        await expect(world.execute(collect))
          .to.be.revertedWithCustomError(world.oracle, "FeedStale")
          .withArgs(await world.baseFeed.getAddress(), 2_000n * 10n ** 8n, (at: bigint) => at > 0n, 4_200n);
        await world.report(MARKET);
        await world.pass(4_000);
        await world.baseFeed.report(2_000n * 10n ** 8n);
        await world.pass(1_000);
        await world.execute(collect);
        await world.pass(82_100);
        await world.baseFeed.report(2_000n * 10n ** 8n);
        await expect(world.execute(collect))
          .to.be.revertedWithCustomError(world.oracle, "FeedStale")
          .withArgs(await world.quoteFeed.getAddress(), 10n ** 8n, (at: bigint) => at > 0n, 87_000n);

        // Fees are earned at a share of nothing; then the DAO votes for a tenth.
        await world.movePools(2_010);
        await world.movePools(MARKET);
        const caps = { ...(await capsOf(world)), treasuryShareBps: 1_000 };
        await govern(world, world.addresses.policy, world.policy.interface.encodeFunctionData("setCaps", [caps]));
        await world.withdraw(world.who.alice, 10_000n * ONE);
        await world.vault.syncTreasuryShare();
        const book = await world.vault.treasuryBook();
        expect([book.amount0, book.amount1, book.shareBps]).to.deep.equal([0n, 0n, 1_000n]);
        // From here on a tenth of each fee, rounded down.
        await world.movePools(2_010);
        await world.movePools(MARKET);
        const [position] = (await world.book()).positions;
        await world.withdraw(world.who.alice, 10_000n * ONE);
        const now = await world.vault.treasuryBook();
        expect([now.amount0, now.amount1]).to.deep.equal([
          (position?.fees0 ?? 0n) / 10n,
          (position?.fees1 ?? 0n) / 10n,
        ]);
        expect(now.amount0 > 0n && now.amount1 > 0n).to.equal(true);
      },
    );
  });
}
