import { tokenAt } from "../../chain/abi.ts";
import type { Actor, TokenInfo } from "../vaultConnection.ts";
import { mined } from "./move.ts";

/** What an account lets the vault take while one command runs: raised where it must be, and put back afterwards. */
export class Approvals {
  readonly #actor: Actor;
  readonly #spender: string;
  /** What was allowed before, by token, where it was changed. */
  readonly #changed = new Map<TokenInfo, bigint>();

  constructor(actor: Actor, spender: string) {
    this.#actor = actor;
    this.#spender = spender;
  }

  /** Sends nothing if so much is allowed already. */
  async atLeast(token: TokenInfo, amount: bigint): Promise<void> {
    const present = await this.#allowance(token);
    if (present >= amount) return;
    if (!this.#changed.has(token)) this.#changed.set(token, present);
    await this.#approve(token, present, amount, `The approval of ${token.symbol}`);
  }

  /** Gives what went wrong instead of throwing it, or null: it must not hide what became of the command itself. */
  async restore(): Promise<unknown> {
    try {
      for (const [token, previous] of this.#changed) {
        await this.#approve(token, await this.#allowance(token), previous, `Restoring the approval of ${token.symbol}`);
        this.#changed.delete(token);
      }
      return null;
    } catch (error) {
      return error;
    }
  }

  #allowance(token: TokenInfo): Promise<bigint> {
    return tokenAt(token.address, this.#actor.signer).allowance(this.#actor.address, this.#spender);
  }

  /** By way of zero: some tokens (USDT) refuse to go from one amount to another. */
  async #approve(token: TokenInfo, present: bigint, wanted: bigint, what: string): Promise<void> {
    if (present === wanted) return;
    const contract = tokenAt(token.address, this.#actor.signer);
    if (present !== 0n && wanted !== 0n) await mined(await contract.approve(this.#spender, 0n), what);
    await mined(await contract.approve(this.#spender, wanted), what);
  }
}
