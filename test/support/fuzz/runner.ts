/**
 * A seeded run of random commands on one vault: LPs, traders, donors, time, honest and hostile keepers, guardian and governor.
 * After every command the invariants that a state or a step can show are checked against a shadow of the vault; a command that
 * is refused must leave everything as it was. Equal seeds give equal runs.
 */
import { expect } from "chai";
import { Interface } from "ethers";
import type { NetworkConnection } from "hardhat/types/network";

import { DEFAULT_ORACLE_TERMS } from "../../../scripts/deploy/strata.ts";
import { INVARIANT } from "../../contracts/invariants.ts";
import { Random } from "../arithmetic.ts";
import { DECIMALS, deployWorld, ORDERS } from "../world.ts";
import { FuzzChain } from "./chain.ts";
import { governor, guardian, randomCaps } from "./commands/dao.ts";
import { doom } from "./commands/doom.ts";
import { clampFees, setFees } from "./commands/fees.ts";
import { deposit, exodus, flash, transfer, withdraw } from "./commands/lps.ts";
import { burst, honestPlan, hostilePlan, sandwich } from "./commands/plans.ts";
import {
  claim,
  donate,
  donateToRange,
  moveFeed,
  moveMarket,
  passTime,
  poke,
  report,
  sync,
  trade,
} from "./commands/strangers.ts";
import { moves, hostileMoves } from "./commands/moves.ts";
import { adopt, deleverage, lowerCap, unwind, voteSleeve } from "./commands/places.ts";
import { collect, passUnits, redeem } from "./commands/units.ts";
import { crash, venueEvent } from "./commands/venues.ts";
import { Fuzz, type Ended } from "./fuzz.ts";
import { Observer } from "./look.ts";
import { Model } from "./model.ts";
import { checkSleeves } from "./sleeves/checks.ts";
import { expectMaskWorks } from "./sleeves/leaving.ts";
import { openSleeves, type SleeveSide } from "./sleeves/open.ts";
import { checkList, checkState } from "./stateChecks.ts";
import { Tally } from "./tally.ts";

type Command = (fuzz: Fuzz) => Promise<Ended>;

const COMMANDS: readonly (readonly [weight: number, name: string, run: Command])[] = [
  [13, "deposit", deposit],
  [12, "withdraw", withdraw],
  [4, "transfer", transfer],
  [3, "flash", flash],
  [11, "trade", trade],
  [10, "market", moveMarket],
  [4, "feed", moveFeed],
  [15, "plan", honestPlan],
  [10, "hostile", hostilePlan],
  [3, "burst", burst],
  [5, "sandwich", sandwich],
  [4, "fees", setFees],
  [1, "clamp", clampFees],
  [2, "donate", donate],
  [3, "donate to range", donateToRange],
  [4, "time", passTime],
  [4, "poke", poke],
  [2, "claim", claim],
  [3, "sync", sync],
  [4, "guardian", guardian],
  [5, "governor", governor],
  [0.8, "doom", doom],
  [0.4, "exodus", exodus],
];
/** Besides, in worlds with sleeves. */
const SLEEVE_COMMANDS: readonly (readonly [weight: number, name: string, run: Command])[] = [
  [20, "moves", moves],
  [9, "hostile moves", hostileMoves],
  [16, "venue", venueEvent],
  [5, "crash", crash],
  [9, "redeem", redeem],
  [3, "collect", collect],
  [3, "units", passUnits],
  [5, "deleverage", deleverage],
  [3, "unwind", unwind],
  [5, "vote on a sleeve", voteSleeve],
  [2, "sleeve cap", lowerCap],
  [6, "adopt", adopt],
];
/** Commands in which the vault itself moves sleeves. */
const MOVES_SLEEVES: ReadonlySet<string> = new Set([
  "plan",
  "hostile",
  "burst",
  "sandwich",
  "moves",
  "hostile moves",
  "deleverage",
  "unwind",
  "adopt",
]);
/** Nothing much can happen to an empty vault. */
const FIRST: readonly [name: string, run: Command] = ["deposit", deposit];
/** How often the way out is tried on a copy after a command. */
const TRY_EXIT = 0.2;
/** Of the libraries that move sleeves, which no ABI of the world has, and of the loans' oracle. */
const SLEEVE_ERRORS = new Interface([
  "error DepositsClosed(bool token1)",
  "error SleeveUnsound(uint256 index)",
  "error NoSleeve(uint256 index)",
  "error SleeveNotEmpty(uint256 index)",
  "error SleeveNotAdoptable(uint256 index, address sleeve)",
  "error NothingToDeleverage(uint256 index)",
  "error NothingToRepayWith(uint256 index)",
  "error NotGuardian(address caller)",
  "error FractionAboveOne(uint64 fraction)",
  "error SleeveNotAllowed(uint256 index)",
  "error MovesOutOfOrder()",
  "error SlippageOnMove(uint256 index, uint256 amount, uint256 min)",
  "error NothingToBorrowAgainst(uint256 index)",
  "error SleeveAboveCap(uint256 index, uint256 weightBps, uint256 capBps)",
  "error NegativeAnswer(address feed, int256 answer)",
]);
/** What lasts once it is broken is looked at every so many commands: lost tokens, forgotten ranges. */
const NOW_AND_THEN = 8;

