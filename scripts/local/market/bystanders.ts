/**
 * Two people who watch the vault's debts, as there are on every network: a liquidator, who repays an unhealthy debt on Morpho for its
 * collateral and premium, and a watcher, who calls `deleverage` where the vault lets him. Both look whenever a feed has spoken, so that
 * neither is later than the other; what makes the difference is how far the price has jumped since.
 */
import { Interface } from "ethers";

import { loadArtifact } from "../../deploy/artifacts.ts";
import type { LocalChain, LocalTransaction } from "../chain.ts";
import type { LocalDeployment } from "../setup.ts";
import { give, type LocalMarket } from "../protocols/morpho.ts";

const ONE = 10n ** 18n;
/** Morpho's ORACLE_PRICE_SCALE, LIQUIDATION_CURSOR and MAX_LIQUIDATION_INCENTIVE_FACTOR. */
const ORACLE_SCALE = 10n ** 36n;
const CURSOR = (3n * ONE) / 10n;
const MOST_INCENTIVE = (115n * ONE) / 100n;
/** Wei of each token that the liquidator begins with; nobody's debt here is near it. */
const PURSE = 1n << 110n;
const GAS = 5_000_000n;

export interface BystanderAct {
  /** Unix seconds. */
  readonly time: number;
  readonly who: "liquidator" | "watcher";
  /** Place of the sleeve. */
  readonly index: number;
}

/** contracts/interfaces/Types.sol, struct SleeveReport: what is looked at here. */
interface Debt {
  readonly owned: bigint;
  readonly owed: bigint;
  readonly healthX18: bigint;
  readonly floorX18: bigint;
  readonly borrowRateX18: bigint;
  readonly rateCapX18: bigint;
}

/** Collateral that a liquidator gets for so much repaid, 1e18 = as much; Morpho's rule, rounded down. */
export function liquidationIncentive(lltv: bigint): bigint {
  const factor = (ONE * ONE) / (ONE - (CURSOR * (ONE - lltv)) / ONE);
  return factor < MOST_INCENTIVE ? factor : MOST_INCENTIVE;
}

export class Bystanders {
  readonly #chain: LocalChain;
  readonly #deployment: LocalDeployment;
  readonly #abis: { readonly vault: Interface; readonly sleeve: Interface; readonly morpho: Interface };
  /** Of sleeves by address; null for one that is not on these markets. */
  readonly #markets = new Map<string, LocalMarket | null>();
  #liquidations = 0;
  #deleverages = 0;

  private constructor(
    chain: LocalChain,
    deployment: LocalDeployment,
    abis: { readonly vault: Interface; readonly sleeve: Interface; readonly morpho: Interface },
  ) {
    this.#chain = chain;
    this.#deployment = deployment;
    this.#abis = abis;
  }

  /** Fills the liquidator's purse. */
  static async open(chain: LocalChain, deployment: LocalDeployment): Promise<Bystanders> {
    const { pair } = deployment.protocols;
    const liquidator = await chain.ethers.getSigner(chain.accounts.liquidator.address);
    for (const token of [pair.base, pair.quote])
      await give(chain.ethers, liquidator, token, PURSE, deployment.venues.lending.morpho);
    return new Bystanders(chain, deployment, {
      vault: new Interface((await loadArtifact("Vault")).abi),
      sleeve: new Interface((await loadArtifact("sleeves/MorphoSleeve")).abi),
      morpho: new Interface((await loadArtifact("local/LocalMorpho")).abi),
    });
  }

