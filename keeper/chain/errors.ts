/**
 * What a refusal of the chain means and what to do about it, in one sentence each: every custom error of our contracts, Uniswap v3's
 * letters, Solidity's own. A test walks over the built ABIs, so that no error of ours is ever without its sentence.
 */
import { Interface, type Result } from "ethers";

import { contractInterface, CONTRACTS } from "./abi.ts";
import { obstacleText } from "./obstacles.ts";

/** A refusal, decoded. */
export interface Refusal {
  /** The error's name; "Error" for a reason in words, "Panic", or "Unknown". */
  readonly name: string;
  /** Arguments by name, as text. */
  readonly args: Readonly<Record<string, string>>;
  /** One sentence that says what is the matter and what to do. */
  readonly message: string;
  /** The revert data, hex. */
  readonly data: string;
}

/** A contract refused. */
export class Reverted extends Error {
  override name = "Reverted";
  readonly refusal: Refusal;

  constructor(data: string, options?: ErrorOptions) {
    const refusal = decodeRefusal(data);
    super(refusal.message, options);
    this.refusal = refusal;
  }
}

/** Decodes revert data. Never throws for data that it does not know. */
export function decodeRefusal(data: string): Refusal {
  const interfaces = allErrors();
  const selector = data.slice(0, 10).toLowerCase();
  if (selector === "0x08c379a0") return decodeReason(data, interfaces);
  if (selector === "0x4e487b71") return decodePanic(data, interfaces);
  const known = data.length >= 10 ? interfaces.getError(selector) : null;
  if (known === null) return unknown(data);
  let result: Result;
  try {
    result = interfaces.decodeErrorResult(known, data);
  } catch {
    // The selector is known but the arguments are not the error's: as good as unknown, and said so.
    return unknown(data);
  }
  const args = Object.fromEntries(known.inputs.map((input, i) => [input.name, String(result[i])]));
  const sentence = SENTENCES[known.format("sighash")] ?? VENUES[known.format("full")];
  const message = sentence === undefined ? `The contract refused with ${known.name}(${list(args)}).` : sentence(args);
  return { name: known.name, args, message, data };
}

/** Signatures of the errors that have a sentence. */
export function explainedErrors(): readonly string[] {
  return Object.keys(SENTENCES);
}

/** Bytes that the EVM returned with an error of any provider, hex; "0x" for a revert without a reason; null if it is no revert. */
export function revertDataOf(error: unknown): string | null {
  for (let one = error, depth = 0; isObject(one) && depth < 6; depth++) {
    const data = one["data"];
    if (isHex(data)) return data;
    if (isObject(data) && isHex(data["data"])) return data["data"];
    const message = one["message"];
    const inner = one["error"] ?? (isObject(one["info"]) ? one["info"]["error"] : undefined) ?? one["cause"];
    if (!isObject(inner)) {
      // "execution reverted" is geth's and most others', "reverted without" is Hardhat's.
      return typeof message === "string" && /execution reverted|reverted without|VM Exception/i.test(message)
        ? "0x"
        : null;
    }
    one = inner;
  }
  return null;
}

type Sentence = (args: Readonly<Record<string, string>>) => string;

