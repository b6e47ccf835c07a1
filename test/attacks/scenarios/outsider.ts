/** Somebody without any role or share: gifts, callbacks, pools moved at the wrong moment, and everything that anybody may call. */
import { Contract, ContractFactory, type TransactionResponse } from "ethers";

import { ONE, type Pair2 } from "../../support/arithmetic.ts";
import { factoryArtifact, POOL_INTERFACE } from "../../support/pools.ts";
import { MAX_SQRT_LIMIT, mined, MIN_SQRT_LIMIT, type PlanSteps } from "../../support/world.ts";
import type { LocalHookToken } from "../../../types/ethers-contracts/local/LocalHookToken.ts";
import type { Call } from "../attacker.ts";
import { adoptTreasuryShare, earnFees, inEveryTier, joinedBy, recentre } from "../honest.ts";
import type { Scenario } from "../scenario.ts";
import type { Stage } from "../stage.ts";
import { allAt, FEED, skew } from "../tactics.ts";

const HOUR = 3_600;

/** All that the attacker's contract could try from inside a token's callback, and is refused. */
async function doors(stage: Stage): Promise<readonly Call[]> {
  const { attacker, world } = stage;
  const plan = await world.plan({ nonce: (await world.vault.planNonce()) + 1n });
  return [
    attacker.deposit(1_000n * ONE),
    attacker.withdraw(1n),
    attacker.execute(plan),
    attacker.vault("setFees", [0, 0]),
    attacker.vault("clampFees", []),
    attacker.vault("syncTreasuryShare", []),
    attacker.vault("claimTreasury", []),
    attacker.vault("totals", []),
    attacker.vault("previewDeposit", [ONE]),
    attacker.vault("uniswapV3MintCallback", [10n ** 18n, 10n ** 6n, "0x"]),
    attacker.vault("uniswapV3SwapCallback", [10n ** 18n, 10n ** 6n, "0x"]),
  ];
}

/** Everything happens once under a token that calls the attacker back at every transfer. */
async function underHooks(stage: Stage, side: "base" | "quote"): Promise<void> {
  const { world, attacker } = stage;
  const { alice, bob } = world.who;
  const address = await world[side].getAddress();
  const token: LocalHookToken = await world.ethers.getContractAt("LocalHookToken", address, world.who.attacker);
  await stage.attack(async () => {
    await stage.batch([attacker.deposit(50_000n * ONE)]);
    const run = attacker.contract.interface;
    const calls = await doors(stage);
    await stage.act(() =>
      token.arm(calls.map((call) => ({ target: attacker.address, data: run.encodeFunctionData("run", [[call]]) }))),
    );
  });
  await stage.at(60);
  await stage.deposit(bob, 10_000n * ONE);
  await stage.withdraw(alice, 1_000n * ONE);
  await recentre(stage);
  mined(await (await world.vault.claimTreasury()).wait());
  await stage.withdraw(bob, 5_000n * ONE);
  await stage.attack(async () => {
    const seen = await token.seen();
    stage.figures["callbacks"] = seen.length;
    stage.must(seen.length > 30, "the token called back");
    stage.must(
      seen.every((outcome) => !outcome.ok),
      "no door opened from inside a transfer",
    );
    const errors = seen.map((outcome) => world.vault.interface.parseError(outcome.result)?.name ?? "another error");
    stage.refusedWith.push(...new Set(errors));
    const known = ["ReentrancyGuardReentrantCall", "UnexpectedCallback"];
    stage.must(
      errors.every((name) => known.includes(name)),
      "each was refused by the guard, or as nobody's callback",
    );
    await stage.act(() => token.disarm());
  });
  await stage.at(HOUR);
}

