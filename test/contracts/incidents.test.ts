/**
 * What broke other vaults, tried on this one: each test replays an incident's mechanism on Uniswap's own bytecode and carries
 * the incident's name. An attack closes its loop: pools are back at the market's price when both sides are counted.
 */
import { expect } from "chai";
import type { ParamType } from "ethers";
import {
  Interface,
  solidityPacked,
  ZeroAddress,
  type InterfaceAbi,
  type Result,
  type TransactionReceipt,
} from "ethers";
import { network } from "hardhat";

import { loadArtifact } from "../../scripts/deploy/artifacts.ts";
import { GOVERNOR_FUNCTIONS, loadAccessManager, type Caps } from "../../scripts/deploy/strata.ts";
import type { LocalCaller } from "../../types/ethers-contracts/local/LocalCaller.ts";
import { ONE, priceOf, Q96, sqrtPriceOf, valueOfTokens, VALUE_BITS, type Pair2 } from "../support/arithmetic.ts";
import { components, valueOfBook } from "../support/checks.ts";
import { figure } from "../support/figures.ts";
import type { Book, PlanSteps, Signers, World, WorldOptions } from "../support/world.ts";
import { deployWorld, ORDERS, sqrtAtTick } from "../support/world.ts";
import { cites, INVARIANT } from "./invariants.ts";

const connection = await network.create();
const { networkHelpers } = connection;

const MARKET = 2_000;
const MAX = 1n << 200n;

type Person = HardhatSigner;
type HardhatSigner = Signers["alice"];

interface Call {
  readonly target: string;
  readonly data: string;
}

// ---- the attacker's contract

/** A contract with all tokens of the world and allowances to the vault. */
async function arm(world: World): Promise<{ readonly attack: LocalCaller; readonly address: string }> {
  const attack = await world.ethers.deployContract("LocalCaller", world.who.attacker);
  const address = await attack.getAddress();
  const approvals: Call[] = [];
  for (const token of [world.token0, world.token1]) {
    await token.mint(address, 10n ** 40n);
    approvals.push({
      target: await token.getAddress(),
      data: token.interface.encodeFunctionData("approve", [world.addresses.vault, MAX]),
    });
  }
  await attack.run(approvals);
  return { attack, address };
}

/** Moves a pool to a sqrt price, paid by `payer`. */
async function moveStep(world: World, payer: string, fee: number, sqrtPriceX96: bigint): Promise<Call[]> {
  const pool = world.pool(fee);
  const { sqrtPriceX96: now } = await pool.slot0();
  if (now === sqrtPriceX96) return [];
  return [swapStep(world, payer, fee, sqrtPriceX96 < now, sqrtPriceX96)];
}

function swapStep(world: World, payer: string, fee: number, zeroForOne: boolean, limit: bigint): Call {
  const pool = world.pool(fee);
  return {
    target: pool.address,
    data: pool.contract.interface.encodeFunctionData("swap", [payer, zeroForOne, MAX, limit, "0x"]),
  };
}

function depositStep(world: World, to: string, shares: bigint, max0 = MAX, max1 = MAX): Call {
  return {
    target: world.addresses.vault,
    data: world.vault.interface.encodeFunctionData("deposit", [shares, max0, max1, to]),
  };
}

function withdrawStep(world: World, to: string, shares: bigint): Call {
  return {
    target: world.addresses.vault,
    data: world.vault.interface.encodeFunctionData("withdraw", [shares, 0n, 0n, to, 0n]),
  };
}

// ---- measures

const rootAt = (world: World, price: number): bigint => sqrtPriceOf(world.priceX96(price), world.options.quoteIsToken0);

/** In 2^-64 quote wei at the market. */
function worth(world: World, amounts: Pair2): bigint {
  return valueOfTokens(amounts, world.priceX96(MARKET), world.options.quoteIsToken0);
}

function minus(a: Pair2, b: Pair2): Pair2 {
  return { amount0: a.amount0 - b.amount0, amount1: a.amount1 - b.amount1 };
}

function plus(a: Pair2, b: Pair2): Pair2 {
  return { amount0: a.amount0 + b.amount0, amount1: a.amount1 + b.amount1 };
}

/** Value of a share at the market, in 2^-64 quote wei per 1e30 shares' wei. */
function shareValue(world: World, book: Book): bigint {
  return (valueOfBook(book, world.priceX96(MARKET), world.options.quoteIsToken0) * 10n ** 30n) / book.supply;
}

function wei(world: World, operations: bigint): bigint {
  return operations * worth(world, { amount0: 1n, amount1: 1n });
}

/** A struct that was read, by its fields' names, as it is written back. */
function fieldsOf(result: unknown): Record<string, bigint> {
  return (result as Result).toObject() as Record<string, bigint>;
}

