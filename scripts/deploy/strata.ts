import { Contract, Interface, ZeroAddress, type Signer } from "ethers";

import { deploy, loadArtifact } from "./artifacts.ts";
import { placeSleeves, type SleeveAddresses, type SleeveConfig } from "./sleeves.ts";

/** Sets of limits as in contracts/Policy.sol and contracts/interfaces/Types.sol. */
export interface Caps {
  readonly coreWeightCapBps: number;
  /** Ticks. */
  readonly minHalfWidth: number;
  /** Ticks. */
  readonly maxHalfWidth: number;
  readonly maxPlanLossBps: number;
  /** Budgets: what they hold, and what comes back a day. */
  readonly lossCapBps: number;
  readonly lossRefillBps: number;
  readonly turnoverCapBps: number;
  readonly turnoverRefillBps: number;
  readonly churnCapBps: number;
  readonly churnRefillBps: number;
  /** Least annual volatility that the arbitrage limit assumes; 10,000 = 100 %. */
  readonly volFloorBps: number;
  /** What ranges may lose to arbitrage a day. */
  readonly lvrLimitBps: number;
  readonly treasuryShareBps: number;
  readonly maxEntryFeeBps: number;
  readonly maxExitFeeBps: number;
  /** What deleveraging and a guardian's unwinding may cost, and what comes back a day. */
  readonly deleverageCapBps: number;
  readonly deleverageRefillBps: number;
}

export interface OracleTerms {
  readonly referenceFee: number;
  /** Seconds. */
  readonly twapWindow: number;
  readonly twapBandBps: number;
  /** Seconds. */
  readonly baseHeartbeat: number;
  /** Seconds. */
  readonly quoteHeartbeat: number;
  readonly baseDeviationBps: number;
  readonly quoteDeviationBps: number;
}

/** What one vault is made of; everything else is found or computed. */
export interface StrataConfig {
  /** Uniswap v3 factory. */
  readonly factory: string;
  readonly base: string;
  readonly quote: string;
  readonly baseFeed: string;
  readonly quoteFeed: string;
  /** Rollups only. */
  readonly sequencerFeed?: string;
  /** The DAO's Safe. */
  readonly safe: string;
  /** An account that may take room away and cancel, beside the Safe; the Safe can remove it. */
  readonly guardian?: string;
  /** Where the treasury's part of swap fees goes. */
  readonly treasury: string;
  /** Seconds that a governor's decision waits; at least {@link MIN_GOVERNANCE_DELAY}. */
  readonly governanceDelay: number;
  /** Tests only: a shorter delay. */
  readonly allowShortDelay?: boolean;
  /** Fee tiers that plans may use. */
  readonly fees: readonly number[];
  /** Observations that an admitted pool must be able to keep. */
  readonly minCardinality: number;
  readonly caps: Caps;
  readonly oracleTerms: OracleTerms;
  readonly keepers: readonly string[];
  /** Least first deposit, shares in wei (1e18 = one quote unit). */
  readonly minFirstShares: bigint;
  /** Entry and exit fee to begin with, basis points; default 0. A keeper moves them inside the caps. */
  readonly entryFeeBps?: number;
  readonly exitFeeBps?: number;
  /** Sleeves to begin with; later ones need a vote. */
  readonly sleeves?: readonly SleeveConfig[];
  readonly name: string;
  readonly symbol: string;
}

export interface StrataAddresses {
  readonly accessManager: string;
  readonly policy: string;
  readonly oracle: string;
  readonly planLib: string;
  readonly moveLib: string;
  readonly sleeveLib: string;
  readonly vault: string;
  readonly lens: string;
  /** By place, those that there are. */
  readonly sleeves: SleeveAddresses;
}

/** Roles in the AccessManager (docs/governance.md). 0 is OpenZeppelin's ADMIN, which nobody holds in the end. */
export const ROLES = { ADMIN: 0n, GOVERNOR: 1n, GUARDIAN: 2n } as const;

/** Seconds. LPs must be able to leave between a decision and its effect. */
export const MIN_GOVERNANCE_DELAY = 86_400;

