/**
 * Incidents in which a price was read that somebody had bent, or was rounded the wrong way.
 * Each test replays an incident's mechanism on Uniswap's own bytecode and carries the incident's name.
 */
import { expect } from "chai";
import { ZeroAddress } from "ethers";
import { network } from "hardhat";

import { ONE, priceOf, Q96, valueOfTokens, VALUE_BITS } from "../../support/arithmetic.ts";
import { arm } from "../../support/attackContract.ts";
import { valueOfBook } from "../../support/checks.ts";
import { figure } from "../../support/figures.ts";
import { ORDERS, sqrtAtTick, type Book } from "../../support/world.ts";
import { cites, INVARIANT } from "../invariants.ts";
import { MARKET, moveStep, rootAt, wei, worldsOf } from "./support.ts";

const connection = await network.create();
const { networkHelpers } = connection;

for (const order of ORDERS) {
  const q = order.quoteIsToken0;
  const { fresh, thin } = worldsOf(connection, q);

  describe(`contracts/incidents/prices: ${order.name}`, () => {
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
        const out = await world.lens.previewWithdraw(world.addresses.vault, part, 0);
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
  });
}

function feesOf(book: Book, index: number): { readonly fees0: bigint; readonly fees1: bigint } {
  const position = book.positions[index];
  return { fees0: position?.fees0 ?? 0n, fees1: position?.fees1 ?? 0n };
}

/** The TWAP's price as the oracle counts it: two divisions where the quote is token0. */
function twapPrice(root: bigint, quoteIsToken0: boolean): bigint {
  if (!quoteIsToken0) return (root * root) / Q96;
  return (((Q96 * Q96) / root) * Q96) / root;
}