function capsOf(limits: Awaited<ReturnType<World["policy"]["limits"]>>): Record<keyof Caps, bigint> {
  const { fees: _fees, pausedUntil: _until, ...caps } = fieldsOf(limits);
  return caps as Record<keyof Caps, bigint>;
}

// ---- governance

function managerAs(world: World, who: Person): World["manager"] {
  return world.manager.connect(who) as World["manager"];
}

/** What the governor decides: announced, waited for, done. */
async function govern(world: World, target: string, data: string): Promise<void> {
  const manager = managerAs(world, world.who.safe);
  await manager.getFunction("schedule").send(target, data, 0);
  await world.pass(world.options.governanceDelay + 1);
  try {
    await manager.getFunction("execute").send(target, data);
  } catch (error) {
    await manager.getFunction("cancel").send(world.who.safe.address, target, data);
    throw error;
  }
}

const SAFE_TX = {
  SafeTx: [
    { name: "to", type: "address" },
    { name: "value", type: "uint256" },
    { name: "data", type: "bytes" },
    { name: "operation", type: "uint8" },
    { name: "safeTxGas", type: "uint256" },
    { name: "baseGas", type: "uint256" },
    { name: "gasPrice", type: "uint256" },
    { name: "gasToken", type: "address" },
    { name: "refundReceiver", type: "address" },
    { name: "nonce", type: "uint256" },
  ],
};

/** A call of the real Safe, with real signatures of `signers`. */
async function bySafe(world: World, to: string, data: string, signers: readonly Person[]): Promise<TransactionReceipt> {
  const { chainId } = await world.ethers.provider.getNetwork();
  const nonce = (await world.safe.getFunction("nonce")()) as bigint;
  const rest = { operation: 0, safeTxGas: 0, baseGas: 0, gasPrice: 0, gasToken: ZeroAddress };
  const message = { to, value: 0, data, ...rest, refundReceiver: ZeroAddress, nonce };
  const sorted = [...signers].sort((a, b) => (BigInt(a.address) < BigInt(b.address) ? -1 : 1));
  let signatures = "0x";
  for (const signer of sorted) {
    const signature = await signer.signTypedData(
      { chainId, verifyingContract: world.addresses.vault === to ? to : await world.safe.getAddress() },
      SAFE_TX,
      message,
    );
    signatures = solidityPacked(["bytes", "bytes"], [signatures, signature]);
  }
  const carried = world.safe.connect(world.who.stranger) as World["safe"];
  const response = await carried
    .getFunction("execTransaction")
    .send(to, 0, data, 0, 0, 0, 0, ZeroAddress, ZeroAddress, signatures);
  const receipt = (await response.wait()) as TransactionReceipt | null;
  if (receipt === null) throw new Error("the Safe's transaction was not mined");
  return receipt;
}

// ---- every function of every contract

interface Door {
  readonly name: string;
  readonly target: string;
  readonly data: string;
}

interface Arguments {
  readonly address: string;
  readonly number: bigint;
  readonly flag: boolean;
  readonly bytes: string;
}

/** Whether bytes of any length are hidden in an input. */
function takesBytes(type: ParamType): boolean {
  if (type.baseType === "tuple") return (type.components ?? []).some(takesBytes);
  if (type.arrayChildren !== null) return takesBytes(type.arrayChildren);
  return type.type === "bytes";
}

function argument(type: ParamType, a: Arguments): unknown {
  if (type.baseType === "tuple") return (type.components ?? []).map((part) => argument(part, a));
  if (type.baseType === "array") return type.arrayLength === -1 ? [] : Array(type.arrayLength ?? 0).fill(0);
  if (type.type === "address") return a.address;
  if (type.type === "bool") return a.flag;
  if (type.type === "bytes") return a.bytes;
  if (type.type === "string") return "x";
  if (type.type.startsWith("bytes")) return `0x${"00".repeat(Number(type.type.slice(5)))}`;
  const bits = BigInt(type.type.replace(/^u?int/, "") || 256);
  const top = (1n << (type.type.startsWith("u") ? bits : bits - 1n)) - 1n;
  return a.number > top ? top : a.number;
}

