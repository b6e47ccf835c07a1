/** LPs and would-be LPs against those who are in already: prices of shares, roundings, fees and blocks. */
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";

import { ONE, valueOfTokens, VALUE_BITS } from "../../support/arithmetic.ts";
import { mined } from "../../support/world.ts";
import { adoptTreasuryShare, earnFees, inEveryTier, recentre } from "../honest.ts";
import type { Scenario } from "../scenario.ts";
import type { Stage } from "../stage.ts";
import { allAt, FEED, skew } from "../tactics.ts";

const DAY = 86_400;
/** Nine times what the honest LP has. */
const WHALE = 9_000_000n * ONE;

/** An honest deposit of so many quote units, whatever a share costs then, first deposit or not. */
async function buy(stage: Stage, lp: HardhatEthersSigner, quoteUnits: bigint): Promise<void> {
  const { world } = stage;
  const { locked } = await world.vault.feeBook();
  if ((await world.vault.effectiveSupply()) <= 1_000n + locked) {
    await world.firstDeposit(lp, quoteUnits * ONE);
  } else {
    // Exact shares are bought, so the buyer works out how many his money is worth.
    const cost = await world.vault.previewDeposit(10n ** 18n);
    const price = valueOfTokens(cost, world.priceX96(stage.market), world.options.quoteIsToken0) >> VALUE_BITS;
    const shares = (quoteUnits * 10n ** BigInt(world.options.quoteDecimals) * 10n ** 18n) / price;
    await world.deposit(lp, shares);
  }
  // The same sum in both runs, so that what he could not spend for want of a share small enough stays his.
  const budget = world.halves(quoteUnits * ONE);
  stage.paid = {
    amount0: stage.paid.amount0 + budget.amount0,
    amount1: stage.paid.amount1 + budget.amount1,
  };
}

/** Fees that the honest keeper has set, in force. */
function withFees(entryBps: number, exitBps: number) {
  return async (stage: Stage): Promise<void> => {
    const { world } = stage;
    mined(await (await world.vault.connect(world.who.keeper).setFees(entryBps, exitBps)).wait());
    await world.pass(DAY + 1);
    await world.report(FEED);
  };
}

/** In the run with the attack he buys so many shares. */
async function enter(stage: Stage, shares: bigint): Promise<void> {
  await stage.attack(async () => {
    await stage.batch([stage.attacker.deposit(shares)]);
  });
}

/** In the run with the attack he sells so many shares. */
async function leave(stage: Stage, shares: bigint): Promise<void> {
  await stage.attack(async () => {
    await stage.batch([stage.attacker.withdraw(shares)]);
  });
}

/** He sends the vault so many quote units, half of them in each token. */
async function donate(stage: Stage, quoteUnits: bigint): Promise<void> {
  const { world } = stage;
  const { attacker } = world.who;
  const { amount0, amount1 } = world.halves(quoteUnits * ONE);
  await stage.act(() => world.token0.connect(attacker).transfer(world.addresses.vault, amount0));
  await stage.act(() => world.token1.connect(attacker).transfer(world.addresses.vault, amount1));
}

/** Value at M of what somebody holds, quote wei. */
async function wealthOf(stage: Stage, who: string): Promise<bigint> {
  return stage.valueAtMarket(await stage.world.balances(who)) >> VALUE_BITS;
}

