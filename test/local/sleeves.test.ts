/** The local world's sleeves: in place when it opens, moved by votes alone afterwards, with people who watch their debts. */
import { expect } from "chai";
import { Contract, Interface, ZeroAddress, type InterfaceAbi } from "ethers";

import { ChainNode } from "../../keeper/chain/node.ts";
import { loadPath } from "../../keeper/market/path.ts";
import { seededRandom } from "../../keeper/market/random.ts";
import { loadArtifact } from "../../scripts/deploy/artifacts.ts";
import { DEFAULT_SLEEVE_CAPS, deploySleeve, SLEEVE_PLACES } from "../../scripts/deploy/sleeves.ts";
import { ROLES } from "../../scripts/deploy/strata.ts";
import { governedCall } from "../../scripts/governance/call.ts";
import { startChain, type LocalChain } from "../../scripts/local/chain.ts";
import { Bookkeeper } from "../../scripts/local/bookkeeper.ts";
import { Bystanders } from "../../scripts/local/market/bystanders.ts";
import { FeedKeeper } from "../../scripts/local/market/feedKeeper.ts";
import { FundReporter, REPORT_STEP } from "../../scripts/local/market/fund.ts";
import { LendingMarkets } from "../../scripts/local/market/lending.ts";
import { Market } from "../../scripts/local/market/market.ts";
import {
  executeThroughSafe,
  scheduleThroughSafe,
  type DelayedCall,
} from "../../scripts/local/protocols/accessManager.ts";
import { twoOwnerKeys } from "../../scripts/local/protocols/safe.ts";
import { deployWorld, depositFirst, openVenues, PREPARATION, type LocalDeployment } from "../../scripts/local/setup.ts";
import type { SleeveLine } from "../../scripts/local/sleeveBook.ts";
import { ONE } from "../support/arithmetic.ts";
import { expectClose } from "../support/close.ts";
import { rejects } from "./support.ts";

const CONVERSION = 0;
const DELAY = 48 * 3600;
/** Loan-to-value that the tests open with: health is 0.86 over it. */
const LTV = 0.6;

interface Report {
  readonly owned: bigint;
  readonly owed: bigint;
  readonly healthX18: bigint;
}