/** By signature, because two errors may share a name. */
const SENTENCES: Readonly<Record<string, Sentence>> = {
  // Plans
  "WrongNonce(uint64,uint64)": (a) =>
    `The plan was made for plan nonce ${arg(a, "given")}, the vault is at ${arg(a, "expected")}: another plan came first; observe again and decide anew.`,
  "PlanExpired(uint64)": (a) =>
    `The plan's deadline ${time(a, "deadline")} has passed; observe again and make a new plan.`,
  "FractionAboveOne(uint64)": (a) =>
    `A step of the plan asks for ${percent18(a, "fraction")} of what there is; use at most 1e18.`,
  "EmptyPosition(uint8)": (a) =>
    `The vault has no liquidity at position ${arg(a, "index")}; observe again, the position is gone.`,
  "BurnedTwice(uint8)": (a) =>
    `The plan burns position ${arg(a, "index")} twice; name each position once, with the whole fraction.`,
  "PoolNotAllowed(uint24)": (a) =>
    `The policy does not allow the ${fee(a, "fee")} tier; use another one, or have the DAO admit it (Policy.addPool).`,
  "WidthNotAllowed(int24,int24)": (a) =>
    `The range ${arg(a, "tickLower")} to ${arg(a, "tickUpper")} is outside the policy's widths; choose one inside minHalfWidth and maxHalfWidth, or the greatest one while the churn budget is spent.`,
  "SlippageOnBurn(uint8,uint256,uint256)": (a) =>
    `Burning position ${arg(a, "index")} would bring ${arg(a, "amount0")} and ${arg(a, "amount1")} wei, less than the plan's minimum: the price has moved; observe again.`,
  "SlippageOnSwap(uint24,uint256,uint256)": (a) =>
    `The swap in the ${fee(a, "fee")} tier would bring ${arg(a, "amountOut")} wei, below the minimum of ${arg(a, "minOut")}; swap less, allow more slippage, or wait.`,
  "SlippageOnMint(uint24,uint128,uint128)": (a) =>
    `The mint in the ${fee(a, "fee")} tier would give liquidity ${arg(a, "liquidity")}, below the minimum of ${arg(a, "minLiquidity")}: the price or the balances have moved; observe again.`,
  "SpotOutsideBand(uint24,uint256)": (a) =>
    `The ${fee(a, "fee")} pool stands outside the oracle's error band; wait until it is back, or leave that pool out of the plan.`,
  "LossAboveLimit(uint256,uint256)": (a) =>
    `The plan would be charged ${percent18(a, "chargeX18")} of NAV, above the policy's limit of ${percent18(a, "limitX18")}; swap less, mint wider or move in smaller parts.`,
  "CoreWeightAboveCap(uint256,uint256)": (a) =>
    `After the plan ${bps(a, "weightBps")} of NAV would stand in ranges, above the cap of ${bps(a, "capBps")}; mint less.`,
  "LossBudgetSpent(uint256,uint256)": (a) => budgetSpent(a, "loss", "swap less, mint wider, move a smaller part"),
  "TurnoverBudgetSpent(uint256,uint256)": (a) => budgetSpent(a, "turnover", "swap or move less from pool to pool"),
  "ArbitrageAboveLimit(uint256,uint256)": (a) =>
    `After the plan ranges would lose ${arg(a, "lossPerYear")} quote wei a year to arbitrage at the volatility that the policy assumes, ${arg(a, "limitPerYear")} are allowed; mint wider or less.`,
  "NoSleeve(uint256)": (a) =>
    `The vault holds nothing in sleeve ${arg(a, "index")}, or has none there; see strata status.`,
  "SleeveNotAllowed(uint256)": (a) =>
    `The policy no longer wants the sleeve in place ${arg(a, "index")}: a plan may take out of it and repay, not give or borrow.`,
  "MovesOutOfOrder()": () =>
    "The plan's moves before its swaps must stand before those after them; put them in that order.",
  "SlippageOnMove(uint256,uint256,uint256)": (a) =>
    `Sleeve ${arg(a, "index")} moved ${arg(a, "amount")} wei, less than the plan's minimum of ${arg(a, "min")}: its venue pays less or later; observe again.`,
  "SleeveAboveCap(uint256,uint256,uint256)": (a) =>
    `After the plan sleeve ${arg(a, "index")} would hold ${bps(a, "weightBps")} of NAV, above its cap of ${bps(a, "capBps")}; give it less.`,
  "NothingToBorrowAgainst(uint256)": (a) =>
    `Sleeve ${arg(a, "index")} holds nothing against which that token could be borrowed; give it collateral first.`,
  // Sleeves
  "DepositsClosed(bool)": () =>
    "A debt of the vault's is greater than what it owns of that token, so deposits wait until a plan has brought it down; withdrawals work.",
  "SleeveUnsound(uint256)": (a) =>
    `The debt of sleeve ${arg(a, "index")} is near liquidation or its venue does not answer, so deposits wait; anybody may call deleverage. Withdrawals work.`,
  "SleeveNotEmpty(uint256)": (a) =>
    `The sleeve in place ${arg(a, "index")} still holds something; take it out before another sleeve gets the place.`,
  "SleeveNotAdoptable(uint256,address)": (a) =>
    `${arg(a, "sleeve")} cannot take place ${arg(a, "index")}: it is there already, stands in another place, or belongs to another vault.`,
  "NothingToDeleverage(uint256)": (a) =>
    `The debt of sleeve ${arg(a, "index")} is healthy and not too dear; nothing is to be done.`,
  "NothingToRepayWith(uint256)": (a) =>
    `Neither idle tokens nor ranges hold what sleeve ${arg(a, "index")} owes, and no swap is possible now; wait for the oracle or the deleverage budget.`,
  "NotGuardian(address)": (a) =>
    `${arg(a, "caller")} is no guardian; only a guardian may unwind a sleeve. Anybody may call deleverage when it is due.`,
  "NotVault(address)": (a) => `${arg(a, "caller")} is not the sleeve's vault; use the vault's own functions.`,
  "HealthBelowOpening(uint256,uint256)": (a) =>
    `The debt's health would be ${percent18(a, "healthX18")}, below the ${percent18(a, "floorX18")} that opening asks for; borrow less or give more collateral.`,
  "RateAboveCap(uint256,uint256)": (a) =>
    `Borrowing costs ${percent18(a, "rateX18")} a year, above the sleeve's cap of ${percent18(a, "capX18")}; wait until it is cheaper.`,
  "Insolvent()": () =>
    "The sleeve owes more than it owns, so nothing can be given to it or taken from it while others hold units; its debt can be repaid.",
  "VenueNotExact(uint256,uint256)": (a) =>
    `The sleeve's venue moved ${arg(a, "actual")} wei instead of ${arg(a, "expected")}; leave with units, or wait.`,
  "RedeemBelowMin(uint256,uint256)": (a) =>
    `The units bring ${arg(a, "amount")} wei, less than the wanted ${arg(a, "min")}; ask for less or wait.`,
  "UnitsNotWelcome()": () => "Units of a sleeve cannot be sent to the vault; redeem them, or send them to an account.",
  "PriceNeeded()": () =>
    "Others hold units of this sleeve and it has a debt, so nothing can be taken from it while the oracle is silent; its debt can be repaid.",
  "ReceivedTooLittle(uint256,uint256)": (a) =>
    `The sleeve's venue gives less for what is put in than it should (arguments ${Object.values(a).join(" and ")}); its price is off: wait, or give less.`,
  "RequestIdNotZero(uint256)": (a) =>
    `The venue numbers its requests (${Object.values(a).join("")}), which this sleeve cannot follow; the DAO must choose another venue.`,
  "InvalidSleeve(uint256,address,uint16)": (a) =>
    `Place ${arg(a, "index")} cannot hold ${arg(a, "sleeve")} with a cap of ${bps(a, "capBps")}: places are 0 to 3, a cap is at most all of NAV, and nobody has a cap of zero.`,
  "ERC6909InsufficientAllowance(address,uint256,uint256,uint256)": (a) =>
    `${arg(a, "spender")} may move ${arg(a, "allowance")} units of the sleeve and needs ${arg(a, "needed")}; approve at least that.`,
  "ERC6909InvalidApprover(address)": () => "Nobody (the zero address) cannot approve; use a real account.",
  "ERC6909InvalidReceiver(address)": () => "The zero address cannot receive units; use a real account.",
  "ERC6909InvalidSender(address)": () => "The zero address cannot send units; use a real account.",
  "ERC6909InvalidSpender(address)": () => "The zero address cannot be a spender; use a real account.",
  "AddressEmptyCode(address)": (a) =>
    `${arg(a, "target")} is no contract; the vault's library is missing: check the deployment.`,
  "FailedCall()": () => "A call inside the vault failed without a reason; observe again, and report it if it lasts.",
  "SafeCastOverflowedUintDowncast(uint8,uint256)": (a) =>
    `${arg(a, "value")} does not fit into ${arg(a, "bits")} bits; use smaller amounts.`,
  "NoDebt()": () => "The sleeve owes nothing of this token; nothing is to be repaid.",
  "Obstructed(uint8)": (a) =>
    `The sleeve pays nothing out now, because ${obstacleText(Number(arg(a, "why"))) ?? "its venue refuses"}; leave with units of it, or wait and redeem them later.`,
  "AssetNotOfPair(address)": (a) => `${arg(a, "asset")} is not a token of the vault's pair; use another venue.`,
  "ERC6909InsufficientBalance(address,uint256,uint256,uint256)": (a) =>
    `${arg(a, "sender")} has ${arg(a, "balance")} units of the sleeve and needs ${arg(a, "needed")}; use less.`,
  "TooManyTiers()": () =>
    "The plan and the vault's positions touch more than twelve fee tiers; leave some of them out.",
  "Paused(uint40)": (a) =>
    `The vault is paused until ${time(a, "until")}: plans and deposits wait until then or until the DAO lifts the pause; withdrawals work.`,
  "NothingToManage()": () => "The vault holds nothing; wait for the first deposit.",
  "TooManyPositions()": () =>
    "The plan would leave more than eight positions; burn one whole or mint into an existing range.",
  "LiquidityOverflow()": () =>
    "The amounts are too large for the range (liquidity above 2^128); mint a wider range or a smaller part.",
  "InvalidTick(int24)": (a) => `Tick ${arg(a, "tick")} is outside Uniswap's range; keep ticks inside +-887272.`,
  "NotKeeper(address)": (a) =>
    `${arg(a, "account")} is not a keeper of this vault; have the DAO add it (Policy.addKeeper) or use another key.`,
  "FeeAboveCap(uint8,uint8,uint8,uint8)": (a) =>
    `An entry fee of ${arg(a, "entryBps")} and an exit fee of ${arg(a, "exitBps")} bps exceed the policy's caps of ${arg(a, "maxEntryBps")} and ${arg(a, "maxExitBps")} bps; set lower fees.`,
  // Oracle
  "PokedTooSoon(uint256)": (a) =>
    `The volatility was updated less than an hour ago; poke again from ${time(a, "from")} on.`,
  "FeedStale(address,int256,uint256,uint256)": (a) =>
    `The price feed ${arg(a, "feed")} is unusable (answer ${arg(a, "answer")}, last updated ${time(a, "updatedAt")}, heartbeat ${arg(a, "heartbeat")} s); wait for its next round. Withdrawals work meanwhile.`,
  "SequencerDown(uint256)": (a) =>
    `The rollup's sequencer is down or back only since ${time(a, "upSince")}; wait until it has been up for an hour.`,
  "SpotOutsideBand(uint24,uint256,uint256,uint256)": (a) =>
    `The reference pool (${fee(a, "fee")}) stands outside the feeds' error band; wait until pool and feeds agree again.`,
  "TwapOutsideBand(uint256,uint256)": (a) =>
    `The reference pool's average price is ${distance(a, "twapX96", "midX96")} from the feeds' price, more than the policy accepts; wait until they agree again.`,
  "PriceOutOfRange(uint256)": () =>
    "The feeds' price cannot be a pool's price; check the feeds' addresses and decimals.",
  "InvalidPair()": () => "The token0 address must sort before token1; swap the two.",
  "InvalidTerms(string)": (a) => `The oracle's terms are refused (${arg(a, "reason")}); correct that field.`,
  // LPs
  "ZeroShares()": () => "The amount of shares is zero; give a positive amount.",
  "InvalidRecipient(address)": (a) =>
    `${arg(a, "to")} cannot receive shares or tokens; name an account other than nobody and the vault itself.`,
  "FirstDepositTooSmall(uint256,uint256)": (a) =>
    `The vault has no LPs: the first deposit must be at least ${shares(a, "minimum")} shares, not ${shares(a, "shares")}; deposit more.`,
  "FirstDepositUnderpaid(uint256,uint256)": (a) =>
    `The offered tokens are worth ${arg(a, "value")} quote wei, the shares cost ${arg(a, "required")}; offer more or ask for fewer shares.`,
  "DepositAboveMax(uint256,uint256,uint256,uint256)": (a) =>
    `The shares cost ${arg(a, "amount0")} and ${arg(a, "amount1")} wei, more than the offered ${arg(a, "max0")} and ${arg(a, "max1")}; preview again and allow a little more.`,
  "WithdrawBelowMin(uint256,uint256,uint256,uint256)": (a) =>
    `The shares bring ${arg(a, "amount0")} and ${arg(a, "amount1")} wei, less than the wanted ${arg(a, "min0")} and ${arg(a, "min1")}; preview again and ask for a little less.`,
  "TransferNotExact(address,uint256,uint256)": (a) =>
    `Token ${arg(a, "token")} delivered ${arg(a, "received")} wei of ${arg(a, "expected")}; tokens that take a fee on transfer cannot be used.`,
  "SharesLocked(address,uint256)": (a) =>
    `${arg(a, "locked")} share wei of ${arg(a, "account")} were minted in this block; move or withdraw them in the next one.`,
  "UnknownSleeve(uint256)": (a) =>
    `The mask ${arg(a, "unitsMask")} names a place beyond the four that a vault has; use 0 to 15.`,
  "UnexpectedCallback(address)": (a) =>
    `${arg(a, "caller")} called back without being asked; only the pool of a running plan may.`,
  "FirstDepositMaxTooLarge(uint256,uint256)": () =>
    "A first deposit takes max0 and max1 in their ratio: give amounts below 2^128, not an unlimited one.",
  "InvalidSetup(string)": (a) =>
    `The vault cannot be set up like this: ${arg(a, "reason")}; correct that and deploy again.`,
  "ERC20InsufficientBalance(address,uint256,uint256)": (a) =>
    `${arg(a, "sender")} has ${arg(a, "balance")} wei of the token and needs ${arg(a, "needed")}; get more or use less.`,
  "ERC20InsufficientAllowance(address,uint256,uint256)": (a) =>
    `${arg(a, "spender")} may spend ${arg(a, "allowance")} wei of the token and needs ${arg(a, "needed")}; approve at least that.`,
  "ERC20InvalidApprover(address)": () => "Nobody (the zero address) cannot approve; use a real account.",
  "ERC20InvalidReceiver(address)": () => "The zero address cannot receive shares; use a real account.",
  "ERC20InvalidSender(address)": () => "The zero address cannot send shares; use a real account.",
  "ERC20InvalidSpender(address)": () => "The zero address cannot be a spender; use a real account.",
  "ERC2612ExpiredSignature(uint256)": (a) => `The permit expired at ${time(a, "deadline")}; sign a new one.`,
  "ERC2612InvalidSigner(address,address)": (a) =>
    `The permit was signed by ${arg(a, "signer")}, not by ${arg(a, "owner")}; sign with the owner's key.`,
  "InvalidAccountNonce(address,uint256)": (a) =>
    `The permit's nonce is not ${arg(a, "currentNonce")}; read the nonce and sign again.`,
  "ECDSAInvalidSignature()": () => "The signature is not valid; sign again.",
  "ECDSAInvalidSignatureLength(uint256)": () => "The signature does not have 65 bytes; sign again.",
  "ECDSAInvalidSignatureS(bytes32)": () => "The signature is malleable (high s); sign with a library that gives low s.",
  "ReentrancyGuardReentrantCall()": () =>
    "The vault was called while it was at work; call it outside of token transfers and callbacks.",
  "SafeERC20FailedOperation(address)": (a) =>
    `Token ${arg(a, "token")} refused a transfer; check balances, allowances and whether its issuer froze an address.`,
  "InvalidShortString()": () => "A name in the vault's signature domain is broken; report this.",
  "StringTooLong(string)": () =>
    "The vault's name is too long for its signature domain; deploy with a name under 32 bytes.",
  // Governance
  "CapOutOfBounds(string)": (a) =>
    `The limit ${arg(a, "field")} would be outside what the code allows (a refill is at most its capacity; the bounds are in docs/governance.md); choose a value inside.`,
  "NotTighter(string)": (a) =>
    arg(a, "field") === "sleeveCapBps"
      ? "Policy.lowerSleeveCap may not raise a sleeve's cap; raise it through setSleeve, which waits for the delay."
      : `Policy.tightenCaps may not loosen ${arg(a, "field")}; loosen through setCaps, which waits for the delay.`,
  "NoSuchPool(uint24)": (a) => `The factory has no pool of this pair with fee ${arg(a, "fee")}; create it first.`,
  "PoolNotFromFactory(uint24,address,address)": (a) =>
    `The ${fee(a, "fee")} pool is at ${arg(a, "actual")}, not at the factory's address ${arg(a, "expected")}; use Uniswap's own factory.`,
  "CardinalityTooLow(uint24,uint16,uint16)": (a) =>
    `The ${fee(a, "fee")} pool keeps ${arg(a, "cardinality")} observations and needs ${arg(a, "required")}; call increaseObservationCardinalityNext and wait until they are used.`,
  "PoolAlreadyAllowed(uint24)": (a) => `The ${fee(a, "fee")} tier is allowed already; nothing is to be done.`,
  "TooManyPools()": () => "Four fee tiers are allowed already; remove one first.",
  "UnsafeSafe(uint256,bool)": (a) =>
    `The DAO's Safe has a threshold of ${arg(a, "threshold")}${a["hasModule"] === "true" ? " and a module" : ""}, so it may give no room; raise the threshold to two or more and disable all modules.`,
  "PauseTooSoon(uint256)": (a) =>
    `The guardian's next pause is possible from ${time(a, "from")} on; a longer one is the DAO's to decide (Policy.renewPause).`,
  "InvalidTreasury()": () =>
    "The treasury cannot be the zero address; name the account that is to get its part of the fees.",
  "InvalidKeeper(address)": (a) =>
    `${arg(a, "account")} is nobody, is a keeper already, or is none to remove; check the address.`,
  "AccessManagedUnauthorized(address)": (a) =>
    `${arg(a, "caller")} may not do this; only the DAO's Safe may, through the AccessManager.`,
  "AccessManagedRequiredDelay(address,uint32)": (a) =>
    `${arg(a, "caller")} must schedule this and wait ${arg(a, "delay")} seconds; use AccessManager.schedule first.`,
  "AccessManagedInvalidAuthority(address)": (a) => `${arg(a, "authority")} is no AccessManager; check the address.`,
};