/** Functions that give a keeper more room: governor only, after the delay. */
export const GOVERNOR_FUNCTIONS = {
  policy: ["setCaps", "addPool", "setSleeve", "addKeeper", "setTreasury", "renewPause", "unpause"],
  oracle: ["setTerms"],
} as const;

/** Functions that only take room away: at once. */
export const GUARDIAN_FUNCTIONS = {
  policy: ["tightenCaps", "removePool", "lowerSleeveCap", "removeKeeper", "pause"],
} as const;

/** Defaults for ETH/USD on mainnet's feeds; docs/governance.md gives the reasons. */
export const DEFAULT_CAPS: Caps = {
  coreWeightCapBps: 6_500,
  minHalfWidth: 400,
  maxHalfWidth: 20_000,
  maxPlanLossBps: 25,
  lossCapBps: 50,
  lossRefillBps: 10,
  turnoverCapBps: 1_800,
  turnoverRefillBps: 600,
  churnCapBps: 200,
  churnRefillBps: 50,
  volFloorBps: 4_000,
  lvrLimitBps: 40,
  treasuryShareBps: 0,
  maxEntryFeeBps: 30,
  maxExitFeeBps: 30,
  deleverageCapBps: 100,
  deleverageRefillBps: 20,
};

export const DEFAULT_ORACLE_TERMS: OracleTerms = {
  referenceFee: 3_000,
  twapWindow: 1_800,
  twapBandBps: 500,
  // A feed's heartbeat plus the minutes that its transmission may take.
  baseHeartbeat: 3_600 + 600,
  quoteHeartbeat: 86_400 + 600,
  baseDeviationBps: 50,
  quoteDeviationBps: 25,
};

/**
 * Deploys one vault with its policy, oracle and lens, hands all power to the Safe and gives up its own.
 *
 * @param deployer pays, and is administrator only until the end of this function
 * @throws if any step fails; what stands on chain then is unused and powerless over any vault
 */
export async function deployStrata(deployer: Signer, config: StrataConfig): Promise<StrataAddresses> {
  if (config.governanceDelay < MIN_GOVERNANCE_DELAY && config.allowShortDelay !== true) {
    throw new RangeError(
      `A governance delay of ${config.governanceDelay} s gives LPs no time to leave; use at least ${MIN_GOVERNANCE_DELAY} s.`,
    );
  }
  const me = await deployer.getAddress();
  const accessManager = await deploy(deployer, await loadAccessManager(), [me]);

  const quoteIsToken0 = BigInt(config.quote) < BigInt(config.base);
  const [token0, token1] = quoteIsToken0 ? [config.quote, config.base] : [config.base, config.quote];

  const oracle = await deploy(deployer, await loadArtifact("PriceOracle"), [
    {
      authority: accessManager,
      factory: config.factory,
      token0,
      token1,
      quoteIsToken0,
      safe: config.safe,
      baseFeed: config.baseFeed,
      quoteFeed: config.quoteFeed,
      sequencerFeed: config.sequencerFeed ?? ZeroAddress,
      minCardinality: config.minCardinality,
      terms: config.oracleTerms,
    },
  ]);
  const policyArtifact = await loadArtifact("Policy");
  const policy = await deploy(deployer, policyArtifact, [
    {
      authority: accessManager,
      factory: config.factory,
      token0,
      token1,
      safe: config.safe,
      treasury: config.treasury,
      minCardinality: config.minCardinality,
      caps: config.caps,
      fees: config.fees,
    },
  ]);
  const moveLib = await deploy(deployer, await loadArtifact("MoveLib"), []);
  const planLib = await deploy(deployer, await loadArtifact("PlanLib"), [], { MoveLib: moveLib });
  const sleeveLib = await deploy(deployer, await loadArtifact("SleeveLib"), []);
  const vault = await deploy(
    deployer,
    await loadArtifact("Vault"),
    [
      {
        factory: config.factory,
        token0,
        token1,
        quoteIsToken0,
        policy,
        oracle,
        minFirstShares: config.minFirstShares,
        entryFeeBps: config.entryFeeBps ?? 0,
        exitFeeBps: config.exitFeeBps ?? 0,
        name: config.name,
        symbol: config.symbol,
      },
    ],
    { PlanLib: planLib, SleeveLib: sleeveLib },
  );
  const lens = await deploy(deployer, await loadArtifact("Lens"), []);

  // While no role is set, the administrator may call: the only moment at which keepers and sleeves are added without a delay.
  const policyContract = new Contract(policy, policyArtifact.abi, deployer);
  for (const keeper of config.keepers) await send(policyContract, "addKeeper", [keeper]);
  const sleeves = await placeSleeves(deployer, { policy, vault }, config.sleeves ?? []);
  await handOver(deployer, { accessManager, policy, oracle }, config);

  return { accessManager, policy, oracle, planLib, moveLib, sleeveLib, vault, lens, sleeves };
}

