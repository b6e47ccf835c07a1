/** A keeper who plays with fees, limits and shares. */
import { ONE } from "../../support/arithmetic.ts";
import { DEFAULT_CAPS } from "../../../scripts/deploy/strata.ts";
import { adoptTreasuryShare, joinedBy } from "../honest.ts";
import type { Scenario } from "../scenario.ts";
import type { Stage } from "../stage.ts";
import {
  dearestPool,
  edgeOf,
  everything,
  exhaust,
  FEED,
  harvest,
  HIGH,
  LOW,
  type Sized,
  type Step,
} from "../tactics.ts";

const HOUR = 3_600;
const DAY = 86_400;

export const scenarios: readonly Scenario[] = [
  {
    name: "fees raised before an LP leaves",
    actor: "keeper",
    about:
      "The keeper announces the highest entry and exit fee; nine tenths of the vault leave within the day of notice and pay nothing more.",
    path: false,
    prepare: (stage) => joinedBy(stage, stage.world.who.bob, 9_000_000n * ONE),
    play: async (stage) => {
      const { bob } = stage.world.who;
      await stage.attack(async () => {
        const fees = (entry: number, exit: number): Promise<unknown> =>
          stage.batch([stage.attacker.vault("setFees", [entry, exit])]);
        await stage.refused("a fee above the governed cap", () => fees(31, 31));
        await fees(30, 30);
      });
      await stage.at(DAY - HOUR);
      const { exitBps } = await stage.world.vault.fees();
      stage.must(exitBps === 0n, "inside the notice the old fee holds");
      await stage.withdraw(bob, 9_000_000n * ONE);
      await stage.attack(async () => {
        // A fall and a new rise do not shorten the notice.
        await stage.batch([stage.attacker.vault("setFees", [0, 0]), stage.attacker.vault("setFees", [30, 30])]);
      });
      await stage.at(DAY + HOUR);
      stage.must((await stage.world.vault.fees()).exitBps === 0n, "a second announcement begins a new notice");
    },
  },
  {
    name: "highest exit fee for those who stay too long",
    actor: "keeper",
    about:
      "After the notice the highest exit fee holds: half of the vault leaves and pays it, the last LP leaves at once and forfeits what had not come free. Nobody can have more than the governed cap taken.",
    path: false,
    prepare: (stage) => joinedBy(stage, stage.world.who.bob, 1_000_000n * ONE),
    play: async (stage) => {
      await stage.attack(async () => {
        await stage.batch([stage.attacker.vault("setFees", [30, 30])]);
      });
      await stage.at(DAY + HOUR);
      await stage.withdraw(stage.world.who.bob, 1_000_000n * ONE);
    },
  },
  {
    name: "fees to the treasury by the vault's own swaps",
    actor: "keeper",
    about:
      "A keeper in league with the treasury swaps through the vault's own range, collects and swaps again, so that a tenth of each fee leaves the LPs: it is all charged.",
    path: false,
    world: { caps: { treasuryShareBps: 1_000 } },
    prepare: adoptTreasuryShare,
    play: async (stage) => {
      await stage.attack(async () => {
        const { attacker } = stage;
        // The vault's range becomes the whole of the 1 % pool, but for 20,000 of others.
        const out = await everything(stage);
        const range = attacker.rangeRound(10_000, FEED, 1_200);
        await stage.strike({ plan: out });
        const mint: Sized = (fraction) => ({
          plan: { mints: [{ ...range, fraction0: fraction, fraction1: fraction }] },
        });
        await stage.strike(mint(await stage.greatest(mint, 64)));
        const wash = (): Sized => (fraction) => ({
          steps: [true, false].map((zeroForOne): Step => ({
            plan: { burns: [{ index: 0, fraction: 0n }], swaps: [{ fee: 10_000, zeroForOne, fraction }] },
          })),
        });
        await exhaust(stage, wash, 12);
        await stage.batch([attacker.vault("claimTreasury", [])]);
        const paid = await stage.world.balances(stage.world.who.treasury.address);
        stage.figures["treasuryQuoteUnits"] = Number(stage.world.value(paid, stage.world.priceX96(FEED))) / 1e6;
      });
    },
  },
  {
    name: "idle in and out, to crystallise fees",
    actor: "keeper",
    about:
      "While others trade through the vault's range, the keeper collects its fees in two hundred plans, so that each is rounded and the treasury paid often.",
    path: false,
    world: { caps: { treasuryShareBps: 1_000 } },
    prepare: adoptTreasuryShare,
    play: async (stage) => {
      for (let i = 0; i < 10; i += 1) {
        // Others' trades, the same in both runs.
        await stage.moveMarket(FEED * 1.002, { feeds: "silent" });
        await stage.moveMarket(FEED, { feeds: "silent" });
        await stage.attack(async () => {
          const collect: Step = { plan: { burns: [{ index: 0, fraction: 0n }] } };
          const sliver: Step = { plan: { burns: [{ index: 0, fraction: 10n ** 9n }] } };
          const steps = Array.from({ length: 20 }, (_, k) => (k % 2 === 0 ? collect : sliver));
          await stage.strike({ steps }, { measure: i % 5 === 0 });
          await stage.batch([stage.attacker.vault("claimTreasury", [])]);
        });
      }
    },
  },
  {
    name: "limits lowered under a standing range",
    actor: "keeper",
    about:
      "The DAO lowers the weight cap to a tenth while half of NAV stands in a range: 'not worse than before' lets the keeper re-mint as much as he found, and each time is charged.",
    path: false,
    world: { fees: [100, 500, 3_000], depths: { 100: 200_000, 500: 200_000, 3_000: 40e6 } },
    play: async (stage) => {
      const { world } = stage;
      const caps = { ...DEFAULT_CAPS, coreWeightCapBps: 1_000 };
      await stage.act(() => world.policy.connect(world.who.safe).tightenCaps(caps));
      stage.operations = 0;
      await stage.moveMarket(HIGH, { feeds: "silent" });
      for (let round = 0; round < 4; round += 1) {
        await stage.at(round * 3 * DAY + HOUR);
        await stage.attack(async () => {
          const { attacker } = stage;
          // What stands elsewhere goes to the cheap edge of a pool where nothing stands, as much as turnover and weight let
          // it, and is bought through.
          const fee = round % 2 === 0 ? 500 : 100;
          const edge = edgeOf(fee, "low");
          const standing = (await stage.world.book()).positions.map(({ index, fee: tier }) => ({ index, tier }));
          const sized: Sized = (fraction) => ({
            before: [attacker.swapTo(fee, edge, "above")],
            plan: {
              burns: standing.map(({ index, tier }) => ({ index, fraction: tier === 3_000 ? fraction : ONE })),
              mints: [attacker.mintOfBase(attacker.baseRange(fee, edge, 800), fraction)],
            },
            after: [attacker.swapTo(fee, stage.market, "below")],
          });
          await exhaust(stage, () => sized, 1);
        });
      }
      await stage.attack(async () => {
        const { attacker } = stage;
        const name = await stage.refused("more weight than the plan found", async () => {
          await stage.strike({ plan: { mints: [attacker.mintOfQuote(attacker.quoteRange(3_000, LOW, 2_400), ONE)] } });
        });
        stage.must(name === "CoreWeightAboveCap", "the weight was why");
      });
    },
  },
  {
    name: "gifts before each plan",
    actor: "keeper",
    about:
      "The attacker gives tokens to the vault and liquidity to its range, so that charges are parts of a greater NAV; what he can take back is less than what he gave.",
    path: false,
    play: async (stage) => {
      await stage.moveMarket(HIGH, { feeds: "silent" });
      await stage.attack(async () => {
        const { attacker, world } = stage;
        const [position] = (await world.book()).positions;
        if (position === undefined) throw new Error("The honest range is missing; prepare one.");
        const give = async (): Promise<void> => {
          const quote = world.quote.interface.encodeFunctionData("transfer", [
            world.addresses.vault,
            10n ** 5n * 10n ** BigInt(world.options.quoteDecimals),
          ]);
          await stage.batch([{ target: await world.quote.getAddress(), data: quote }]);
        };
        await give();
        await stage.batch([attacker.mintFor(world.addresses.vault, position, position.liquidity / 20n)]);
        await exhaust(stage, () => dearestPool(stage), 4);
        await give();
        await exhaust(
          stage,
          () => harvest(stage, { fee: 500, edge: edgeOf(500, "low"), width: 800, sells: "base" }),
          3,
        );
      });
    },
  },
  {
    name: "keeper who is also the largest LP",
    actor: "keeper",
    about:
      "He deposits ninety-nine times what the others have, takes the budget, and leaves in the next block; the others lose their part of the charge and no more.",
    path: false,
    play: async (stage) => {
      await stage.moveMarket(HIGH, { feeds: "silent" });
      await stage.attack(async () => {
        await stage.batch([stage.attacker.deposit(99_000_000n * ONE)]);
        await exhaust(stage, () => dearestPool(stage), 4);
        await leave(stage);
        await exhaust(stage, () => dearestPool(stage), 4);
      });
    },
  },
];

async function leave(stage: Stage): Promise<void> {
  const shares = await stage.world.vault.balanceOf(stage.attacker.address);
  await stage.batch([stage.attacker.withdraw(shares)]);
}
