/**
 * A seeded run of random commands on one vault: LPs, traders, donors, time, honest and hostile keepers, guardian and governor.
 * After every command the invariants that a state or a step can show are checked against a shadow of the vault; a command that
 * is refused must leave everything as it was. Equal seeds give equal runs.
 */
import { expect } from "chai";
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
import { Fuzz, type Ended } from "./fuzz.ts";
import { Observer } from "./look.ts";
import { Model } from "./model.ts";
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
/** Nothing much can happen to an empty vault. */
const FIRST: readonly [name: string, run: Command] = ["deposit", deposit];
const WEIGHT = COMMANDS.reduce((sum, [weight]) => sum + weight, 0);
/** What lasts once it is broken is looked at every so many commands: lost tokens, forgotten ranges. */
const NOW_AND_THEN = 8;

export const COMMAND_NAMES: readonly string[] = COMMANDS.map(([, name]) => name);

/** A run that broke an invariant: the seed and the number of commands are enough to see it again. */
export class FuzzFailure extends Error {
  constructor(seed: number, log: readonly string[], cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const again = `FUZZ_SEED=${seed} FUZZ_CALLS=${log.length} FUZZ_PER_WORLD=${log.length}`;
    super(`${again} breaks at command ${log.length}: ${reason}\n  ${log.slice(-30).join("\n  ")}`, { cause });
    this.name = "FuzzFailure";
  }
}

/** Each seed has its order of tokens and its decimals; eight seeds in a row have them all. */
export function kindOf(seed: number): {
  readonly name: string;
  readonly options: (typeof DECIMALS)[number] & { readonly quoteIsToken0: boolean };
} {
  const order = ORDERS[seed % ORDERS.length] ?? ORDERS[0];
  const decimals = DECIMALS[Math.floor(seed / ORDERS.length) % DECIMALS.length] ?? DECIMALS[0];
  return {
    name: `${order.name}, ${decimals.baseDecimals}/${decimals.quoteDecimals} decimals`,
    options: { ...decimals, quoteIsToken0: order.quoteIsToken0 },
  };
}

export const KINDS = ORDERS.length * DECIMALS.length;

/**
 * One world, so many commands.
 *
 * @throws FuzzFailure at the first broken invariant
 */
export async function runWorld(connection: NetworkConnection, seed: number, calls: number): Promise<Tally> {
  const fuzz = await begin(connection, seed);
  const tokens = await fuzz.tokenSums();
  const tally = new Tally();
  const log: string[] = [];
  try {
    for (let call = 0; call < calls; call++) {
      const [name, run] = call === 0 ? FIRST : choose(fuzz.random);
      log.push(name);
      const before = fuzz.look;
      const ended = await run(fuzz);
      log[log.length - 1] = `${name}: ${ended.text}`;
      tally.note(name, ended);
      await fuzz.refresh();
      checkState(fuzz);
      if (fuzz.look.nonce !== before.nonce || call % NOW_AND_THEN === 0) await checkList(fuzz);
      if (call % NOW_AND_THEN === 0) expect(await fuzz.tokenSums(), INVARIANT.CONSERVATION).to.deep.equal(tokens);
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

function choose(random: Random): readonly [name: string, run: Command] {
  let at = random.next() * WEIGHT;
  for (const [weight, name, run] of COMMANDS) if ((at -= weight) < 0) return [name, run];
  return FIRST;
}

async function begin(connection: NetworkConnection, seed: number): Promise<Fuzz> {
  const caps = { ...randomCaps(new Random(seed ^ 0x5eed)) };
  const terms = { ...DEFAULT_ORACLE_TERMS, baseHeartbeat: 21_600, quoteHeartbeat: 172_800 };
  const world = await deployWorld(connection, {
    ...kindOf(seed).options,
    // Shallow, so that the vault's own trades and ranges matter in them; the last one waits for the governor.
    fees: [500, 3_000, 10_000],
    otherFees: [100],
    depths: { 100: 50_000, 500: 300_000, 3_000: 3_000_000, 10_000: 100_000 },
    governanceDelay: 3_600,
    caps,
    terms,
  });
  const chain = await FuzzChain.on(world);
  const keepers = [world.who.keeper.address, world.who.stranger.address];
  const observer = await Observer.of(chain, world, keepers);
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
  });
  await chain.pass(7_200);
  await report(fuzz, fuzz.price);
  await fuzz.refresh();
  return fuzz;
}