export const COMMAND_NAMES: readonly string[] = COMMANDS.map(([, name]) => name);
export const SLEEVE_COMMAND_NAMES: readonly string[] = SLEEVE_COMMANDS.map(([, name]) => name);

/** A run that broke an invariant: the seed and the number of commands are enough to see it again. */
export class FuzzFailure extends Error {
  constructor(seed: number, log: readonly string[], cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const again = `FUZZ_SEED=${seed} FUZZ_CALLS=${log.length} FUZZ_PER_WORLD=${log.length}`;
    super(`${again} breaks at command ${log.length}: ${reason}\n  ${log.slice(-30).join("\n  ")}`, { cause });
    this.name = "FuzzFailure";
  }
}

/** Each seed has its order of tokens and its decimals; eight seeds in a row have them all. Every third world has sleeves. */
export function kindOf(seed: number): {
  readonly name: string;
  readonly options: (typeof DECIMALS)[number] & { readonly quoteIsToken0: boolean };
  readonly sleeves: boolean;
} {
  const order = ORDERS[seed % ORDERS.length] ?? ORDERS[0];
  const decimals = DECIMALS[Math.floor(seed / ORDERS.length) % DECIMALS.length] ?? DECIMALS[0];
  return {
    name: `${order.name}, ${decimals.baseDecimals}/${decimals.quoteDecimals} decimals`,
    options: { ...decimals, quoteIsToken0: order.quoteIsToken0 },
    sleeves: seed % SLEEVES_EVERY === 2,
  };
}

export const KINDS = ORDERS.length * DECIMALS.length;
/** Has no divisor in common with the kinds, so that 24 seeds in a row have every kind with sleeves, too. */
export const SLEEVES_EVERY = 3;

/** A fault that a test puts in the place of a command, to see that it is seen. */
export interface Planted {
  /** So many commands come before it. */
  readonly after: number;
  readonly act: Command;
}

/**
 * One world, so many commands.
 *
 * @throws FuzzFailure at the first broken invariant
 */