/** Every function that can change something, of all five contracts, with arguments made of `a`. */
async function doorsOf(world: World, a: Arguments): Promise<readonly Door[]> {
  const list: readonly (readonly [string, string, InterfaceAbi])[] = [
    ["Vault", world.addresses.vault, (await loadArtifact("Vault")).abi],
    ["Policy", world.addresses.policy, (await loadArtifact("Policy")).abi],
    ["PriceOracle", world.addresses.oracle, (await loadArtifact("PriceOracle")).abi],
    ["Lens", world.addresses.lens, (await loadArtifact("Lens")).abi],
    ["AccessManager", world.addresses.accessManager, (await loadAccessManager()).abi],
  ];
  const doors: Door[] = [];
  for (const [contract, target, abi] of list) {
    new Interface(abi).forEachFunction((fragment) => {
      if (fragment.constant) return;
      const values = fragment.inputs.map((input) => argument(input, a));
      const data = new Interface(abi).encodeFunctionData(fragment, values);
      doors.push({ name: `${contract}.${fragment.name}`, target, data });
    });
  }
  return doors;
}

/** Goes through a door, if it is open, in a state that is then put back. @returns whether it was open */
async function tryDoor(signer: Person, door: Door, look: () => Promise<void>): Promise<boolean> {
  try {
    await signer.call({ to: door.target, data: door.data, gasLimit: 5_000_000n });
  } catch (error) {
    // Most doors are closed to most people, and a call that reverts changes nothing.
    expect(String(error)).to.match(/revert|CALL_EXCEPTION|invalid opcode/i);
    return false;
  }
  const snapshot = await networkHelpers.takeSnapshot();
  await (await signer.sendTransaction({ to: door.target, data: door.data, gasLimit: 5_000_000n })).wait();
  await look();
  await snapshot.restore();
  return true;
}

