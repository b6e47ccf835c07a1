/**
 * What must hold in every reachable state of the vault, whoever acts. Written before the tests: a test names the invariants
 * that it proves, and the stateful fuzz checks all those that a state or a step can show. Source: the vault's own prose
 * (contracts/Vault.sol, contracts/PlanLib.sol) and docs/threat-model.md.
 */
export const INVARIANT = {
  CONSERVATION: "in kind: every token that left the pools, the vault and its users is with another of them",
  ONLY_TO_PAYEES:
    "no token leaves the vault but to a leaver's recipient, the treasury or the payer side of a pool's callback",

  WITHDRAW_COMPONENT:
    "withdraw: after * supply_before >= before * supply_after for each liquidity, idle amount and owed fee",
  WITHDRAW_PRO_RATA: "withdraw: nobody gets more of a component than its part, rounded down",
  WITHDRAW_SPLIT: "withdraw: n small exits bring no more of a token than one large exit",
  WITHDRAW_OPEN: "withdraw: works with dead feeds, paused, without keeper and governance, within 2.5 M gas",
  WITHDRAW_PREVIEW: "withdraw: pays what the lens previews, to the wei",
  WITHDRAW_SLEEVES:
    "withdraw: a part of every sleeve leaves with the leaver, its debt paid by him, in tokens or in units, whatever its venue does",
  WITHDRAW_MASK: "withdraw: the mask that the lens names works, and no bit of it can be spared",
  UNITS_BACKED: "units: stand for what they stood for when their holder left, and are redeemed for it",

  DEPOSIT_ROUNDS_UP: "deposit: asks for ceil(shares * (total + 1) / supply) of each token",
  DEPOSIT_VALUE: "deposit: the value of a share falls at no price",
  DEPOSIT_IDLE: "deposit: touches no position",
  DEPOSIT_PREVIEW: "deposit: takes what the vault previews, to the wei",
  FIRST_DEPOSIT:
    "first deposit: a share costs one quote unit at the oracle's price, whenever only locked shares are left",

  ONE_BLOCK: "one block: shares minted in a block neither move nor leave in it; older shares do both",
  NO_GRIEF: "one block: nobody can lock another one's older shares",

  PLAN_CHARGE: "plan: loses at most its charge at any price inside the oracle's band",
  PLAN_LIMIT: "plan: is charged no more than the policy's limit",
  PLAN_RANGES: "plan: every minted range has an allowed tier and width",
  PLAN_WEIGHT: "plan: the core's weight is inside the cap or not above what it was",
  PLAN_ONCE: "plan: a nonce is used once, by a keeper, before the deadline",
  PLAN_LIST: "plan: the vault's list names every range in which it stands, none of them empty",
  PLAN_FAILS_CLOSED: "plan: stale, apart, reverting or paused: no plan runs, and nothing else changes",
  PLAN_CLEAN: "plan: leaves no allowance, no expected pool and no guard behind",
  BUDGET_LOSS: "budget: over any stretch T plans lose at most capacity + rate * T of NAV at any price inside the band",
  BUDGET_TURNOVER: "budget: over any stretch T plans swap and move between pools at most capacity + rate * T of NAV",
  BUDGET_CHURN:
    "budget: what ranges lose against holding is charged at the next plan; while it is full only burns, swaps and widest mints",
  BUDGET_LEVEL:
    "budget: a level is what was charged, rounded up, less what drained, rounded down; a gain refills nothing",
  BUDGET_BURN: "budget: a plan that only takes out is refused by none",
  ARBITRAGE:
    "plan: what ranges lose to arbitrage at the greater of governed and measured volatility is inside the limit or not above what it was",

  PLAN_MOVES: "moves: are the named fraction to the wei, in the plan's order, and leave no allowance",
  PLAN_SLEEVES:
    "moves: only what the policy names is given or borrows, inside its cap; taking out and repaying are always allowed",
  PLAN_SLEEVE_CHARGE:
    "plan: sleeves are charged at low marks, with a wei of each token for roundings, and hide no loss by what they gain",

  CLOSED_FORM:
    "conversion: core and a conversion of its delta are neutral at opening; alone it is a short forward, up to its financing",

  TREASURY_ONLY: "treasury: gets its share of collected swap fees, rounded down, and nothing else",
  TREASURY_CRYSTALLISED: "treasury: a new share is taken of no fee that was earned before it was adopted",
  LP_FEES_CAPPED:
    "entry and exit fees: set inside the governed caps and 50 bps, brought down by anybody after a cap fell; a rise waits 24 h, a fall does not",
  LP_FEES_TO_STAYERS:
    "entry and exit fees: go to those who stay, evenly over seven days, and nobody recaptures his own at once",
  LP_FEES_LAST: "exit fee: nobody pays on more shares than stay, and the last LP pays none",

  CALLBACK: "callback: only the pool that a running plan calls is paid",
  REENTRANCY: "reentrancy: while the vault moves tokens its functions and prices refuse to answer",

  SUPPLY: "shares: the balances add up to the supply, and the locked shares stay with the vault",
  FEES_BY_VIEW: "fees: read by view equal what a poke makes the pool count, to the wei",
  ORACLE_TWAP: "oracle: the mean tick is that of pool.observe, rounded to negative infinity, whatever the hint",
  ORACLE_REFUSES: "oracle: a stale, non-positive, future or disagreeing source stops plans and first deposits",
  POLICY_DIRECTION: "policy: what acts at once only takes room away; what gives room waits for the delay",
  POLICY_SAFE: "policy: what gives room reads the Safe again and needs two signatures and no module",
  POLICY_CAPS: "policy: no vote lifts a limit above the code's",
  PAUSE_ENDS: "pause: ends after seven days, is not the guardian's to repeat at once, and never stops an exit",
  VOLATILITY:
    "oracle: the measured volatility is the decayed mean of squared returns, whenever and by whomever it is poked",
  NO_ADMIN: "roles: nobody holds ADMIN_ROLE and the deployer has no power",
  NO_PROFIT: "attack: a stranger's closed loop brings him at most one wei per operation",
} as const;

export type Invariant = (typeof INVARIANT)[keyof typeof INVARIANT];

/** A test's title that cites, by name, what it proves. */
export function cites(title: string, ...invariants: readonly Invariant[]): string {
  const names = Object.entries(INVARIANT)
    .filter(([, text]) => invariants.includes(text))
    .map(([name]) => name);
  return `${title} [${names.join(", ")}]`;
}