/** An honest plan that swaps, with the minimums that its keeper took from what it saw. */
async function honestSwapPlan(stage: Stage): Promise<PlanSteps> {
  const { world } = stage;
  const zeroForOne = stage.attacker.sellsBase;
  const { sqrtPriceX96 } = await world.pool(500).slot0();
  // A tenth of a per cent of price is half of that of its root.
  const limit = zeroForOne ? (sqrtPriceX96 * 9_995n) / 10_000n : (sqrtPriceX96 * 10_005n) / 10_000n;
  const range = await world.around(500, 1_000);
  const { positions } = await world.book();
  const index = positions.find((p) => p.fee === 500)?.index ?? 0;
  const held = positions[index];
  return {
    burns: [
      {
        index,
        min0: ((held?.amount0 ?? 0n) * 995n) / 1_000n,
        min1: ((held?.amount1 ?? 0n) * 995n) / 1_000n,
      },
    ],
    swaps: [{ fee: 500, zeroForOne, fraction: ONE / 200n, sqrtPriceLimitX96: limit }],
    mints: [{ ...range, fraction0: ONE / 12n, fraction1: ONE / 12n }],
  };
}

export const scenarios: readonly Scenario[] = [
  {
    name: "gifts to the vault and to its positions",
    actor: "outsider",
    about:
      "Tokens sent to the vault, swaps whose output goes to it, and liquidity minted into its ranges and into others under its name: all of it is a gift, and plans, deposits and exits go on.",
    path: false,
    prepare: async (stage) => {
      await inEveryTier(stage);
      await earnFees(stage);
    },
    play: async (stage) => {
      const { world, attacker } = stage;
      const { vault } = world.addresses;
      const { bob } = world.who;
      await stage.attack(async () => {
        const book = await world.book();
        const gifts: Call[] = book.positions.map((p) => attacker.mintFor(vault, p, 10n ** 12n));
        for (const p of book.positions) {
          gifts.push(
            attacker.mintFor(vault, { ...p, tickLower: p.tickLower - 600, tickUpper: p.tickUpper + 600 }, 10n ** 12n),
          );
        }
        for (const token of [world.token0, world.token1]) {
          gifts.push({
            target: await token.getAddress(),
            data: token.interface.encodeFunctionData("transfer", [vault, 10n ** 9n]),
          });
        }
        for (const zeroForOne of [true, false]) {
          gifts.push({
            target: world.pool(500).address,
            data: POOL_INTERFACE.encodeFunctionData("swap", [
              vault,
              zeroForOne,
              10n ** 9n,
              zeroForOne ? MIN_SQRT_LIMIT : MAX_SQRT_LIMIT,
              "0x",
            ]),
          });
        }
        await stage.batch(gifts);
      });
      await stage.at(60);
      await stage.deposit(bob, 1_000n * ONE);
      await recentre(stage);
      await stage.withdraw(bob, 1_000n * ONE);
      await stage.at(HOUR);
    },
  },
  {
    name: "gift of liquidity that leaves the vault outside its limits",
    actor: "outsider",
    about:
      "A narrow range of the vault's is given so much liquidity that weight and arbitrage limit are exceeded; the honest keeper can still burn and mint less than stood there.",
    path: false,
    play: async (stage) => {
      const { world, attacker } = stage;
      await stage.attack(async () => {
        const [held] = (await world.book()).positions;
        if (held === undefined) throw new Error("The honest vault has a range.");
        await stage.batch([attacker.mintFor(world.addresses.vault, held, held.liquidity * 20n)]);
        await stage.refused("a mint on top of it", async () =>
          world.execute({ mints: [{ ...(await world.around(3_000, 400)), fraction0: ONE / 8n, fraction1: ONE / 8n }] }),
        );
      });
      await stage.at(60);
      // Back inside in one plan: less stands in ranges than before.
      await recentre(stage);
      await stage.at(HOUR);
    },
  },
  {
    name: "re-entrancy through the base token",
    actor: "outsider",
    about:
      "The base token calls him back at each transfer of deposits, exits, plans and claims; every function and every price of the vault refuses to answer then.",
    path: false,
    world: { baseKind: "LocalHookToken" },
    prepare: inEveryTier,
    play: (stage) => underHooks(stage, "base"),
  },
  {
    name: "re-entrancy through the quote token",
    actor: "outsider",
    about: "The same with the quote token, and the tokens in the other order.",
    path: false,
    world: { quoteKind: "LocalHookToken", quoteIsToken0: true },
    prepare: inEveryTier,
    play: (stage) => underHooks(stage, "quote"),
  },
  {
    name: "a pool moved by a token's callback in the middle of a plan",
    actor: "outsider",
    about:
      "While the plan's first burn pays out, the token's callback moves the pool into which the plan will mint; each pool is checked at the step that touches it, so the plan reverts.",
    path: false,
    world: { baseKind: "LocalHookToken" },
    prepare: inEveryTier,
    play: async (stage) => {
      const { world, attacker } = stage;
      const { positions } = await world.book();
      const index = positions.find((p) => p.fee === 3_000)?.index ?? 0;
      const part = { fraction0: ONE / 20n, fraction1: ONE / 20n };
      await stage.attack(async () => {
        const token: LocalHookToken = await world.ethers.getContractAt(
          "LocalHookToken",
          await world.base.getAddress(),
          world.who.attacker,
        );
        const { away } = skew(stage, { 500: FEED * 1.03 });
        const run = attacker.contract.interface;
        await stage.act(() =>
          token.arm([{ target: attacker.address, data: run.encodeFunctionData("run", [[...away]]) }]),
        );
        await stage.refused("a mint into the pool that was moved", async () =>
          world.execute({
            burns: [{ index, fraction: ONE / 2n }],
            mints: [{ ...(await world.around(500, 1_000)), ...part }],
          }),
        );
        await stage.act(() => token.disarm());
      });
      await stage.at(HOUR);
    },
  },
  {
    name: "forged callbacks and forged pools",
    actor: "outsider",
    about:
      "He calls the vault's callbacks himself, through a real pool's flash and from a pool of his own factory; only the pool that a running plan calls is paid.",
    path: false,
    play: async (stage) => {
      const { world, attacker } = stage;
      await stage.attack(async () => {
        for (const name of ["uniswapV3MintCallback", "uniswapV3SwapCallback"]) {
          await stage.refused(name, () => stage.batch([attacker.vault(name, [10n ** 18n, 10n ** 18n, "0x"])]));
        }
        // The audited code, but his factory: the same tokens, another address.
        const artifact = factoryArtifact();
        const factory = (await new ContractFactory(
          artifact.abi,
          artifact.bytecode,
          world.who.attacker,
        ).deploy()) as unknown as Contract;
        await factory.waitForDeployment();
        const [t0, t1] = [await world.token0.getAddress(), await world.token1.getAddress()];
        await stage.act(() => factory.getFunction("createPool").send(t0, t1, 3_000));
        const forged = String(await factory.getFunction("getPool").staticCall(t0, t1, 3_000));
        stage.must(forged !== world.pool(3_000).address, "his pool is another one");
        await stage.act(() =>
          new Contract(forged, POOL_INTERFACE, world.who.attacker).getFunction("initialize").send(1n << 96n),
        );
        const forger = await world.as(forged);
        await stage.refused("his pool's callback", () =>
          stage.act(() => world.vault.connect(forger).uniswapV3MintCallback(1n, 1n, "0x")),
        );
        await stage.refused("his word for a tier", () =>
          stage.act(() => world.policy.connect(world.who.attacker).addPool(3_000)),
        );
      });
      await stage.at(HOUR);
    },
  },
  {
    name: "a tier that nobody allowed",
    actor: "outsider",
    about:
      "The pair's own factory has a pool of another tier, which he prices as he likes; plans cannot touch it, and the honest keeper that is tricked into trying is refused.",
    path: false,
    world: { otherFees: [100] },
    play: async (stage) => {
      const { world, attacker } = stage;
      await stage.attack(async () => {
        await stage.batch([attacker.swapTo(100, 4_000, "below")]);
        await stage.refused("a mint there", async () =>
          world.execute({
            mints: [{ ...(await world.around(100, 1_200)), fraction0: ONE / 20n, fraction1: ONE / 20n }],
          }),
        );
        await stage.refused("a swap there", () =>
          world.execute({ swaps: [{ fee: 100, zeroForOne: attacker.sellsBase, fraction: ONE / 200n }] }),
        );
      });
      await stage.at(HOUR);
    },
  },
  {
    name: "all pools moved before a deposit with limits",
    actor: "outsider",
    about:
      "An honest LP has quoted his deposit and allows half a per cent more of each token; far moves make it revert, and one inside his limits costs him less than a tenth of a basis point of his deposit, fees that he buys with it included.",
    path: false,
    prepare: async (stage) => {
      await inEveryTier(stage);
      stage.lps.push(stage.world.who.bob);
    },
    play: async (stage) => {
      const { world } = stage;
      const { bob } = world.who;
      const shares = 100_000n * ONE;
      /** What the deposit costs now, and the deposit with half a per cent to spare. */
      const quote = async (): Promise<{ readonly cost: Pair2; readonly send: () => Promise<TransactionResponse> }> => {
        const cost = await world.vault.previewDeposit(shares);
        const limits = [(cost.amount0 * 1_005n) / 1_000n, (cost.amount1 * 1_005n) / 1_000n] as const;
        return { cost, send: () => world.vault.connect(bob).deposit(shares, ...limits, bob.address) };
      };
      const { cost, send } = await quote();
      const near = allAt(stage, 2_000.6);
      await stage.attack(async () => {
        await stage.batch(near.away);
      });
      await stage.at(600);
      const before = await world.balances(bob.address);
      mined(await (await send()).wait());
      const after = await world.balances(bob.address);
      const paid = { amount0: before.amount0 - after.amount0, amount1: before.amount1 - after.amount1 };
      stage.paid = { amount0: stage.paid.amount0 + cost.amount0, amount1: stage.paid.amount1 + cost.amount1 };
      const fair = stage.valueAtMarket(cost);
      const overBps = Number(((stage.valueAtMarket(paid) - fair) * 10n ** 12n) / fair) / 1e8;
      stage.figures["overpaidBps"] = overBps;
      stage.must(overBps < 0.1, "inside his limits he pays a tenth of a basis point too much at most");
      await stage.attack(async () => {
        await stage.batch(near.back);
        for (const price of [2_200, 1_800, 2_030, 1_970]) {
          const { away, back } = allAt(stage, price);
          const next = await quote();
          await stage.batch(away);
          await stage.refused("the victim's deposit", next.send);
          await stage.batch(back);
        }
      });
      await stage.at(HOUR);
    },
  },
  {
    name: "all pools moved before an exit with limits",
    actor: "outsider",
    about:
      "An honest LP has quoted his exit and takes half a per cent less of each token; far moves make it revert, and any that does not makes him richer at the market's price.",
    path: false,
    prepare: async (stage) => {
      await inEveryTier(stage);
      await joinedBy(stage, stage.world.who.bob, 100_000n * ONE);
    },
    play: async (stage) => {
      const { world } = stage;
      const { bob } = world.who;
      const shares = await world.vault.balanceOf(bob.address);
      const out = await world.lens.previewWithdraw(world.addresses.vault, shares, 0);
      const limits = [(out.amount0 * 995n) / 1_000n, (out.amount1 * 995n) / 1_000n] as const;
      const send = (): Promise<TransactionResponse> =>
        world.vault.connect(bob).withdraw(shares, ...limits, bob.address, 0);
      await stage.attack(async () => {
        for (const price of [2_200, 1_800, 2_030]) {
          const { away, back } = allAt(stage, price);
          await stage.batch(away);
          await stage.refused("the victim's exit", send);
          await stage.batch(back);
        }
        const { away } = allAt(stage, 2_000.6);
        await stage.batch(away);
      });
      await stage.at(600);
      const before = await world.balances(bob.address);
      mined(await (await send()).wait());
      const after = await world.balances(bob.address);
      const got = { amount0: after.amount0 - before.amount0, amount1: after.amount1 - before.amount1 };
      // A wei of each token may go to the roundings of a moved pool.
      const slack = stage.valueAtMarket({ amount0: 4n, amount1: 4n });
      stage.must(stage.valueAtMarket(got) + slack >= stage.valueAtMarket(out), "he leaves with no less at the market");
      await stage.at(HOUR);
    },
  },
  {
    name: "sandwich of an honest plan, beyond its minimums",
    actor: "outsider",
    about:
      "He moves the pool before the honest keeper's plan burns and swaps there; the plan's own minimums refuse it, and again when he comes back. A delay, not a loss.",
    path: false,
    prepare: inEveryTier,
    play: async (stage) => {
      const { world } = stage;
      const steps = await honestSwapPlan(stage);
      await stage.attack(async () => {
        for (const price of [2_012, 1_988, 2_100]) {
          const { away, back } = skew(stage, { 500: price });
          await stage.batch(away);
          await stage.refused("the plan in the sandwich", () => world.execute(steps));
          await stage.batch(back);
        }
      });
      await stage.at(HOUR);
      await recentre(stage);
    },
  },
  {
    name: "sandwich of an honest plan, inside its minimums (bounded)",
    actor: "outsider",
    about:
      "He moves the pool as far as the plan's minimums allow and takes it back afterwards: what that costs is the keeper's slippage, and no more than the plan was charged. Accepted, and bounded by the loss budget.",
    // What a plan costs is held against its own charge below as well.
    path: false,
    acceptedBps: 0.1,
    prepare: inEveryTier,
    play: async (stage) => {
      const { world, attacker } = stage;
      const steps = await honestSwapPlan(stage);
      const { away } = skew(stage, { 500: 2_000.9 });
      const fall = skew(stage, { 500: 1_999.1 }).away;
      await stage.attack(async () => {
        // The side that makes the vault's sale worse: it sells base, so the price is pushed down first.
        await stage.batch(attacker.sellsBase ? fall : away);
      });
      await stage.at(60);
      const before = await stage.mark();
      const executed = await world.execute(steps);
      const after = await stage.mark();
      const lossX18 = ((before - after) * 10n ** 18n) / before;
      stage.figures["planLossBps"] = Number(lossX18) / 1e14;
      stage.figures["planChargeBps"] = Number(executed.chargeX18) / 1e14;
      stage.must(lossX18 <= executed.chargeX18 + 10n ** 10n, "the plan lost no more than its charge");
      await stage.at(HOUR);
    },
  },
  {
    name: "reference pool held off its price (denial of plans)",
    actor: "outsider",
    about:
      "While he holds the deepest pool 2 % away no plan runs and the first deposit has no price; exits and deposits go on and the fees of his trades are the LPs'. Accepted: he pays for every minute of it.",
    path: false,
    play: async (stage) => {
      const { world, attacker } = stage;
      const { bob } = world.who;
      await stage.attack(async () => {
        await stage.batch([attacker.swapTo(3_000, FEED * 1.02, "below")]);
        await stage.refused("a plan meanwhile", () => recentre(stage));
      });
      await stage.at(600);
      await stage.deposit(bob, 1_000n * ONE);
      await stage.withdraw(bob, 1_000n * ONE);
      await stage.attack(async () => {
        await stage.batch([attacker.swapTo(3_000, FEED, "above")]);
      });
      await stage.at(2 * HOUR);
      await recentre(stage);
    },
  },
  {
    name: "dust swaps push the average out of the pool's memory",
    actor: "outsider",
    about:
      "A dust swap in every block writes an observation each; the pool remembers twice as many as a window has blocks, so the average's start stays in reach and plans go on.",
    path: false,
    world: { cardinality: 301, minCardinality: 300 },
    play: async (stage) => {
      const { world, attacker } = stage;
      const swaps = 320;
      await stage.attack(async () => {
        for (let i = 1; i <= swaps; i += 1) {
          // Twelve seconds a block, as on mainnet.
          await world.connection.networkHelpers.time.setNextBlockTimestamp(stage.start + 12 * i);
          await stage.batch([attacker.swap(3_000, i % 2 === 0, 1_000n)]);
        }
        const [then] = await world.pool(3_000).observe([1_800]);
        stage.must(then !== undefined, "the window's start is still in the pool's memory");
      });
      await stage.at(12 * swaps + 60);
      await recentre(stage);
      stage.must((await world.vault.planNonce()) > 1n, "the plan ran");
    },
  },
  {
    name: "volatility poked as often and as badly as can be",
    actor: "outsider",
    about:
      "He pokes at every hour, right after each answer of a feed that swings inside its threshold; the measured volatility stays under the governed floor, so no plan is refused for it.",
    path: false,
    play: async (stage) => {
      const { world } = stage;
      for (let i = 1; i <= 48; i += 1) {
        await stage.at(i * (HOUR + 10), { feeds: false });
        await stage.report(i % 2 === 0 ? FEED : FEED * 1.002_5);
        await stage.attack(async () => {
          await stage.act(() => world.oracle.connect(world.who.attacker).poke());
          if (i === 1) {
            await stage.refused("a second poke in the hour", () =>
              stage.act(() => world.oracle.connect(world.who.attacker).poke()),
            );
          }
        });
      }
      await stage.report(FEED);
      const { varianceE12 } = await world.oracle.feeds();
      const volatility = Math.sqrt(Number(varianceE12) / 1e12);
      stage.figures["volatility"] = volatility;
      stage.must(volatility < 0.4, "swings inside the threshold stay under the floor of 40 %");
      await recentre(stage);
    },
  },
  {
    name: "just-in-time liquidity round a deposit and a plan",
    actor: "outsider",
    about:
      "He stacks liquidity in front of an honest deposit and of an honest plan and takes it away after; neither trades, so there is nothing for him to be in front of.",
    path: false,
    prepare: inEveryTier,
    play: async (stage) => {
      const { world, attacker } = stage;
      const { bob } = world.who;
      const range = attacker.containing(3_000, FEED);
      const liquidity = attacker.liquidity(1e10);
      await stage.attack(async () => {
        await stage.batch([attacker.mint(range, liquidity)]);
      });
      await stage.at(60);
      await stage.deposit(bob, 100_000n * ONE);
      await recentre(stage);
      await stage.attack(async () => {
        await stage.batch([attacker.burn(range, liquidity), attacker.collect(range)]);
      });
      await stage.at(HOUR);
      await stage.withdraw(bob, 100_000n * ONE);
    },
  },
  {
    name: "everything that anybody may call, all the time",
    actor: "outsider",
    about:
      "Fees clamped, treasury share synced, treasury paid, deposits of dust and exits of dust between an honest keeper's plans: none of it moves value or stops a plan.",
    path: false,
    world: { caps: { treasuryShareBps: 1_000 } },
    prepare: async (stage) => {
      await inEveryTier(stage);
      await adoptTreasuryShare(stage);
    },
    play: async (stage) => {
      const { world, attacker } = stage;
      for (let i = 1; i <= 6; i += 1) {
        await stage.at(i * 900);
        await earnFees(stage);
        await stage.attack(async () => {
          await stage.batch([
            attacker.vault("clampFees", []),
            attacker.vault("syncTreasuryShare", []),
            attacker.vault("claimTreasury", []),
            attacker.deposit(1_000n),
          ]);
          await stage.batch([attacker.withdraw(999n), attacker.vault("claimTreasury", [])]);
          await stage.refused("a plan of his", async () => stage.batch([attacker.execute(await world.plan({}))]));
          await stage.refused("fees of his", () => stage.batch([attacker.vault("setFees", [0, 0])]));
        });
        await stage.at(i * 900 + 120);
        await recentre(stage);
      }
    },
  },
];