/** Gives every power to the Safe, most of it behind the delay, and renounces the administrator's. */
async function handOver(
  deployer: Signer,
  at: Pick<StrataAddresses, "accessManager" | "policy" | "oracle">,
  config: StrataConfig,
): Promise<void> {
  const manager = new Contract(at.accessManager, (await loadAccessManager()).abi, deployer);
  const policy = new Interface((await loadArtifact("Policy")).abi);
  const oracle = new Interface((await loadArtifact("PriceOracle")).abi);

  await send(manager, "labelRole", [ROLES.GOVERNOR, "GOVERNOR"]);
  await send(manager, "labelRole", [ROLES.GUARDIAN, "GUARDIAN"]);
  await send(manager, "setTargetFunctionRole", [
    at.policy,
    GOVERNOR_FUNCTIONS.policy.map((name) => selector(policy, name)),
    ROLES.GOVERNOR,
  ]);
  await send(manager, "setTargetFunctionRole", [
    at.oracle,
    GOVERNOR_FUNCTIONS.oracle.map((name) => selector(oracle, name)),
    ROLES.GOVERNOR,
  ]);
  await send(manager, "setTargetFunctionRole", [
    at.policy,
    GUARDIAN_FUNCTIONS.policy.map((name) => selector(policy, name)),
    ROLES.GUARDIAN,
  ]);
  await send(manager, "grantRole", [ROLES.GUARDIAN, config.safe, 0]);
  if (config.guardian !== undefined) await send(manager, "grantRole", [ROLES.GUARDIAN, config.guardian, 0]);
  await send(manager, "grantRole", [ROLES.GOVERNOR, config.safe, config.governanceDelay]);
  // AccessManager finds who may cancel a call by the role of its function, and its own functions have the administrator's:
  // with this, a scheduled grantRole can be cancelled by the guardian too. Not so revokeRole, or it could veto its own removal.
  await send(manager, "setTargetFunctionRole", [
    at.accessManager,
    [selector(manager.interface, "grantRole")],
    ROLES.GOVERNOR,
  ]);
  // The guardian may cancel what the governor has scheduled, and the governor decides who is guardian.
  await send(manager, "setRoleGuardian", [ROLES.GOVERNOR, ROLES.GUARDIAN]);
  await send(manager, "setRoleAdmin", [ROLES.GUARDIAN, ROLES.GOVERNOR]);
  // GOVERNOR's own admin stays ADMIN, which nobody holds from the next line on: nobody can ever be given GOVERNOR with a
  // shorter delay. A Safe changes its own owners.
  await send(manager, "renounceRole", [ROLES.ADMIN, await deployer.getAddress()]);
}

/** OpenZeppelin's AccessManager as its package compiled it. */
export async function loadAccessManager(): ReturnType<typeof loadArtifact> {
  const { default: artifact } = (await import("@openzeppelin/contracts/build/contracts/AccessManager.json", {
    with: { type: "json" },
  })) as { default: Awaited<ReturnType<typeof loadArtifact>> };
  return artifact;
}

function selector(abi: Interface, name: string): string {
  const fragment = abi.getFunction(name);
  if (fragment === null) throw new Error(`the contract has no function ${name}`);
  return fragment.selector;
}

async function send(contract: Contract, method: string, args: readonly unknown[]): Promise<void> {
  const response = await contract.getFunction(method).send(...args);
  await response.wait();
}