for (const order of ORDERS) {
  const q = order.quoteIsToken0;

  describe(`contracts/incidents: ${order.name}`, () => {
    async function fresh(changes: Partial<WorldOptions> = {}): Promise<World> {
      return deployWorld(connection, { quoteIsToken0: q, ...changes });
    }

    /** The vault is nearly the whole of a thin pool, fees are owed and a part is idle. */
    async function thin(): Promise<World> {
      return worked(await fresh({ depths: { 500: 2_000 } }));
    }

    /** The same, and a tenth of the fees is the treasury's. */
    async function taxed(): Promise<World> {
      const world = await fresh({ depths: { 500: 2_000 }, caps: { treasuryShareBps: 1_000 } });
      await world.vault.syncTreasuryShare();
      return worked(world);
    }

    async function worked(world: World): Promise<World> {
      await world.firstDeposit(world.who.alice, 50_000n * ONE);
      await world.execute({ mints: [await world.around(500, 1_000)] });
      await world.movePools(2_004);
      await world.movePools(MARKET);
      return world;
    }

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
        const receipts = await inOneBlockWithFailures(
          world,
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
        const caps = { ...capsOf(await world.policy.limits()), treasuryShareBps: 1_000n };
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
      cites("Visor 2021, $8.2M", INVARIANT.REENTRANCY, INVARIANT.DEPOSIT_ROUNDS_UP, INVARIANT.ONLY_TO_PAYEES),
      async () => {
        // The only code of others that runs is the pair's tokens'. Here one of them calls back at every transfer.
        const world = await fresh({ baseKind: "LocalHookToken" });
        await world.firstDeposit(world.who.alice, 10_000n * ONE);
        const { attack, address } = await arm(world);
        const token = await world.ethers.getContractAt("LocalHookToken", await world.base.getAddress());
        const again = [
          depositStep(world, address, 1_000n * ONE),
          withdrawStep(world, address, 1n),
          { target: world.addresses.vault, data: world.vault.interface.encodeFunctionData("claimTreasury") },
          { target: world.addresses.vault, data: world.vault.interface.encodeFunctionData("syncTreasuryShare") },
        ];
        const run = attack.interface;
        await token.arm(again.map((call) => ({ target: address, data: run.encodeFunctionData("run", [[call]]) })));
        const quiet = await world.book();
        await attack.run([depositStep(world, address, 1_000n * ONE)]);
        await attack.run([withdrawStep(world, address, 400n * ONE)]);
        await token.disarm();
        const seen = await token.seen();
        const guard = world.vault.interface.getError("ReentrancyGuardReentrantCall")?.selector;
        expect(seen.length >= 2 * again.length).to.equal(true);
        expect(seen.every((outcome) => !outcome.ok && outcome.result === guard)).to.equal(true);
        expect(await world.vault.balanceOf(address)).to.equal(600n * ONE);
        expect(shareValue(world, await world.book()) >= shareValue(world, quiet)).to.equal(true);
        // A recipient that a caller names is never called: this one would revert whatever it is asked.
        const mute = await world.ethers.deployContract("LocalRawFeed", [8], world.who.attacker);
        const name = await mute.getAddress();
        const had = await world.balances(name);
        await attack.run([depositStep(world, name, 10n * ONE)]);
        await attack.run([withdrawStep(world, name, 10n * ONE)]);
        const has = await world.balances(name);
        expect(has.amount0 > had.amount0 && has.amount1 > had.amount1).to.equal(true);
        expect(await world.vault.balanceOf(name)).to.equal(10n * ONE);
      },
    );

    it(cites("Visor 2021, $0.5M", INVARIANT.ONLY_TO_PAYEES, INVARIANT.NO_ADMIN), async () => {
      const world = await networkHelpers.loadFixture(taxed);
      // Something of everything is there to be taken: idle tokens, ranges, pending fees, the treasury's booked part.
      await world.deposit(world.who.bob, 10_000n * ONE);
      await world.movePools(2_010);
      await world.movePools(MARKET);
      await world.withdraw(world.who.bob, 1_000n * ONE);
      const booked = await world.vault.treasuryBook();
      expect(booked.amount0 > 0n && booked.amount1 > 0n).to.equal(true);
      const { safe, guardian, keeper, deployer, owners, treasury } = world.who;
      const roles = [safe, guardian, keeper, deployer, ...owners.slice(0, 1)];
      const quiet = components(await world.book());
      const supply = await world.vault.totalSupply();
      const held = async (): Promise<string> => {
        const list: bigint[] = [];
        for (const who of roles) {
          const { amount0, amount1 } = await world.balances(who.address);
          list.push(amount0, amount1, await world.vault.balanceOf(who.address));
        }
        return list.join();
      };
      const start = await held();
      const paid = await world.balances(treasury.address);
      const passed = new Map<string, number>();
      for (const who of roles) {
        const gift = world.token0.interface.encodeFunctionData("transfer", [who.address, 1n]);
        for (const a of [
          { address: who.address, number: 1n, flag: true, bytes: gift },
          { address: await world.token0.getAddress(), number: 1n << 96n, flag: false, bytes: gift },
          { address: world.addresses.vault, number: 0n, flag: true, bytes: "0x" },
        ]) {
          const doors = [...(await doorsOf(world, a))];
          if (who === keeper && a.number === 1n) {
            const plan = await world.plan({ burns: [{ index: 0 }], mints: [await world.around(500, 900)] });
            doors.push({
              name: "Vault.execute (a real plan)",
              target: world.addresses.vault,
              data: world.vault.interface.encodeFunctionData("execute", [plan]),
            });
          }
          for (const door of doors) {
            const went = await tryDoor(who, door, async () => {
              // Who has no tokens and no shares has none afterwards, and shares change hands for nobody.
              if (who !== keeper) expect(await held(), `${door.name} by ${who.address}`).to.equal(start);
              else if ((await held()) !== start) {
                // The keeper owns tokens in this world and may buy shares like anybody; he gets none for nothing.
                expect(door.name).to.equal("Vault.deposit");
              }
              const now = await world.balances(treasury.address);
              const more = minus(now, paid);
              expect(more.amount0 <= booked.amount0 && more.amount1 <= booked.amount1, door.name).to.equal(true);
              expect((await world.vault.totalSupply()) >= supply, door.name).to.equal(true);
              if (!door.name.startsWith("Vault.")) {
                expect([...components(await world.book())], door.name).to.deep.equal([...quiet]);
              }
            });
            if (went) passed.set(door.name, (passed.get(door.name) ?? 0) + 1);
          }
        }
      }
      // The walk is worth nothing if it only meets closed doors: roles' own functions, and everybody's, did open.
      for (const name of ["Policy.pause", "Vault.claimTreasury", "Vault.setFees", "Vault.execute (a real plan)"]) {
        expect(passed.has(name), name).to.equal(true);
      }
      // With the delay as well: what the governor may do moves nothing, and it may do nothing else.
      const plain = new Interface((await loadArtifact("Policy")).abi);
      const limits = capsOf(await world.policy.limits());
      const decisions: Record<string, readonly unknown[]> = {
        setCaps: [{ ...limits, coreWeightCapBps: 5_000n }],
        addKeeper: [safe.address],
        setTreasury: [safe.address],
        renewPause: [],
        unpause: [],
      };
      for (const [name, values] of Object.entries(decisions)) {
        await govern(world, world.addresses.policy, plain.encodeFunctionData(name, values));
        expect(await held(), name).to.equal(start);
        expect([...components(await world.book())], name).to.deep.equal([...quiet]);
      }
      expect(GOVERNOR_FUNCTIONS.policy.filter((name) => !(name in decisions))).to.deep.equal(["addPool"]);
      for (const [target, data] of [
        [await world.token0.getAddress(), world.token0.interface.encodeFunctionData("transfer", [safe.address, 1n])],
        [
          await world.token0.getAddress(),
          world.token0.interface.encodeFunctionData("transferFrom", [world.addresses.vault, safe.address, 1n]),
        ],
        [world.addresses.vault, world.vault.interface.encodeFunctionData("withdraw", [1n, 0n, 0n, safe.address, 0n])],
      ] as const) {
        await expect(
          managerAs(world, safe).getFunction("schedule").send(target, data, 0),
        ).to.be.revertedWithCustomError(world.manager, "AccessManagerUnauthorizedCall");
        await expect(managerAs(world, safe).getFunction("execute").send(target, data)).to.be.revertedWithCustomError(
          world.manager,
          "AccessManagerUnauthorizedCall",
        );
      }
    });

    it(cites("ICHI on Rari 2022", INVARIANT.WITHDRAW_PREVIEW, INVARIANT.ORACLE_REFUSES), async () => {
      const world = await networkHelpers.loadFixture(thin);
      await world.deposit(world.who.bob, 50_000n * ONE);
      const { attack, address } = await arm(world);
      const mid = world.priceX96(MARKET);
      /** What a lender could read: the lens's liquidity at the oracle's price, or, as they did, the pool at its own. */
      const bounded = (book: Book): bigint => (valueOfBook(book, mid, q) * 10n ** 30n) / book.supply;
      const naive = async (book: Book): Promise<bigint> => {
        const spot = priceOf((await world.pool(500).slot0()).sqrtPriceX96, q);
        return (valueOfTokens({ amount0: book.total0, amount1: book.total1 }, spot, q) * 10n ** 30n) / book.supply;
      };
      const quiet = await world.book();
      const fair = bounded(quiet);
      const apart = ((await naive(quiet)) * 1_000_000n) / fair - 1_000_000n;
      expect(apart >= -1n && apart <= 1n, `${apart} millionths apart`).to.equal(true);
      for (const factor of [4, 1.2, 0.8, 0.25]) {
        const snapshot = await networkHelpers.takeSnapshot();
        await attack.run(await moveStep(world, address, 500, rootAt(world, MARKET * factor)));
        const book = await world.book();
        const bent = Number(((await naive(book)) * 10_000n) / fair) / 10_000;
        // What the lens publishes is that price, to a wei of each range and of both totals.
        const { nav, supply, oracleOk } = await world.lens.observe(world.addresses.vault, ZeroAddress);
        const published = ((nav << VALUE_BITS) * 10n ** 30n) / supply;
        expect(oracleOk).to.equal(true);
        expect(published <= bounded(book) && bounded(book) - published <= bounded(book) / 10n ** 8n).to.equal(true);
        // Theirs follows the attacker. Ours moves by the fees that he paid, upward, and by nothing else.
        const withoutFees = { ...book, positions: book.positions.map((p, i) => ({ ...p, ...feesOf(quiet, i) })) };
        expect(bounded(withoutFees)).to.equal(fair);
        expect(bounded(book) >= fair).to.equal(true);
        if (factor === 4) {
          expect(bent > 1.5).to.equal(true);
          figure(`a pool at four times the market: share price by spot x ${bent}, by liquidity at the oracle x 1`);
        }
        // Consistent with leaving: at the oracle's price an exit here and now brings at least that, whoever moved the pool.
        const part = (await world.vault.balanceOf(world.who.alice.address)) / 3n;
        const out = await world.lens.previewWithdraw(world.addresses.vault, part);
        const brought = valueOfTokens(out, mid, q);
        const claimed = (bounded(book) * part) / 10n ** 30n;
        expect(brought + wei(world, 4n) >= claimed, `${brought} < ${claimed}`).to.equal(true);
        await snapshot.restore();
      }
      // With the deepest pool moved, the price is not handed out at all.
      await attack.run(await moveStep(world, address, 3_000, rootAt(world, MARKET * 1.05)));
      await expect(world.oracle.read(0)).to.be.revertedWithCustomError(world.oracle, "SpotOutsideBand");
      const seen = await world.lens.observe(world.addresses.vault, ZeroAddress);
      expect([seen.oracleOk, seen.price.mid, seen.nav]).to.deep.equal([false, 0n, 0n]);
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
              const preview = await world.lens.previewWithdraw(world.addresses.vault, 777n * ONE);
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

    it(
      cites("Orange, Jan 2025, $0.8M", INVARIANT.POLICY_SAFE, INVARIANT.POLICY_DIRECTION, INVARIANT.NO_ADMIN),
      async () => {
        const world = await fresh({ otherFees: [100] });
        await world.firstDeposit(world.who.alice, 10_000n * ONE);
        const { owners, attacker, guardian } = world.who;
        const [first, second] = owners;
        if (first === undefined || second === undefined) throw new Error("no owners");
        const safeAddress = await world.safe.getAddress();
        const manager = world.addresses.accessManager;
        const setup = world.safe.interface;
        const limits = capsOf(await world.policy.limits());
        const decisions: readonly (readonly [string, string])[] = [
          [
            world.addresses.policy,
            world.policy.interface.encodeFunctionData("setCaps", [{ ...limits, lossCapBps: 99n, lossRefillBps: 99n }]),
          ],
          [world.addresses.policy, world.policy.interface.encodeFunctionData("addPool", [100])],
          [world.addresses.policy, world.policy.interface.encodeFunctionData("addKeeper", [attacker.address])],
          [world.addresses.policy, world.policy.interface.encodeFunctionData("setTreasury", [attacker.address])],
          [world.addresses.policy, world.policy.interface.encodeFunctionData("renewPause")],
          [world.addresses.policy, world.policy.interface.encodeFunctionData("unpause")],
          [
            world.addresses.oracle,
            world.oracle.interface.encodeFunctionData("setTerms", [fieldsOf(await world.oracle.terms()) as never]),
          ],
        ];
        expect(decisions).to.have.length(GOVERNOR_FUNCTIONS.policy.length + GOVERNOR_FUNCTIONS.oracle.length);
        // Two owners weaken the Safe to one signature; one online key is then enough to schedule.
        await bySafe(world, safeAddress, setup.encodeFunctionData("changeThreshold", [1]), [first, second]);
        for (const [target, data] of decisions) {
          const schedule = world.manager.interface.encodeFunctionData("schedule", [target, data, 0]);
          await bySafe(world, manager, schedule, [first]);
        }
        await world.pass(world.options.governanceDelay + 1);
        for (const [target, data] of decisions) {
          const call = world.manager.interface.encodeFunctionData("execute", [target, data]);
          // The Safe says GS013 for whatever failed inside; the same call from the Safe's address tells the reason.
          await expect(bySafe(world, manager, call, [first])).to.be.revert(world.ethers);
          await expect(
            managerAs(world, world.who.safe).getFunction("execute").staticCall(target, data),
          ).to.be.revertedWithCustomError(world.policy, "UnsafeSafe");
        }
        // A module is as good as a missing signature.
        await bySafe(world, safeAddress, setup.encodeFunctionData("changeThreshold", [2]), [first]);
        await bySafe(world, safeAddress, setup.encodeFunctionData("enableModule", [attacker.address]), [first, second]);
        for (const [target, data] of decisions) {
          await expect(
            managerAs(world, world.who.safe).getFunction("execute").staticCall(target, data),
          ).to.be.revertedWithCustomError(world.policy, "UnsafeSafe");
        }
        // What takes room away still works, and leaving too.
        await world.policy.connect(guardian).removePool(10_000);
        await world.withdraw(world.who.alice, 1_000n * ONE);
        // Mended, the Safe decides again; what it scheduled has waited long enough.
        const sentinel = "0x0000000000000000000000000000000000000001";
        const disable = setup.encodeFunctionData("disableModule", [sentinel, attacker.address]);
        await bySafe(world, safeAddress, disable, [first, second]);
        const [target, data] = decisions[1] ?? ["", ""];
        const call = world.manager.interface.encodeFunctionData("execute", [target, data]);
        await expect(bySafe(world, manager, call, [first])).to.be.revert(world.ethers);
        await bySafe(world, manager, call, [first, second]);
        expect((await world.policy.limits()).fees).to.include(100n);
        // Not upgradeable: no proxy's slot is set, no function's name says so, and no code can be destroyed or delegated
        // anywhere but to the library that is linked in.
        const IMPLEMENTATION = "0x360894a13ba1a3210667c828492db98dca3e2076cc3735a33f3d6b9bba8b4b1c";
        const BEACON = "0xa3f0ad74e5423aebfd80d3ef4346578335a9a72aeaee59ff6cb3582b35133d50";
        for (const address of [world.addresses.vault, world.addresses.policy, world.addresses.oracle]) {
          for (const slot of [IMPLEMENTATION, BEACON]) {
            expect(BigInt(await world.ethers.provider.getStorage(address, slot))).to.equal(0n);
          }
        }
        for (const name of ["Vault", "Policy", "PriceOracle"]) {
          new Interface((await loadArtifact(name)).abi).forEachFunction((fragment) => {
            expect(/upgrade|implementation|initialize|delegate|migrate/i.test(fragment.name), fragment.name).to.equal(
              false,
            );
          });
        }
        const delegates = opcodes(await world.ethers.provider.getCode(world.addresses.vault)).filter(
          (op) => op === 0xf4,
        );
        const linked = await loadArtifact("Vault");
        const links = Object.values(linked.linkReferences)
          .flatMap((file) => Object.values(file))
          .flat().length;
        expect(delegates.length).to.equal(links);
        for (const address of [world.addresses.policy, world.addresses.oracle, world.addresses.planLib]) {
          const code = opcodes(await world.ethers.provider.getCode(address));
          expect(code.includes(0xf4) || code.includes(0xf2) || code.includes(0xff), address).to.equal(false);
        }
      },
    );

    it(cites("Aperture, Jan 2026, $3.7M", INVARIANT.ONLY_TO_PAYEES, INVARIANT.CALLBACK), async () => {
      const world = await networkHelpers.loadFixture(thin);
      // Everybody has approved the vault without limit; nobody's approval may move a wei that he did not send himself.
      const { alice, bob, carol, stranger, attacker, keeper } = world.who;
      const victims = [alice, bob, carol, stranger];
      const look = async (): Promise<string> => {
        const list: bigint[] = [];
        for (const victim of victims) {
          const { amount0, amount1 } = await world.balances(victim.address);
          list.push(amount0, amount1, await world.vault.balanceOf(victim.address));
          for (const token of [world.token0, world.token1]) {
            list.push(await token.allowance(victim.address, world.addresses.vault));
          }
        }
        return list.join();
      };
      const start = await look();
      for (const token of [world.token0, world.token1]) {
        expect((await token.allowance(bob.address, world.addresses.vault)) > 10n ** 60n).to.equal(true);
      }
      let passed = 0;
      for (const who of [attacker, keeper]) {
        for (const token of [world.token0, world.token1]) {
          const steal = token.interface.encodeFunctionData("transferFrom", [bob.address, who.address, 10n ** 6n]);
          for (const address of [bob.address, await token.getAddress(), who.address]) {
            for (const door of await doorsOf(world, { address, number: 10n ** 9n, flag: true, bytes: steal })) {
              const went = await tryDoor(who, door, async () => {
                // A gift of shares to a victim is the one change: paid by the giver.
                const now = await look();
                if (door.name === "Vault.deposit" || door.name === "Vault.transfer") {
                  expect(victimsLost(start, now), door.name).to.equal(false);
                } else expect(now, door.name).to.equal(start);
              });
              if (went) passed += 1;
            }
          }
        }
      }
      expect(passed > 20, `${passed} calls went through`).to.equal(true);
      // Nor can a contract pose as a pool: the callbacks pay the pool that a running plan calls, and nobody else.
      const { attack, address } = await arm(world);
      for (const name of ["uniswapV3MintCallback", "uniswapV3SwapCallback"] as const) {
        const data = world.vault.interface.encodeFunctionData(name as "uniswapV3MintCallback", [1n, 1n, "0x"]);
        await expect(attack.run([{ target: world.addresses.vault, data }]))
          .to.be.revertedWithCustomError(world.vault, "UnexpectedCallback")
          .withArgs(address);
      }
    });

    it(cites("several audits: TWAP tick truncated toward zero for negative ticks", INVARIANT.ORACLE_TWAP), async () => {
      // Decimals that make the pool's ticks negative in this order of the tokens.
      const decimals = q ? { baseDecimals: 6, quoteDecimals: 18 } : { baseDecimals: 18, quoteDecimals: 6 };
      const world = await fresh({ ...decimals, terms: { twapBandBps: 1 } });
      const pool = world.pool(3_000);
      await world.movePools(2_000.7);
      await world.pass(700);
      await world.movePools(MARKET);
      let fractional = 0;
      for (const wait of [31, 97, 211, 400]) {
        await world.pass(wait);
        // The feeds stand 20 bps away: inside the spot's band, outside the TWAP's, so the error tells the mean that was read.
        await world.report(MARKET * 1.002);
        const window = 1_800;
        const [then, now] = await pool.observe([window, 0]);
        if (then === undefined || now === undefined) throw new Error("no observations");
        const change = now - then;
        const exact = change / BigInt(window);
        expect(change < 0n).to.equal(true);
        const floor = change % BigInt(window) === 0n ? exact : exact - 1n;
        if (floor !== exact) fractional += 1;
        const price = (tick: bigint): bigint => twapPrice(sqrtAtTick(Number(tick)), q);
        expect(price(floor) === price(exact)).to.equal(floor === exact);
        await expect(world.oracle.read(await world.oracle.findTwapHint()))
          .to.be.revertedWithCustomError(world.oracle, "TwapOutsideBand")
          .withArgs(price(floor), (mid: bigint) => mid > 0n);
      }
      expect(fractional > 0, "no mean fell between two ticks").to.equal(true);
    });

    it(
      cites(
        "audit of a modular vault: allowances left behind when a module changed",
        INVARIANT.PLAN_CLEAN,
        INVARIANT.CALLBACK,
      ),
      async () => {
        const world = await networkHelpers.loadFixture(thin);
        const { guardian, bob, alice } = world.who;
        const { vault } = world.addresses;
        const receipts: (TransactionReceipt | null)[] = [];
        const half = { fraction0: ONE / 2n, fraction1: ONE / 2n };
        receipts.push(await world.deposit(bob, 5_000n * ONE));
        const plan = await world.execute({
          burns: [{ index: 0 }],
          swaps: [{ fee: 3_000, zeroForOne: true, fraction: ONE / 50n }],
          mints: [
            { ...(await world.around(10_000, 2_000)), ...half },
            { ...(await world.around(3_000, 1_200)), ...half },
          ],
        });
        receipts.push(plan.receipt);
        receipts.push(await world.withdraw(alice, 1_000n * ONE));
        receipts.push(await (await world.vault.claimTreasury()).wait());
        // The tiers are taken away, and the keeper's plan takes the ranges out of them.
        for (const fee of [500, 3_000, 10_000]) {
          receipts.push(await (await world.policy.connect(guardian).removePool(fee)).wait());
        }
        const { positions } = await world.book();
        const leave = await world.execute({ burns: positions.map(({ index }) => ({ index })) });
        receipts.push(leave.receipt);
        const approval = world.token0.interface.getEvent("Approval").topicHash;
        const spenders = [
          ...world.contracts(),
          ...world.people(),
          ...[...world.pools.values()].map((pool) => pool.address),
          await world.factory.getAddress(),
        ];
        for (const token of [world.token0, world.token1]) {
          for (const spender of spenders) expect(await token.allowance(vault, spender), spender).to.equal(0n);
          const address = await token.getAddress();
          for (const receipt of receipts) {
            for (const log of receipt?.logs ?? []) {
              if (log.address === address && log.topics[0] === approval) {
                expect(BigInt(log.topics[1] ?? "0x0")).not.to.equal(BigInt(vault));
              }
            }
          }
        }
        // A pool that was a venue a moment ago can neither pull nor be paid.
        for (const pool of world.pools.values()) {
          const venue = await world.as(pool.address);
          await expect(world.token0.connect(venue).transferFrom(vault, pool.address, 1n)).to.be.revertedWithCustomError(
            world.token0,
            "ERC20InsufficientAllowance",
          );
          await expect(world.vault.connect(venue).uniswapV3MintCallback(1n, 1n, "0x")).to.be.revertedWithCustomError(
            world.vault,
            "UnexpectedCallback",
          );
        }
        await world.withdraw(bob, 5_000n * ONE);
      },
    );
  });
}

/** As World.inOneBlock, but a transaction may fail. */
async function inOneBlockWithFailures(
  world: World,
  send: readonly (() => Promise<{ hash: string }>)[],
): Promise<readonly TransactionReceipt[]> {
  const { provider } = world.connection;
  await provider.request({ method: "evm_setAutomine", params: [false] });
  const hashes: string[] = [];
  try {
    for (const one of send) hashes.push((await one()).hash);
    await networkHelpers.mine();
  } finally {
    await provider.request({ method: "evm_setAutomine", params: [true] });
  }
  const receipts: TransactionReceipt[] = [];
  for (const hash of hashes) {
    const receipt = await world.ethers.provider.getTransactionReceipt(hash);
    if (receipt === null) throw new Error("a transaction was not mined");
    receipts.push(receipt);
  }
  expect(new Set(receipts.map((receipt) => receipt.blockNumber)).size).to.equal(1);
  return receipts;
}

function feesOf(book: Book, index: number): { readonly fees0: bigint; readonly fees1: bigint } {
  const position = book.positions[index];
  return { fees0: position?.fees0 ?? 0n, fees1: position?.fees1 ?? 0n };
}

/** Whether any number of the second look is under its fellow of the first. */
function victimsLost(before: string, after: string): boolean {
  const was = before.split(",").map(BigInt);
  return after.split(",").some((now, i) => BigInt(now) < (was[i] ?? 0n));
}

/** The TWAP's price as the oracle counts it: two divisions where the quote is token0. */
function twapPrice(root: bigint, quoteIsToken0: boolean): bigint {
  if (!quoteIsToken0) return (root * root) / Q96;
  return (((Q96 * Q96) / root) * Q96) / root;
}

/** The instructions of a deployed contract, without the constants between them. */
function opcodes(code: string): readonly number[] {
  const bytes = Buffer.from(code.slice(2), "hex");
  const list: number[] = [];
  for (let i = 0; i < bytes.length; i += 1) {
    const op = bytes[i] ?? 0;
    list.push(op);
    if (op >= 0x60 && op <= 0x7f) i += op - 0x5f;
  }
  return list;
}