export const scenarios: readonly Scenario[] = [
  {
    name: "deposit at a moved spot, exit at the restored one",
    actor: "lp",
    about:
      "All pools are moved, nine times the vault is bought at that composition, pools go back, he leaves; the composition is asked for, no price is, so nothing can be bought cheap.",
    path: false,
    prepare: inEveryTier,
    play: async (stage) => {
      await stage.attack(async () => {
        for (const price of [3_000, 2_240, 2_010, 1_990, 1_780, 1_300]) {
          const { away, back } = allAt(stage, price);
          await stage.batch([...away, stage.attacker.deposit(WHALE), ...back]);
          await stage.batch([stage.attacker.withdraw(WHALE)]);
        }
      });
      await stage.at(3_600);
    },
  },
  {
    name: "deposit at the market, exit at a moved spot",
    actor: "lp",
    about:
      "The other way round: he buys honestly, moves all pools, takes his part of each range there and moves them back against the smaller liquidity.",
    path: false,
    prepare: inEveryTier,
    play: async (stage) => {
      await stage.attack(async () => {
        for (const price of [3_000, 2_240, 2_010, 1_990, 1_780, 1_300]) {
          await stage.batch([stage.attacker.deposit(WHALE)]);
          const { away, back } = allAt(stage, price);
          await stage.batch([...away, stage.attacker.withdraw(WHALE), ...back]);
        }
      });
      await stage.at(3_600);
    },
  },
  {
    name: "deposit with pools skewed in opposite ways",
    actor: "lp",
    about:
      "One thin pool up, one down, so that the totals look untouched; he deposits, restores, skews them the other way and leaves: each range is copied by itself, so sums hide nothing.",
    path: false,
    world: { quoteIsToken0: true },
    prepare: inEveryTier,
    play: async (stage) => {
      await stage.attack(async () => {
        for (const [up, down] of [
          [2_300, 1_740],
          [2_040, 1_960],
          [1_740, 2_300],
        ] as const) {
          const first = skew(stage, { 500: up, 10_000: down });
          await stage.batch([...first.away, stage.attacker.deposit(WHALE), ...first.back]);
          const second = skew(stage, { 500: down, 10_000: up });
          await stage.batch([...second.away, stage.attacker.withdraw(WHALE), ...second.back]);
        }
      });
      await stage.at(3_600);
    },
  },
  {
    name: "first depositor makes a share dear",
    actor: "lp",
    about:
      "He is first, leaves all but one wei of a share and donates a million; the next LP pays an exact part of everything, rounded by a wei, so there is no share too dear to be bought fairly.",
    path: false,
    funded: false,
    play: async (stage) => {
      const { world } = stage;
      const { attacker, alice } = world.who;
      await stage.attack(async () => {
        await world.firstDeposit(attacker, 1_000n * ONE);
        await stage.act(() => world.vault.connect(attacker).withdraw(1_000n * ONE - 1n, 0, 0, attacker.address, 0));
        await donate(stage, 1_000_000n);
      });
      await stage.at(120);
      await buy(stage, alice, 10_000n);
      await stage.at(240);
      await stage.attack(async () => {
        await stage.act(() => world.vault.connect(attacker).withdraw(1n, 0, 0, attacker.address, 0));
      });
      await stage.at(360);
    },
  },
  {
    name: "an empty vault is left with a trap",
    actor: "lp",
    about:
      "He is first, donates to himself until a share is worth a hundred units, lets the honest keeper plan and leaves; the next life of the vault must not be charged churn for what nobody lost.",
    path: false,
    funded: false,
    play: async (stage) => {
      const { world } = stage;
      const { attacker, alice } = world.who;
      await stage.attack(async () => {
        await world.firstDeposit(attacker, 1_000n * ONE);
        await donate(stage, 99_000n);
        await world.execute({
          mints: [{ ...(await world.around(3_000, 1_200)), fraction0: ONE / 2n, fraction1: ONE / 2n }],
        });
        await stage.act(() => world.vault.connect(attacker).withdraw(1_000n * ONE, 0, 0, attacker.address, 0));
      });
      await stage.at(120);
      await buy(stage, alice, 100_000n);
      await stage.at(240);
      const { positions } = await world.book();
      await world.execute({ burns: positions.map(({ index }) => ({ index })) });
      const { churnE12 } = await world.vault.budgets();
      stage.figures["churnLevelBps"] = Number(churnE12) / 1e8;
      stage.must(churnE12 < 10_000_000n, "the new life of the vault begins without churn of the old one");
      // A narrow range is what the churn budget would forbid.
      await world.execute({
        mints: [{ ...(await world.around(3_000, 600)), fraction0: ONE / 4n, fraction1: ONE / 4n }],
      });
      await stage.at(360);
    },
  },
  {
    name: "dust beside the last LP's exit",
    actor: "lp",
    about:
      "An exit fee is on and the honest LP is alone; dust beside him would end his exemption and inherit his fee, if the fee did not count only as many shares as stay.",
    path: false,
    prepare: withFees(0, 30),
    play: async (stage) => {
      const { world } = stage;
      const { alice } = world.who;
      const dust = 10n ** 7n;
      await enter(stage, dust);
      await stage.at(60);
      await stage.withdraw(alice, await world.vault.balanceOf(alice.address));
      await stage.at(8 * DAY);
      await leave(stage, dust);
    },
  },
  {
    name: "a hundred tiny withdrawals",
    actor: "lp",
    about:
      "Amounts just under and over what brings one wei of anything, with the vault's idle tokens nearly drained: every exit rounds against the leaver, so n exits bring no more than one.",
    path: false,
    world: { caps: { coreWeightCapBps: 10_000, lvrLimitBps: 200 } },
    prepare: async (stage) => {
      const { world } = stage;
      await inEveryTier(stage);
      await earnFees(stage);
      await world.execute({ mints: [await world.around(3_000, 1_200)] });
    },
    play: async (stage) => {
      const { world } = stage;
      await stage.attack(async () => {
        await stage.batch([stage.attacker.deposit(1_000n * ONE)]);
        const book = await world.book();
        const parts = [book.idle0, book.idle1, ...book.positions.flatMap((p) => [p.liquidity, p.fees0, p.fees1])];
        const crafted: bigint[] = [];
        for (const part of parts) {
          if (part === 0n) continue;
          for (const n of [1n, 2n, 3n, 7n]) {
            const shares = (n * book.supply) / part;
            crafted.push(shares > 0n ? shares : 1n, shares + 1n);
          }
        }
        while (crafted.length < 100) crafted.push(BigInt(crafted.length) * 10n ** 9n + 1n);
        for (let i = 0; i < 100; i += 50) {
          await stage.batch(crafted.slice(i, i + 50).map((shares) => stage.attacker.withdraw(shares)));
        }
      });
      await stage.at(3_600);
    },
  },
  {
    name: "two hundred tiny deposits",
    actor: "lp",
    about: "Shares are bought a few wei at a time and sold at once: every deposit rounds up in both tokens.",
    path: false,
    prepare: inEveryTier,
    play: async (stage) => {
      await stage.attack(async () => {
        let sum = 0n;
        for (let i = 0; i < 4; i += 1) {
          const amounts = Array.from({ length: 50 }, (_, j) => BigInt(1 + j) ** BigInt(1 + i * 2));
          await stage.batch(amounts.map((shares) => stage.attacker.deposit(shares)));
          sum += amounts.reduce((a, b) => a + b, 0n);
        }
        await stage.batch([stage.attacker.withdraw(sum)]);
      });
      await stage.at(3_600);
    },
  },
  {
    name: "flash deposit and exit in one block",
    actor: "lp",
    about:
      "Buy, act and sell in one transaction, also by way of a friend's address: shares of this block neither leave nor move.",
    path: false,
    prepare: inEveryTier,
    play: async (stage) => {
      const { world, attacker } = stage;
      await stage.attack(async () => {
        const friend = world.who.attacker.address;
        await stage.refused("exit in the deposit's block", () =>
          stage.batch([attacker.deposit(WHALE), attacker.withdraw(WHALE)]),
        );
        await stage.refused("transfer in the deposit's block", () =>
          stage.batch([attacker.deposit(WHALE), attacker.vault("transfer", [friend, 1n])]),
        );
        await stage.batch([attacker.deposit(1_000n * ONE)]);
        // Old shares move and leave beside new ones, but not more than the old.
        await stage.refused("exit of more than the older shares", () =>
          stage.batch([attacker.deposit(WHALE), attacker.withdraw(1_000n * ONE + 1n)]),
        );
        await stage.batch([attacker.deposit(WHALE), attacker.withdraw(1_000n * ONE)]);
        await stage.batch([attacker.withdraw(WHALE)]);
      });
      await stage.at(3_600);
    },
  },
  {
    name: "in before an honest plan, out after it",
    actor: "lp",
    about:
      "Nine times the vault is deposited one block before the keeper re-centres and withdrawn in the block after: a plan that only burns and mints moves no value between shares.",
    path: false,
    prepare: async (stage) => {
      await inEveryTier(stage);
      await earnFees(stage);
    },
    play: async (stage) => {
      await enter(stage, WHALE);
      await stage.at(60);
      await recentre(stage);
      await leave(stage, WHALE);
      await stage.at(3_600);
    },
  },
  {
    name: "in before fees are collected, out after it",
    actor: "lp",
    about:
      "Fees of many trades are pending when he enters; he pays for his part of them, so their collection brings him nothing.",
    path: false,
    world: { caps: { treasuryShareBps: 1_000 } },
    prepare: async (stage) => {
      await inEveryTier(stage);
      await adoptTreasuryShare(stage);
      for (let i = 0; i < 4; i += 1) await earnFees(stage);
    },
    play: async (stage) => {
      const { world } = stage;
      await enter(stage, WHALE);
      await stage.at(60);
      const { positions } = await world.book();
      await world.execute({ burns: positions.map(({ index }) => ({ index, fraction: 0n })) });
      mined(await (await world.vault.claimTreasury()).wait());
      await leave(stage, WHALE);
      await stage.at(3_600);
    },
  },
  {
    name: "in and out round changes of the entry and exit fee",
    actor: "lp",
    about:
      "He enters in the last block before the entry fee rises and leaves in the block in which the exit fee falls: he saves fees that he never owed, and takes nothing.",
    path: false,
    play: async (stage) => {
      const { world } = stage;
      const keeper = world.vault.connect(world.who.keeper);
      mined(await (await keeper.setFees(30, 30)).wait());
      await stage.at(DAY - 120);
      await enter(stage, WHALE);
      await stage.at(2 * DAY);
      mined(await (await keeper.setFees(30, 0)).wait());
      await leave(stage, WHALE);
      await stage.at(2 * DAY + 3_600);
    },
  },
  {
    name: "a rise of the exit fee is dodged",
    actor: "lp",
    about:
      "A rise is announced a day ahead, so a leaver may go before it; those who stay lose nothing against his never having come.",
    path: false,
    play: async (stage) => {
      const { world } = stage;
      await enter(stage, WHALE);
      await stage.at(600);
      mined(await (await world.vault.connect(world.who.keeper).setFees(0, 30)).wait());
      await stage.at(DAY + 300);
      await stage.attack(async () => {
        const [, exitBps] = await world.vault.fees();
        stage.must(exitBps === 0n, "the rise waits for its day");
        await stage.batch([stage.attacker.withdraw(WHALE)]);
      });
      await stage.at(2 * DAY);
    },
  },
  {
    name: "a holder of 99 % recaptures the fees that he pays",
    actor: "lp",
    about:
      "Entry and exit fees of 30 bps each are paid by one who owns nearly everything: fee shares come free over a week, so leaving at once brings back next to nothing of them.",
    path: false,
    prepare: withFees(30, 30),
    play: async (stage) => {
      const { attacker } = stage;
      const whale = 99_000_000n * ONE;
      await stage.attack(async () => {
        const before = await wealthOf(stage, attacker.address);
        await stage.batch([attacker.deposit(whale)]);
        await stage.batch([attacker.withdraw(whale)]);
        const unit = 10 ** stage.world.options.quoteDecimals;
        const paid = Number(before - (await wealthOf(stage, attacker.address))) / unit;
        stage.figures["paidBpsOfHisDeposit"] = (paid / 99_000_000) * 10_000;
        stage.must(paid > 0.99 * 0.003 * 99_000_000, "the entry fee is gone when he leaves at once");
      });
      await stage.at(8 * DAY);
    },
  },
  {
    name: "large trade met by an idle deposit",
    actor: "lp",
    about:
      "He deposits ninety-nine times the vault just before a trade that pays it fees, and leaves after it: his tokens stay idle and yet share in the fees; an entry fee of 1 bp makes LPs richer by it.",
    path: false,
    world: { depths: { 500: 200_000, 3_000: 200_000, 10_000: 20_000 } },
    prepare: withFees(1, 0),
    play: (stage) => meetTrade(stage),
  },
  {
    name: "large trade met by an idle deposit, no entry fee (accepted)",
    actor: "lp",
    about:
      "The same without an entry fee: he takes most of the fees of that one trade, which LPs would have earned; what they own already he cannot touch. Accepted, and why an entry fee of 1 bp is the default advice.",
    // The difference to the control is income forgone; principal must not fall at all (below).
    path: false,
    acceptedBps: 3,
    world: { depths: { 500: 200_000, 3_000: 200_000, 10_000: 20_000 } },
    play: async (stage) => {
      const before = await stage.mark();
      await meetTrade(stage);
      const after = await stage.mark();
      stage.figures["shareGainBps"] = Number(((after - before) * 10_000_000n) / before) / 1_000;
      stage.must(after >= before, "no share is worth less than before the trade");
    },
  },
  {
    name: "dust exits hold the fee shares back",
    actor: "lp",
    about:
      "Leavers' fees come free over a week; he exits a wei fifty times a day to push the date out: dust weighs nothing in the mean of the remaining times, which is rounded down.",
    path: false,
    prepare: async (stage) => {
      const { world } = stage;
      const { bob } = world.who;
      await withFees(0, 30)(stage);
      await stage.deposit(bob, 1_000_000n * ONE);
      await stage.withdraw(bob, 999_000n * ONE);
    },
    play: async (stage) => {
      const { world, attacker } = stage;
      const { until, locked } = await world.vault.feeBook();
      stage.must(locked > 2_000n * ONE, "a leaver's fee is being released");
      await enter(stage, 10_000n);
      for (let day = 1; day <= 5; day += 1) {
        await stage.at(day * DAY);
        await stage.attack(async () => {
          await stage.batch(Array.from({ length: 50 }, () => attacker.withdraw(1n)));
        });
      }
      const after = await world.vault.feeBook();
      stage.must(after.until === until, "the last fee share comes free when it was to");
      await stage.at(8 * DAY);
    },
  },
  {
    name: "an emptied vault is opened again for its fee shares",
    actor: "lp",
    about:
      "Two LPs leave, the first of them paying the exit fee to the second, who does not wait for it; the attacker makes the next deposit at once: fee shares stay locked for their week, so being the next brings no more than what comes free while one is in.",
    path: false,
    profitsHonestly:
      "What comes free in two blocks belongs to whoever is in the vault then; those who paid it have left, and nobody else is in.",
    prepare: async (stage) => {
      await withFees(0, 30)(stage);
      await stage.deposit(stage.world.who.bob, 1_000_000n * ONE);
    },
    play: async (stage) => {
      const { world, attacker } = stage;
      for (const lp of [world.who.alice, world.who.bob]) {
        await stage.withdraw(lp, await world.vault.balanceOf(lp.address));
      }
      await stage.attack(async () => {
        const before = await wealthOf(stage, attacker.address);
        // Whatever the vault takes for a deposit now: the ordinary price, or a first deposit's.
        const shares = 2_000n * ONE;
        const { amount0, amount1 } = world.halves(100n * shares);
        await stage.batch([attacker.vault("deposit", [shares, amount0, amount1, attacker.address])]);
        await stage.batch([attacker.withdraw(shares)]);
        const unit = 10 ** world.options.quoteDecimals;
        const gain = Number((await wealthOf(stage, attacker.address)) - before) / unit;
        stage.figures["gainQuoteUnits"] = gain;
        stage.must(gain < 1, "two blocks bring less than a quote unit of the 3,000 that wait there");
      });
      await stage.at(DAY);
    },
  },
  {
    name: "dust against the one-block rule",
    actor: "lp",
    about:
      "Dust shares are minted and sent to the honest LP in the block of his exit, to lock him in: the lock counts amounts, not accounts.",
    path: false,
    play: async (stage) => {
      const { world, attacker } = stage;
      const { alice } = world.who;
      const shares = 1_000n * ONE;
      const leave = async (): Promise<{ hash: string }> =>
        world.vault.connect(alice).withdraw(shares, 0, 0, alice.address, 0, { gasLimit: 2_500_000n });
      await enter(stage, 10n);
      for (let i = 1; i <= 3; i += 1) {
        await stage.at(60 * i);
        const dust = async (): Promise<{ hash: string }> =>
          attacker.contract
            .connect(world.who.attacker)
            .run([attacker.deposit(BigInt(i), alice.address), attacker.vault("transfer", [alice.address, 1n])], {
              gasLimit: 2_500_000n,
            });
        stage.operations += stage.attacking ? 2 : 0;
        const receipts = await world.inOneBlock(stage.attacking ? [dust, leave] : [leave]);
        stage.must(
          receipts.every((receipt) => receipt.status === 1),
          "the exit in the dust's block goes through",
        );
      }
      await stage.at(3_600);
    },
  },
];

/** A trade through pools in which the vault is most of the liquidity: up two per cent and back. */
async function meetTrade(stage: Stage): Promise<void> {
  const { world } = stage;
  await enter(stage, 99_000_000n * ONE);
  await stage.at(60);
  await world.movePools(FEED * 1.02);
  await world.movePools(FEED);
  await leave(stage, 99_000_000n * ONE);
  await stage.at(8 * DAY);
}