/** OpenZeppelin's errors of venues that are built on it, which pass through our sleeves; by the form that decodes them. */
const VENUES: Readonly<Record<string, Sentence>> = {
  "error ERC4626ExceededMaxRedeem(address owner, uint256 shares, uint256 max)": (a) =>
    `The venue pays out at most ${arg(a, "max")} of its shares now, not ${arg(a, "shares")}; redeem less, or wait until it has more.`,
  "error ERC4626ExceededMaxWithdraw(address owner, uint256 assets, uint256 max)": (a) =>
    `The venue pays out at most ${arg(a, "max")} wei now, not ${arg(a, "assets")}; take less, or wait until it has more.`,
  "error ERC4626ExceededMaxDeposit(address receiver, uint256 assets, uint256 max)": (a) =>
    `The venue takes at most ${arg(a, "max")} wei now, not ${arg(a, "assets")}; give less, or wait.`,
  "error ERC4626ExceededMaxMint(address receiver, uint256 shares, uint256 max)": (a) =>
    `The venue gives out at most ${arg(a, "max")} of its shares now, not ${arg(a, "shares")}; give less, or wait.`,
  "error EnforcedPause()": () => "The venue is paused by those who run it; wait until they let it go on.",
};

/** Uniswap v3's reasons: NoDelegateCall, pool, libraries and TransferHelper. */
const UNISWAP: Readonly<Record<string, string>> = {
  AS: "The amount of the swap is zero; leave the swap out or swap more.",
  SPL: "The pool's price is at or past the swap's price limit; wait until it is back, or set a wider limit.",
  LOK: "The pool is at work or not initialised; try again in another transaction.",
  IIA: "The pool was paid too little for the swap; a token that takes a fee on transfer cannot be used.",
  M0: "The pool was paid too little token0 for the mint; a token that takes a fee on transfer cannot be used.",
  M1: "The pool was paid too little token1 for the mint; a token that takes a fee on transfer cannot be used.",
  TLU: "The range's lower tick is not below its upper tick; swap them.",
  TLM: "The range's lower tick is below Uniswap's least tick; raise it.",
  TUM: "The range's upper tick is above Uniswap's greatest tick; lower it.",
  T: "A tick is outside Uniswap's range; keep ticks inside +-887272.",
  R: "A price is outside Uniswap's range; check the price limit.",
  LO: "A tick would hold more liquidity than the pool allows; mint less or elsewhere.",
  LA: "Liquidity overflows; mint less.",
  LS: "More liquidity is burned than the position has; observe again.",
  NP: "The pool's position has no liquidity to update; observe again.",
  L: "The pool has no liquidity in range to lend from; use another pool.",
  I: "The pool's oracle is not initialised; initialise the pool first.",
  OLD: "The pool's observations do not reach back over the TWAP window; raise its cardinality and wait.",
  AI: "The pool is initialised already; nothing is to be done.",
  TF: "A token refused the pool's transfer; check whether its issuer froze an address.",
};

