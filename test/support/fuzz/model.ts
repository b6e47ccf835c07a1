/** The shadow of the vault: all that the fuzz believes, told from commands, events and the written rules. */
import { INVARIANT } from "../../contracts/invariants.ts";
import type { Caps, OracleTerms } from "../../../scripts/deploy/strata.ts";
import { min } from "../arithmetic.ts";
import type { World } from "../world.ts";
import { LevelModel, WindowBudget } from "./models/budgets.ts";
import { FeeBookModel } from "./models/feeBook.ts";
import { InventoryModel } from "./models/inventory.ts";
import { OracleModel } from "./models/oracle.ts";
import { PolicyModel } from "./models/policy.ts";
import { TreasuryModel } from "./models/treasury.ts";

export const LOCKED_SHARES = 1_000n;

export class Model {
  fees = new FeeBookModel();
  readonly inventory = new InventoryModel();
  treasury: TreasuryModel;
  readonly policy: PolicyModel;
  readonly oracle: OracleModel;
  readonly loss: WindowBudget;
  readonly turnover: WindowBudget;
  readonly levels = {
    loss: new LevelModel(`${INVARIANT.BUDGET_LEVEL} (loss)`),
    turnover: new LevelModel(`${INVARIANT.BUDGET_LEVEL} (turnover)`),
    churn: new LevelModel(`${INVARIANT.BUDGET_LEVEL} (churn)`),
    deleverage: new LevelModel(`${INVARIANT.BUDGET_LEVEL} (deleverage)`),
  };
  /** Shares in existence, the vault's own and those of fees included. */
  totalSupply = 0n;
  plans = 0n;
  readonly #minFirstShares: bigint;

  constructor(world: World, caps: Caps, terms: OracleTerms) {
    const { options, who } = world;
    this.#minFirstShares = options.minFirstShares;
    this.policy = new PolicyModel(caps, options.fees, [who.keeper.address], who.treasury.address);
    this.oracle = new OracleModel(options, terms);
    this.treasury = new TreasuryModel(this.policy.cap("treasuryShareBps"));
    this.loss = new WindowBudget(INVARIANT.BUDGET_LOSS, this.policy.cap("lossRefillBps"));
    this.turnover = new WindowBudget(INVARIANT.BUDGET_TURNOVER, this.policy.cap("turnoverRefillBps"));
  }

  /** Everybody has left and somebody begins anew. */
  restart(): void {
    this.inventory.forget();
    this.loss.restart();
    this.turnover.restart();
    // What deleveraging has cost stays: it is not the keeper's, and nobody gains by it.
    for (const name of ["loss", "turnover", "churn"] as const) this.levels[name].restart();
  }

  setCaps(caps: Caps): void {
    this.policy.caps = caps;
    this.loss.rateSet(this.policy.cap("lossRefillBps"));
    this.turnover.rateSet(this.policy.cap("turnoverRefillBps"));
  }

  /** What exits change. @returns a function that puts it back */
  remember(): () => void {
    const [fees, treasury, totalSupply] = [this.fees, this.treasury, this.totalSupply];
    this.fees = fees.copy();
    this.treasury = treasury.copy();
    return () => {
      this.fees = fees;
      this.treasury = treasury;
      this.totalSupply = totalSupply;
    };
  }

  /** Supply without fee shares that have come free. */
  supply(at: number): bigint {
    return this.totalSupply - this.fees.freed(at);
  }

  /** Nobody but the vault has shares. */
  nobodyHolds(at: number): boolean {
    return this.supply(at) <= LOCKED_SHARES + this.fees.locked(at);
  }

  /** Besides, hardly any fee shares wait to come free: the next deposit is a first one. */
  isEmpty(at: number): boolean {
    return this.nobodyHolds(at) && this.fees.locked(at) < this.#minFirstShares;
  }

  /** What stays in the vault of a leaver's shares: a part of them, but of no more than others have; the last one pays nothing. */
  exitFee(shares: bigint, at: number): bigint {
    const staying = this.supply(at) - shares - LOCKED_SHARES - this.fees.locked(at);
    return staying <= 0n ? 0n : this.fees.exitFee(min(shares, staying), at);
  }
}
