/** Plans that move tokens between the vault and its sleeves: what a keeper does, and what a stolen key would try. */
import { ONE } from "../../arithmetic.ts";
import type { BurnStep, MoveStep, PlanSteps, SwapStep } from "../../world.ts";
import type { Ended, Fuzz } from "../fuzz.ts";
import type { PlaceLook } from "../look.ts";
import { sleeveAt } from "../sleeves/open.ts";
import { edgeOf, harvests } from "./harvests.ts";
import { prepare, tryPlan } from "./plans.ts";
import { arbitrage, moveTx, report } from "./strangers.ts";
import { sideOf } from "./units.ts";
import { venueEvent } from "./venues.ts";

const percent = (fuzz: Fuzz, low: number, high: number): bigint => BigInt(fuzz.random.int(low, high)) * (ONE / 100n);

/** Moves by what they are for; the asset is what a sleeve owns. */
function movesOf(fuzz: Fuzz, place: PlaceLook) {
  const sleeve = sleeveAt(sideOf(fuzz), place.sleeve);
  const asset1 = !sleeve.assetIsToken0;
  const of = (take: boolean, token1: boolean, fraction: bigint): MoveStep => ({
    sleeve: place.index,
    take,
    token1,
    fraction,
  });
  return {
    kind: sleeve.kind,
    give: (fraction: bigint): MoveStep => of(false, asset1, fraction),
    take: (fraction: bigint): MoveStep => of(true, asset1, fraction),
    borrow: (fraction: bigint): MoveStep => of(true, !asset1, fraction),
    repay: (fraction: bigint): MoveStep => of(false, !asset1, fraction),
  };
}

const later = (move: MoveStep): MoveStep => ({ ...move, afterSwaps: true });

// ---------------------------------------------------------------- honest

export async function moves(fuzz: Fuzz): Promise<Ended> {
  const { random, look } = fuzz;
  await prepare(fuzz);
  if (random.chance(0.85)) {
    await arbitrage(fuzz);
    await fuzz.chain.pass(1_900);
    await report(fuzz, fuzz.price);
    await fuzz.refresh();
  }
  if (look.places.length === 0) return { text: "no place", reason: "none" };
  return tryPlan(fuzz, honestMoves(fuzz), true);
}

function honestMoves(fuzz: Fuzz): PlanSteps {
  const { random, look, model } = fuzz;
  const place = random.pick(look.places);
  const mine = movesOf(fuzz, place);
  const owes = place.low.amount0 < 0n || place.low.amount1 < 0n;
  const burns: BurnStep[] = look.positions
    .filter(({ liquidity }) => random.chance(0.25) && liquidity > 0n)
    .map(({ index }) => ({ index, fraction: random.fraction() }));
  const fee = model.policy.allowed[0];
  const swaps: SwapStep[] =
    fee !== undefined && random.chance(0.25)
      ? [{ fee, zeroForOne: random.chance(0.5), fraction: percent(fuzz, 1, 10) }]
      : [];
  return { burns, swaps, moves: sequence(fuzz, place, mine, owes) };
}

/** Open, borrow, repay, take, close; or from one sleeve to another round the swaps. */
function sequence(fuzz: Fuzz, place: PlaceLook, mine: ReturnType<typeof movesOf>, owes: boolean): readonly MoveStep[] {
  const { random, look } = fuzz;
  const other = random.pick(look.places);
  const its = movesOf(fuzz, other);
  if (place.live && other.live && other !== place && random.chance(0.15)) {
    return [mine.take(percent(fuzz, 5, 60)), later(its.give(percent(fuzz, 5, 40)))];
  }
  if (!place.live || random.chance(0.25)) {
    const give = mine.give(percent(fuzz, 2, 30));
    return mine.kind === "loan" && random.chance(0.8) ? [give, mine.borrow(percent(fuzz, 5, 63))] : [give];
  }
  const ways: readonly (() => readonly MoveStep[])[] =
    mine.kind === "loan"
      ? [
          () => [mine.borrow(percent(fuzz, 1, 30))],
          () => (owes ? [mine.repay(random.fraction())] : [mine.take(random.fraction())]),
          () => [mine.take(percent(fuzz, 1, 40))],
          () => [mine.take(ONE)],
          () => (owes ? [mine.repay(ONE), mine.take(ONE)] : [mine.take(ONE)]),
          () => [mine.repay(percent(fuzz, 10, 90)), later(mine.take(percent(fuzz, 1, 50)))],
        ]
      : [() => [mine.take(random.fraction())], () => [mine.take(ONE)], () => [mine.take(percent(fuzz, 1, 50))]];
  return random.pick(ways)();
}

// ---------------------------------------------------------------- hostile

/** Any moves at any fraction in any order, with a harvest in the same plan, after something happened at a venue. */
export async function hostileMoves(fuzz: Fuzz): Promise<Ended> {
  const { random, world } = fuzz;
  await prepare(fuzz);
  if (random.chance(0.8)) {
    await arbitrage(fuzz);
    if (random.chance(0.7)) await fuzz.chain.pass(1_900);
    await report(fuzz, fuzz.price * (1 + (random.next() - 0.5) * 0.012));
    await fuzz.refresh();
  }
  if (random.chance(0.3)) await venueEvent(fuzz);
  const fee = random.pick(world.options.fees);
  if (random.chance(0.3)) {
    const tx = moveTx(fuzz, fee, fuzz.look.spots.get(fee)?.sqrtPriceX96 ?? 0n, edgeOf(fuzz, fee));
    if (tx !== null) {
      await fuzz.must(tx);
      await fuzz.refresh();
    }
  }
  const harvest = random.chance(0.3) ? random.pick(harvests(fuzz, fee))() : {};
  const list = Array.from({ length: random.int(1, 5) }, () => anyMove(fuzz));
  const sorted = random.chance(0.8)
    ? [...list.filter((move) => move.afterSwaps !== true), ...list.filter((move) => move.afterSwaps === true)]
    : list;
  return tryPlan(fuzz, { ...harvest, moves: sorted }, false);
}

function anyMove(fuzz: Fuzz): MoveStep {
  const { random, look } = fuzz;
  if (look.places.length > 0 && random.chance(0.75)) {
    const mine = movesOf(fuzz, random.pick(look.places));
    const kinds = mine.kind === "loan" ? [mine.give, mine.take, mine.borrow, mine.repay] : [mine.give, mine.take];
    const move = random.pick(kinds)(random.chance(0.3) ? ONE : percent(fuzz, 1, 70));
    return random.chance(0.3) ? later(move) : move;
  }
  const sleeve = random.chance(0.96) ? random.int(0, 3) : random.pick([4, 5, 255]);
  const fraction = random.chance(0.2) ? random.pick([0n, 1n, ONE - 1n, ONE, ONE + 1n]) : random.fraction();
  return {
    sleeve,
    take: random.chance(0.5),
    token1: random.chance(0.5),
    afterSwaps: random.chance(0.3),
    fraction: random.chance(0.4) ? fraction / 4n : fraction,
    ...(random.chance(0.05) ? { min: 1n << 127n } : {}),
  };
}