describe("local world: sleeves", function () {
  this.timeout(240_000);

  let chain: LocalChain;
  let world: LocalDeployment;
  let price: number;
  let from: number;
  let snapshot: string;

  before(async () => {
    const path = await loadPath({ seed: 4, days: 1 });
    from = path.from;
    price = path.bars[0]!.open;
    chain = await startChain({ time: from - PREPARATION });
    world = await deployWorld(chain, from, price);
    await new Market(chain, world.protocols, path).open();
    await openVenues(chain, world);
    await depositFirst(chain, world, price);
  });
  beforeEach(async () => {
    snapshot = await request<string>("evm_snapshot");
  });
  afterEach(async () => {
    await request("evm_revert", snapshot);
  });
  after(async () => {
    await chain.stop();
  });

  async function request<T>(method: string, ...params: readonly unknown[]): Promise<T> {
    return (await chain.provider.request({ method, params })) as T;
  }

  async function as(account: keyof LocalChain["accounts"], address: string, source: string): Promise<Contract> {
    const signer = await chain.ethers.getSigner(chain.accounts[account].address);
    return new Contract(address, (await loadArtifact(source)).abi, signer);
  }
  const vaultAs = (account: keyof LocalChain["accounts"]): Promise<Contract> =>
    as(account, world.strata.vault, "Vault");
  const policyAs = (account: keyof LocalChain["accounts"]): Promise<Contract> =>
    as(account, world.strata.policy, "Policy");

  async function vaultSleeves(): Promise<{ list: readonly string[]; live: bigint }> {
    const [list, live] = (await (await vaultAs("stranger")).getFunction("sleeves")()) as [readonly string[], bigint];
    return { list, live };
  }

  async function capOf(index: number): Promise<number> {
    const limits = (await (await policyAs("stranger")).getFunction("limits")()) as { sleeveCapBps: readonly bigint[] };
    return Number(limits.sleeveCapBps[index]);
  }

  async function conversionReport(): Promise<Report> {
    const sleeve = await as("stranger", world.strata.sleeves.conversion!, "sleeves/MorphoSleeve");
    return (await sleeve.getFunction("report")()) as Report;
  }

  /** Base and quote that the vault has at hand. */
  async function idle(): Promise<readonly [bigint, bigint]> {
    const [idle0, idle1] = (await (await vaultAs("stranger")).getFunction("idle")()) as [bigint, bigint];
    return world.protocols.pair.quoteIsToken0 ? [idle1, idle0] : [idle0, idle1];
  }

  /** A quarter of the idle quote secures a debt in base. */
  async function openConversion(): Promise<void> {
    const vault = await vaultAs("keeper");
    const quote1 = !world.protocols.pair.quoteIsToken0;
    const move = { sleeve: CONVERSION, afterSwaps: false, min: 0n };
    const plan = {
      nonce: (await vault.getFunction("planNonce")()) as bigint,
      deadline: (await chain.time()) + 3600,
      twapHint: 65_535,
      decisionHash: `0x${"00".repeat(32)}`,
      burns: [],
      moves: [
        { ...move, take: false, token1: quote1, fraction: ONE / 4n },
        { ...move, take: true, token1: !quote1, fraction: (ONE * BigInt(LTV * 100)) / 100n },
      ],
      swaps: [],
      mints: [],
    };
    const sent = (await vault.getFunction("execute").send(plan)) as { wait(): Promise<unknown> };
    await sent.wait();
  }

  /** The base's feed says so many times the first price. */
  async function report(factor: number): Promise<void> {
    const time = (await chain.time()) + 1;
    const feed = new FeedKeeper(world.protocols.feeds.base, chain.accounts.feedTransmitter.address);
    const transmission = feed.transmission(price * factor, time, true);
    await chain.block(time, [transmission!]);
  }

  it("puts one sleeve in each place, under the default caps, and the vault has taken them in", async () => {
    const { list, live } = await vaultSleeves();
    const policy = await policyAs("stranger");
    expect(live).to.equal(0n);
    for (const [index, place] of SLEEVE_PLACES.entries()) {
      const sleeve = world.strata.sleeves[place];
      expect(sleeve, place).to.be.a("string");
      expect(list[index]).to.equal(sleeve);
      expect(await policy.getFunction("sleeves")(index)).to.equal(sleeve);
      expect(await capOf(index)).to.equal(DEFAULT_SLEEVE_CAPS[place]);
    }
  });

  it("leaves the deployer nothing: sleeves are the governor's, their caps' lowering the guardian's, and no function nobody's", async () => {
    const { accessManager } = world.protocols;
    const manager = new Contract(accessManager.address, accessManager.abi, chain.ethers.provider);
    const roleOf = async (target: string, selector: string): Promise<bigint> =>
      (await manager.getFunction("getTargetFunctionRole")(target, selector)) as bigint;
    const writers = (abi: InterfaceAbi): readonly { name: string; selector: string }[] =>
      new Interface(abi).fragments.flatMap((one) =>
        one.type === "function" && "stateMutability" in one && one.stateMutability === "nonpayable" && "selector" in one
          ? [{ name: String("name" in one ? one.name : ""), selector: String(one.selector) }]
          : [],
      );
    const seen: string[] = [];
    const expected: Readonly<Record<string, bigint>> = { setSleeve: ROLES.GOVERNOR, lowerSleeveCap: ROLES.GUARDIAN };
    for (const [target, source, open] of [
      [world.strata.policy, "Policy", ["setAuthority"]],
      [world.strata.oracle, "PriceOracle", ["setAuthority", "poke"]],
    ] as const) {
      for (const { name, selector } of writers((await loadArtifact(source)).abi)) {
        if ((open as readonly string[]).includes(name)) continue;
        const role = await roleOf(target, selector);
        seen.push(name);
        expect(role, `${source}.${name}`)
          .to.equal(expected[name] ?? role)
          .and.not.equal(ROLES.ADMIN);
      }
    }
    expect(seen).to.include.members(["setSleeve", "lowerSleeveCap", "setTerms"]);
    const { deployer } = chain.accounts;
    for (const role of Object.values(ROLES)) {
      const [member] = (await manager.getFunction("hasRole")(role, deployer.address)) as [boolean, bigint];
      expect(member).to.equal(false);
    }
    const policy = await policyAs("deployer");
    const refused = /AccessManagedUnauthorized/;
    await rejects(policy.getFunction("setSleeve").send(CONVERSION, ZeroAddress, 0), refused);
    await rejects(policy.getFunction("lowerSleeveCap").send(CONVERSION, 0), refused);
  });

  it("lets the Safe replace a sleeve after the delay, and the guardian lower a cap at once and never raise it", async () => {
    const deployer = await chain.ethers.getSigner(chain.accounts.deployer.address);
    const { morpho, conversion } = world.venues.lending;
    const next = await deploySleeve(deployer, world.strata.vault, {
      kind: "morpho",
      morpho,
      market: conversion.params,
    });

    const set = await governedCall(["sleeve", "set", "conversion", next, "5000"]);
    expect(set.delayed).to.equal(true);
    expect(set.place).to.deep.equal({ act: "set", index: CONVERSION, sleeve: next });
    const { accessManager: manager, safe } = world.protocols;
    const call: DelayedCall = {
      manager,
      safe,
      ownerKeys: twoOwnerKeys(chain),
      target: world.strata.policy,
      data: set.data,
    };
    await rejects(executeThroughSafe(chain, call), /GS013/);
    await scheduleThroughSafe(chain, call);
    await chain.mine((await chain.time()) + DELAY - 60);
    await rejects(executeThroughSafe(chain, call), /GS013/);
    await chain.mine((await chain.time()) + 60);
    await executeThroughSafe(chain, call);
    expect(await capOf(CONVERSION)).to.equal(5_000);
    expect((await vaultSleeves()).list[CONVERSION]).to.equal(world.strata.sleeves.conversion);
    const adopted = (await (await vaultAs("stranger")).getFunction("adoptSleeve").send(CONVERSION)) as {
      wait(): Promise<unknown>;
    };
    await adopted.wait();
    expect((await vaultSleeves()).list[CONVERSION]).to.equal(next);

    const guardian = await chain.ethers.getSigner(chain.accounts.guardian.address);
    const lower = async (bps: number): Promise<void> => {
      const { data, delayed } = await governedCall(["sleeve", "cap", "conversion", String(bps)]);
      expect(delayed).to.equal(false);
      await (await guardian.sendTransaction({ to: world.strata.policy, data })).wait();
    };
    await lower(1_000);
    expect(await capOf(CONVERSION)).to.equal(1_000);
    await rejects(lower(1_001), /NotTighter/);
    await rejects(guardian.sendTransaction({ to: world.strata.policy, data: set.data }), /AccessManagedUnauthorized/);
  });

  it("really is liquidated through Morpho when the price jumps past every cushion", async () => {
    const bystanders = await Bystanders.open(chain, world);
    await openConversion();
    expect(await bystanders.look()).to.deep.equal([]);
    const before = await conversionReport();
    expectClose(Number(before.healthX18) / 1e18, 0.86 / LTV, 1e-3);

    // The debt in base becomes half as dear again: health 0.956.
    await report(1.5);
    const held = await idle();
    const acts = await bystanders.look();
    expect(acts.map(({ who, index }) => ({ who, index }))).to.deep.equal([{ who: "liquidator", index: CONVERSION }]);
    expect(bystanders.counts).to.deep.equal({ liquidations: 1, deleverages: 0 });
    const after = await conversionReport();
    expect(after.owed).to.equal(0n);
    // Debt times Morpho's premium, in collateral, at the market's price.
    const debt = (Number(before.owed) / 1e18) * price * 1.5;
    const seized = Number(before.owned - after.owned) / 1e6;
    expectClose(seized / debt, 1 / (1 - 0.3 * 0.14), 1e-3);
    // Nothing of the vault's was needed for it.
    expect(await idle()).to.deep.equal(held);
    expect(await bystanders.look()).to.deep.equal([]);
  });

  it("is deleveraged by the watcher under the floor, before anybody may liquidate", async () => {
    const bystanders = await Bystanders.open(chain, world);
    await openConversion();
    // Health 1.15: uncomfortable, and nobody's business.
    await report(0.86 / LTV / 1.15);
    expect(await bystanders.look()).to.deep.equal([]);
    await report(0.86 / LTV / 1.05);
    const [baseBefore] = await idle();
    const before = await conversionReport();
    const acts = await bystanders.look();
    expect(acts.map(({ who }) => who)).to.deep.equal(["watcher"]);
    const after = await conversionReport();
    expectClose(Number(after.healthX18) / 1e18, 1.32, 1e-3);
    expect(after.owned).to.equal(before.owned);
    // Repaid in kind, from what was idle; a second's interest apart.
    const [baseAfter] = await idle();
    expectClose(Number(baseBefore - baseAfter) / Number(before.owed - after.owed), 1, 1e-6);
    expect(await bystanders.look()).to.deep.equal([]);
    expect(bystanders.counts).to.deep.equal({ liquidations: 0, deleverages: 1 });
  });

  it("samples sleeves so that idle, core and sleeves are the NAV, and books a liquidation as the sleeve's loss", async () => {
    const { protocols, strata } = world;
    const addresses = { vault: strata.vault, lens: strata.lens };
    const source = { ...protocols.pair, vault: strata.vault, pools: protocols.uniswap.pools };
    const keeper = chain.accounts.keeper.address;
    const logs = chain.ethers.provider;
    const books = await Bookkeeper.open(
      { node: new ChainNode(chain.provider), logs, addresses, keeper, source },
      price,
    );
    const bystanders = await Bystanders.open(chain, world);
    await openConversion();
    const mid = (Number(books.snapshot.price.mid) / 2 ** 96) * 1e12;
    await books.mark(mid);
    await books.look();
    const conversion = (): SleeveLine => books.sleeves.find(({ place }) => place === "conversion")!;
    const opened = conversion();
    const { owned, owed } = await conversionReport();
    expectClose(opened.value, Number(owned) / 1e6 - (Number(owed) / 1e18) * mid, 1e-3);
    expect(opened.moves).to.equal(2);
    // The debt's rounding.
    expectClose(opened.pnl, 0, 1e-3);
    const [base, quote] = await idle();
    const sleeves = books.sleeves.reduce((sum, { value }) => sum + value, 0);
    expectClose((Number(base) / 1e18) * mid + Number(quote) / 1e6 + sleeves, Number(books.snapshot.nav) / 1e6, 1e-2);

    await report(1.5);
    await books.mark(mid * 1.5);
    expect((await bystanders.look()).map(({ who }) => who)).to.deep.equal(["liquidator"]);
    await books.look();
    const closed = conversion();
    expect(closed.moves).to.equal(2);
    expectClose(closed.flows, opened.flows, 1e-9);
    expectClose(closed.value, Number((await conversionReport()).owned) / 1e6, 1e-6);
    // The debt has become half as dear again, and Morpho's premium on top of it.
    const debt = (Number(owed) / 1e18) * mid * 1.5;
    expectClose(closed.pnl / debt, -1 / 3 - (1 / (1 - 0.3 * 0.14) - 1), 1e-3);
  });

  it("has lenders and borrowers who come and go, and a fund that reports once a week", async () => {
    const { pair } = world.protocols;
    const { lending, assets } = world.venues;
    const start = await chain.time();
    const others = await LendingMarkets.open({
      chain,
      venue: lending,
      ...pair,
      random: seededRandom(1, 3),
      price,
      time: start,
    });
    const fund = new FundReporter(chain, assets, seededRandom(1, 4), start);
    const morpho = await chain.ethers.getContractAt("LocalMorpho", lending.morpho);
    const rateModel = await chain.ethers.getContractAt("LocalMorphoRateModel", lending.rateModel);
    const reit = await chain.ethers.getContractAt("LocalReitVault", assets.reit);
    const firstNav = await reit.navPerShare();

    /** Hours in which the price swings by so much, every other hour up. */
    const hours = async (count: number, swing: number): Promise<number> => {
      let reports = 0;
      for (let hour = 0; hour < count; hour++) {
        const time = (await chain.time()) + 3600;
        await chain.mine(time);
        const moves = await others.hour(hour % 2 === 0 ? price * (1 + swing) : price, time);
        const said = await fund.hour(time);
        reports += said.length;
        if (moves.length + said.length > 0) await chain.block(time + 1, [...moves, ...said]);
      }
      return reports;
    };
    const state = async (): Promise<{ use: number; rate: number }> => {
      const { totalSupplyAssets, totalBorrowAssets } = await morpho.market(lending.conversion.id);
      const use = Number(totalBorrowAssets) / Number(totalSupplyAssets);
      return { use, rate: Number(await rateModel.rateAt(lending.conversion.id, BigInt(Math.round(use * 1e18)))) };
    };

    // A swing of 0.5 % an hour is a volatility of 47 % a year, of 2 % is 187 %.
    let reports = await hours(72, 0.005);
    const calm = await state();
    reports += await hours(72, 0.02);
    const storm = await state();
    expect(storm.use).to.be.above(calm.use + 0.04);
    expect(storm.rate).to.be.above(2 * calm.rate);
    reports += await hours(30, 0.005);
    expect(reports).to.equal(Math.floor((174 * 3600) / REPORT_STEP));
    expect(await reit.navPerShare()).not.to.equal(firstNav);
    expectClose(fund.nav, Number(await reit.navPerShare()) / 1e18, 1e-15);
  });
});