/** Solidity's panics that compiled code can meet. */
const PANICS: Readonly<Record<string, string>> = {
  "1": "an assertion failed",
  "17": "an arithmetic overflow or underflow",
  "18": "a division by zero",
  "33": "a value that is no member of its enumeration",
  "50": "an index out of bounds",
};

let errors: Interface | null = null;

function allErrors(): Interface {
  if (errors !== null) return errors;
  const fragments = new Map<string, string>();
  for (const name of CONTRACTS) {
    contractInterface(name).forEachError((error) => {
      fragments.set(error.selector, error.format("full"));
    });
  }
  // Of libraries that the contracts inline, whose errors their ABIs do not list.
  fragments.set("InvalidTick", "error InvalidTick(int24 tick)");
  for (const form of Object.keys(VENUES)) fragments.set(form, form);
  errors = new Interface([...fragments.values()]);
  return errors;
}

function decodeReason(data: string, interfaces: Interface): Refusal {
  let reason: string;
  try {
    reason = String(interfaces.decodeErrorResult("Error(string)", data)[0]);
  } catch {
    return unknown(data);
  }
  const known = UNISWAP[reason];
  const message =
    known === undefined
      ? `The contract refused: ${reason === "" ? "no reason given" : reason}.`
      : `${known} (Uniswap: ${reason})`;
  return { name: "Error", args: { reason }, message, data };
}