  /** How often each has acted so far. */
  get counts(): { readonly liquidations: number; readonly deleverages: number } {
    return { liquidations: this.#liquidations, deleverages: this.#deleverages };
  }

  /** Looks at every debt of the vault; the liquidator comes first where both may act. */
  async look(): Promise<readonly BystanderAct[]> {
    const { vault } = this.#deployment.strata;
    const answer = await this.#try(vault, this.#abis.vault.encodeFunctionData("sleeves"));
    const acts: BystanderAct[] = [];
    if (answer === null) return acts;
    const [list, live] = this.#abis.vault.decodeFunctionResult("sleeves", answer) as unknown as [
      readonly string[],
      bigint,
    ];
    for (const [index, sleeve] of list.entries()) {
      if (((live >> BigInt(index)) & 1n) === 0n) continue;
      const market = await this.#marketOf(sleeve);
      if (market === null) continue;
      acts.push(...(await this.#act(sleeve, market, index)));
    }
    return acts;
  }

  async #act(sleeve: string, market: LocalMarket, index: number): Promise<readonly BystanderAct[]> {
    const debt = await this.#debt(sleeve);
    if (debt === null) return [];
    const liquidated = debt.healthX18 < ONE ? await this.#liquidate(sleeve, market, index, debt) : [];
    const left = liquidated.length === 0 ? debt : await this.#debt(sleeve);
    return left === null ? liquidated : [...liquidated, ...(await this.#deleverage(index, left))];
  }

  async #liquidate(sleeve: string, market: LocalMarket, index: number, debt: Debt): Promise<readonly BystanderAct[]> {
    const { morpho } = this.#deployment.venues.lending;
    const { address } = this.#chain.accounts.liquidator;
    const contract = await this.#chain.ethers.getContractAt("LocalMorpho", morpho);
    const { borrowShares } = await contract.position(market.id, sleeve);
    const oracle = await this.#chain.ethers.getContractAt("LocalMorphoOracle", market.params.oracle);
    const price = await oracle.price();
    // A thousandth more than all of the debt brings: the block's interest.
    const seizable =
      (((debt.owed * liquidationIncentive(market.params.lltv)) / ONE) * ORACLE_SCALE * 1001n) / (1000n * price);
    // Collateral that is worth less than that goes whole, and what is left of the debt is the lenders' loss.
    const [seized, repaid] = seizable < debt.owned ? [0n, borrowShares] : [debt.owned, 0n];
    const data = this.#abis.morpho.encodeFunctionData("liquidate", [market.params, sleeve, seized, repaid, "0x"]);
    const sent = await this.#send({ from: address, to: morpho, data, gas: GAS, what: "The liquidation" });
    if (sent === null) return [];
    this.#liquidations++;
    return [{ time: sent, who: "liquidator", index }];
  }

  async #deleverage(index: number, debt: Debt): Promise<readonly BystanderAct[]> {
    if (debt.owed === 0n) return [];
    if (debt.healthX18 >= debt.floorX18 && debt.borrowRateX18 <= debt.rateCapX18) return [];
    const data = this.#abis.vault.encodeFunctionData("deleverage", [index]);
    const { address } = this.#chain.accounts.watcher;
    const to = this.#deployment.strata.vault;
    const sent = await this.#send({ from: address, to, data, gas: GAS, what: "The watcher's deleveraging" });
    if (sent === null) return [];
    this.#deleverages++;
    return [{ time: sent, who: "watcher", index }];
  }

  /** Null while the sleeve's venue does not answer: then nobody can do anything. */
  async #debt(sleeve: string): Promise<Debt | null> {
    const answer = await this.#try(sleeve, this.#abis.sleeve.encodeFunctionData("report"));
    if (answer === null) return null;
    return this.#abis.sleeve.decodeFunctionResult("report", answer)[0] as Debt;
  }

  async #marketOf(sleeve: string): Promise<LocalMarket | null> {
    const known = this.#markets.get(sleeve);
    if (known !== undefined) return known;
    const answer = await this.#try(sleeve, this.#abis.sleeve.encodeFunctionData("MARKET"));
    const { conversion, reversal } = this.#deployment.venues.lending;
    const found = [conversion, reversal].find(({ id }) => id === answer) ?? null;
    this.#markets.set(sleeve, found);
    return found;
  }

  /** Sends what would go through now, in a block of its own. @returns the block's time; null if it would not */
  async #send(transaction: LocalTransaction): Promise<number | null> {
    if ((await this.#try(transaction.to, transaction.data, transaction.from)) === null) return null;
    const time = (await this.#chain.time()) + 1;
    await this.#chain.block(time, [transaction]);
    return time;
  }

  /** The answer of a call; null if it reverts. */
  async #try(to: string, data: string, from?: string): Promise<string | null> {
    try {
      const call = from === undefined ? { to, data } : { from, to, data };
      return String(await this.#chain.provider.request({ method: "eth_call", params: [call, "latest"] }));
    } catch (error) {
      // A refusal has the contract's answer with it; anything else is a fault of the chain's.
      if (error instanceof Error && "data" in error) return null;
      throw error;
    }
  }
}