export async function runWorld(
  connection: NetworkConnection,
  seed: number,
  calls: number,
  planted?: Planted,
): Promise<Tally> {
  const fuzz = await begin(connection, seed);
  const commands = fuzz.sleeves === null ? COMMANDS : [...COMMANDS, ...SLEEVE_COMMANDS];
  const tokens = await fuzz.tokenSums();
  const tally = new Tally();
  const log: string[] = [];
  try {
    for (let call = 0; call < calls; call++) {
      const chosen = call === 0 ? FIRST : choose(fuzz.random, commands);
      const [name, run] = call === planted?.after ? (["fault", planted.act] as const) : chosen;
      log.push(name);
      const before = fuzz.look;
      const ended = await run(fuzz);
      log[log.length - 1] = `${name}: ${ended.text}`;
      tally.note(name, ended);
      await fuzz.refresh();
      checkState(fuzz);
      checkSleeves(fuzz, before, MOVES_SLEEVES.has(name));
      if (fuzz.sleeves !== null && fuzz.random.chance(TRY_EXIT)) {
        await expectMaskWorks(fuzz, fuzz.random.pick(fuzz.lps).address);
      }
      if (fuzz.look.nonce !== before.nonce || call % NOW_AND_THEN === 0) await checkList(fuzz);
      if (call % NOW_AND_THEN === 0) {
        // Venues mint what they earn: there everything that exists has to be with somebody.
        const all = fuzz.sleeves === null ? tokens : await fuzz.supplies();
        expect(await fuzz.tokenSums(), INVARIANT.CONSERVATION).to.deep.equal(all);
      }
    }
    log.push("the end: everybody leaves on the worst day");
    await doom(fuzz);
    log.pop();
  } catch (error) {
    throw new FuzzFailure(seed, log, error);
  }
  tally.peak("loss", fuzz.model.loss.fullest);
  tally.peak("turnover", fuzz.model.turnover.fullest);
  return tally;
}

function choose(random: Random, commands: typeof COMMANDS): readonly [name: string, run: Command] {
  let at = random.next() * commands.reduce((sum, [weight]) => sum + weight, 0);
  for (const [weight, name, run] of commands) if ((at -= weight) < 0) return [name, run];
  return FIRST;
}

/** A world of the seed's kind, in which nothing has happened yet. */
export async function begin(connection: NetworkConnection, seed: number): Promise<Fuzz> {
  const kind = kindOf(seed);
  const caps = { ...randomCaps(new Random(seed ^ 0x5eed)) };
  const terms = { ...DEFAULT_ORACLE_TERMS, baseHeartbeat: 21_600, quoteHeartbeat: 172_800 };
  const world = await deployWorld(connection, {
    ...kind.options,
    // Shallow, so that the vault's own trades and ranges matter in them; the last one waits for the governor.
    fees: [500, 3_000, 10_000],
    otherFees: [100],
    depths: { 100: 50_000, 500: 300_000, 3_000: 3_000_000, 10_000: 100_000 },
    governanceDelay: 3_600,
    caps,
    terms,
  });
  const sleeves = kind.sleeves ? await openSleeves(world, new Random(seed ^ 0x51ee)) : null;
  const chain = await FuzzChain.on(world);
  if (sleeves !== null) learnSleeves(chain, sleeves);
  const keepers = [world.who.keeper.address, world.who.stranger.address];
  const observer = await Observer.of(chain, world, keepers, sleeves);
  const fuzz = new Fuzz({
    world,
    chain,
    observer,
    model: new Model(world, caps, terms),
    tokens: [await world.token0.getAddress(), await world.token1.getAddress()],
    market: await world.market.getAddress(),
    feeds: { base: await world.baseFeed.getAddress(), quote: await world.quoteFeed.getAddress() },
    seed,
    look: await observer.look(),
    sleeves,
  });
  await chain.pass(7_200);
  await report(fuzz, fuzz.price);
  await fuzz.refresh();
  return fuzz;
}

/** Errors that come up from sleeves and their venues. */
function learnSleeves(chain: FuzzChain, { venues }: SleeveSide): void {
  const { lending, reserve, fund, fundSleeve } = venues;
  for (const { interface: abi } of [lending.morpho, lending.rateModel, reserve, fund, fundSleeve]) chain.learn(abi);
  chain.learn(SLEEVE_ERRORS);
}