function decodePanic(data: string, interfaces: Interface): Refusal {
  let code: string;
  try {
    code = String(interfaces.decodeErrorResult("Panic(uint256)", data)[0]);
  } catch {
    return unknown(data);
  }
  const what = PANICS[code] ?? `panic ${code}`;
  return {
    name: "Panic",
    args: { code },
    message: `The contract stopped at ${what}; report this with the plan.`,
    data,
  };
}

function unknown(data: string): Refusal {
  const message =
    data === "0x"
      ? "The call was refused without a reason; check the addresses, and that the chain runs these contracts."
      : `The call was refused with data that none of the contracts' errors explains (${data.slice(0, 74)}); check the addresses.`;
  return { name: "Unknown", args: {}, message, data };
}

function arg(args: Readonly<Record<string, string>>, name: string): string {
  return args[name] ?? "?";
}

/** Whole shares of an amount in share wei; to six places, more are nobody's to type. */
function shares(args: Readonly<Record<string, string>>, name: string): string {
  return (Number(arg(args, name)) / 1e18).toLocaleString("en", { maximumFractionDigits: 6 });
}

/** Levels are in 1e-12 of NAV. */
function budgetSpent(args: Readonly<Record<string, string>>, name: string, less: string): string {
  const inBps = (key: string): string => `${(Number(arg(args, key)) / 1e8).toFixed(2)} bps`;
  return `The plan would bring the ${name} budget to ${inBps("level")} of NAV, it holds ${inBps("capacity")}; ${less}, or wait until enough has come back.`;
}

function percent18(args: Readonly<Record<string, string>>, name: string): string {
  return `${(Number(arg(args, name)) / 1e16).toFixed(3)} %`;
}

function bps(args: Readonly<Record<string, string>>, name: string): string {
  return `${(Number(arg(args, name)) / 100).toFixed(2)} %`;
}

function fee(args: Readonly<Record<string, string>>, name: string): string {
  return `${Number(arg(args, name)) / 10_000} %`;
}

function distance(args: Readonly<Record<string, string>>, from: string, to: string): string {
  return `${(Math.abs(Number(arg(args, from)) / Number(arg(args, to)) - 1) * 100).toFixed(2)} %`;
}

function time(args: Readonly<Record<string, string>>, name: string): string {
  const seconds = Number(arg(args, name));
  // Beyond a date's range the number says more.
  return seconds < 8.64e12 ? new Date(seconds * 1000).toISOString().replace(".000Z", "Z") : String(seconds);
}

function list(args: Readonly<Record<string, string>>): string {
  return Object.entries(args)
    .map(([name, text]) => `${name} ${text}`)
    .join(", ");
}

function isHex(value: unknown): value is string {
  return typeof value === "string" && /^0x([0-9a-f]{2})*$/i.test(value);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
