/**
 * The local world: a chain with the real protocols, a vault of two LPs, a market that follows a price path and the keeper that runs
 * against it. The path's time passes on the chain; how fast on the clock is the caller's choice.
 */
import { readdirSync, rmdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { dirname, join } from "node:path";

import { ChainNode } from "../../keeper/chain/node.ts";
import { unitsFromWei } from "../../keeper/chain/prices.ts";
import { claimFolder, openFolder, removeLocalWorld, writeLocalWorld } from "../../keeper/cli/localWorld.ts";
import type { PricePath } from "../../keeper/market/types.ts";
import { inventory, valueAt } from "../../keeper/report/attribution.ts";
import { seededRandom } from "../../keeper/market/random.ts";
import { NO_ACTIONS, type ActionName, type RunResult } from "../../keeper/report/summary.ts";
import { priceOfTick } from "../../keeper/strategy/ticks.ts";
import { Bookkeeper } from "./bookkeeper.ts";
import { startChain, type LocalChain } from "./chain.ts";
import { LocalWorldError } from "./errors.ts";
import { openLocalKeeper, removeJournal, type LocalKeeper } from "./localKeeper.ts";
import { Bystanders } from "./market/bystanders.ts";
import { FundReporter } from "./market/fund.ts";
import { LendingMarkets } from "./market/lending.ts";
import { Market } from "./market/market.ts";
import { checkMemory, DEFAULT_MEMORY_LIMIT } from "./memory.ts";
import { rememberCalls } from "./rememberCalls.ts";
import { accountAddresses, deployWorld, depositFirst, openVenues, PREPARATION, type LocalDeployment } from "./setup.ts";
import type { SleeveLine } from "./sleeveBook.ts";
import { openStaticRange, type StaticRange } from "./staticRange.ts";
import type { ActionView, WorldView } from "./view/model.ts";
import type { Watcher } from "./view/watcher.ts";

export interface WorldOptions {
  readonly path: PricePath;
  /** For JSON-RPC on 127.0.0.1; 0 takes a free one. */
  readonly port: number;
  /** Where the world publishes its state and the keeper keeps its journal. */
  readonly dir: string;
  /** Hours of the path per second of the clock; null as fast as it goes. */
  readonly speed: number | null;
  /** End with the path instead of staying up. */
  readonly once: boolean;
  /** Leave the keeper's journal behind after a run that did not fail. Default true. */
  readonly keepJournal?: boolean;
  /** Bytes; default 2 GB. */
  readonly memoryLimit?: number;
  readonly signal: AbortSignal;
  /** Told of everything that a watcher may want to see. */
  readonly watcher: Watcher;
  /** Called with the result when the path has ended. */
  onEnd(result: RunResult): void;
}

/** The market's stops in an hour. */
const STOPS = 3;
/** Market noise is drawn from the path's own seed, or from this one for a file. */
const FILE_SEED = 1;
/** Streams of the market's seed: what others do on the lending markets, what the fund is worth. */
const LENDING_STREAM = 3;
const FUND_STREAM = 4;
/** The vault stands beside this tier's real position in the baseline. */
const BASELINE_FEE = 3000;
const HOUSEKEEPING: ReadonlySet<ActionName> = new Set(["poke", "treasurySync"]);
/** Actions that a view shows. */
const REMEMBERED = 12;

/**
 * Runs the world to the path's end and, unless `once`, until the signal.
 *
 * @returns "ended" after the whole path, "interrupted" if the signal came before its end
 * @throws PortBusyError, MemoryError, LocalWorldError, UsageError for a folder that cannot be used
 */
export async function runWorld(options: WorldOptions): Promise<"ended" | "interrupted"> {
  const { path, port, dir, signal, watcher } = options;
  const first = path.bars[0];
  if (first === undefined) throw new LocalWorldError("The price path has no bars: choose a longer window.");
  checkMemory(path.bars.length, STOPS, options.memoryLimit ?? DEFAULT_MEMORY_LIMIT, process.availableMemory());

  claimFolder(dir, process.pid);

  const started = performance.now();
  watcher.preparing("starting the chain");
  const chain = await startChain({ time: path.from - PREPARATION, port });
  const live: { world: World | null } = { world: null };
  const cleanUp: readonly (() => void | Promise<void>)[] = [
    () => removeLocalWorld(dir, process.pid),
    () => watcher.close(),
    () => live.world?.close(),
    () => chain.stop(),
  ];
  let outcome: "ended" | "interrupted";
  try {
    openFolder(dirname(journalFile(dir, chain)));
    const world = await World.build(chain, options, first.open, started);
    live.world = world;
    writeLocalWorld(dir, world.published());
    outcome = (await world.followPath()) ? "ended" : "interrupted";
    if (outcome === "ended") {
      watcher.ended(await world.view(true));
      options.onEnd(await world.result());
      if (!options.once) {
        watcher.idle(chain.url ?? "");
        await untilAborted(signal);
      }
    }
  } catch (error) {
    // What went wrong first is what the user must hear of; a clean-up that fails is mostly its consequence.
    await attemptAll(cleanUp);
    throw error;
  }
  const [fault] = await attemptAll(cleanUp);
  if (fault !== undefined) throw fault.error;
  if (options.keepJournal === false) removePortFolder(journalFile(dir, chain));
  return outcome;
}

/** Takes every step, whatever became of the others, and gives back what was thrown. */
async function attemptAll(steps: readonly (() => void | Promise<void>)[]): Promise<{ readonly error: unknown }[]> {
  const faults: { readonly error: unknown }[] = [];
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      faults.push({ error });
    }
  }
  return faults;
}

/** Removes a journal that nobody needs any more, and its folder unless something else is in it. */
function removePortFolder(journal: string): void {
  removeJournal(journal);
  const folder = dirname(journal);
  if (readdirSync(folder).length === 0) rmdirSync(folder);
}

/** Who moves the venues beside the pools, and who watches the vault's debts there. */
interface Others {
  readonly lending: LendingMarkets;
  readonly fund: FundReporter;
  readonly bystanders: Bystanders;
}

class World {
  readonly #chain: LocalChain;
  readonly #options: WorldOptions;
  readonly #deployment: LocalDeployment;
  readonly #market: Market;
  readonly #others: Others;
  readonly #books: Bookkeeper;
  readonly #keeper: LocalKeeper;
  readonly #static: StaticRange;
  readonly #started: number;
  /** Quote units. */
  readonly #startSharePrice: number;
  #price: number;
  #time: number;
  #actions: ActionView[] = [];
  #counts: Record<ActionName, number> = { ...NO_ACTIONS };
  #plans = 0;
  #refused = 0;
  #ticks = 0;
  #holding: string | null = null;
  /** Wall clock, milliseconds, at which the path began to be followed. */
  #began = 0;

  private constructor(parts: {
    readonly chain: LocalChain;
    readonly options: WorldOptions;
    readonly deployment: LocalDeployment;
    readonly market: Market;
    readonly others: Others;
    readonly books: Bookkeeper;
    readonly keeper: LocalKeeper;
    readonly static: StaticRange;
    readonly started: number;
    readonly price: number;
  }) {
    this.#chain = parts.chain;
    this.#options = parts.options;
    this.#deployment = parts.deployment;
    this.#market = parts.market;
    this.#others = parts.others;
    this.#books = parts.books;
    this.#keeper = parts.keeper;
    this.#static = parts.static;
    this.#started = parts.started;
    this.#price = parts.price;
    this.#time = parts.options.path.from;
    this.#startSharePrice = parts.books.ledger.totals().start / unitsFromWei(parts.books.snapshot.supply, 18);
  }

  static async build(chain: LocalChain, options: WorldOptions, price: number, started: number): Promise<World> {
    const { path, watcher, dir } = options;
    watcher.preparing("deploying Uniswap v3, Morpho, Safe, feeds and the vault");
    const deployment = await deployWorld(chain, path.from, price);
    const { protocols, strata } = deployment;
    const seed = path.seed ?? FILE_SEED;
    const market = new Market(chain, protocols, path, { seed, stops: STOPS });
    await market.open();
    await openVenues(chain, deployment);
    const others = await openOthers(chain, deployment, { seed, price, time: path.from });
    await depositFirst(chain, deployment, price);

    const node = new ChainNode(rememberCalls(chain.provider));
    const keeperAddress = chain.accounts.keeper.address;
    const addresses = { vault: strata.vault, lens: strata.lens };
    const books = await Bookkeeper.open(
      {
        node,
        logs: chain.ethers.provider,
        addresses,
        keeper: keeperAddress,
        source: {
          ...protocols.pair,
          vault: strata.vault,
          pools: protocols.uniswap.pools,
        },
      },
      price,
    );
    const pool = protocols.uniswap.pools.find((one) => one.fee === BASELINE_FEE);
    if (pool === undefined)
      throw new LocalWorldError(`There is no pool with fee ${BASELINE_FEE}: report this as a bug.`);
    const { state } = books.ledger.last;
    const staticRange = await openStaticRange(chain, protocols.pair, pool, valueAt(state, price), price);
    const keeper = await openLocalKeeper({
      chain,
      node,
      addresses,
      path,
      journal: journalFile(dir, chain),
    });
    return new World({
      chain,
      options,
      deployment,
      market,
      others,
      books,
      keeper,
      static: staticRange,
      started,
      price,
    });
  }

  /** What commands in other terminals need. */
  published(): Parameters<typeof writeLocalWorld>[1] {
    const { protocols, strata } = this.#deployment;
    return {
      pid: process.pid,
      url: this.#chain.url ?? "",
      chainId: this.#chain.chainId,
      startedAt: new Date().toISOString(),
      pathEndsAt: this.#options.path.to,
      ...strata,
      safe: protocols.safe.address,
      factory: protocols.uniswap.factory.address,
      quoter: protocols.uniswap.quoter.address,
      journal: journalFile(this.#options.dir, this.#chain),
      baseToken: protocols.pair.base,
      quoteToken: protocols.pair.quote,
      pools: Object.fromEntries(protocols.uniswap.pools.map((pool) => [String(pool.fee), pool.address])),
      accounts: accountAddresses(this.#chain),
    };
  }

  /** @returns false if the signal came first */
  async followPath(): Promise<boolean> {
    const { signal, speed, watcher, path } = this.#options;
    this.#began = performance.now();
    for (;;) {
      if (signal.aborted) return false;
      const stop = await this.#market.step();
      if (stop === null) return true;
      this.#price = stop.price;
      this.#time = stop.time;
      await this.#books.mark(stop.price);
      if (stop.closesBar) await this.#venuesMove();
      // Between two answers of the feeds only interest moves a debt's health.
      if (stop.closesBar || stop.published.base || stop.published.quote) await this.#others.bystanders.look();
      if (stop.closesBar) {
        await this.#tick();
        await watcher.hour(this.#time, () => this.view(false));
      }
      if (speed !== null) await this.#keepPace(speed, (stop.time - path.from) / 3600);
      // Commands in other terminals are served between stops.
      else await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** What others do on the lending markets and what the fund reports, in one block if there is anything. */
  async #venuesMove(): Promise<void> {
    const { lending, fund } = this.#others;
    const transactions = [...(await lending.hour(this.#price, this.#time)), ...(await fund.hour(this.#time))];
    if (transactions.length > 0) await this.#chain.block((await this.#chain.time()) + 1, transactions);
  }

  async #tick(): Promise<void> {
    await this.#books.look();
    const balance = await this.#keeperBalance();
    const tick = await this.#keeper.tick(this.#options.signal);
    this.#ticks++;
    this.#holding = tick.holding;
    if (tick.action === null) return;
    const spent = balance - (await this.#keeperBalance());
    this.#books.ledger.spendGas(unitsFromWei(spent, 18) * this.#price);
    await this.#books.look();
    if (tick.action.refusal === null) {
      if (tick.isPlan) this.#plans++;
      for (const kind of tick.action.kinds) this.#counts[kind]++;
    } else this.#refused++;
    // Housekeeping that went well is counted and not shown: it would drown what the strategy does.
    if (tick.action.refusal === null && tick.action.kinds.every((kind) => HOUSEKEEPING.has(kind))) return;
    this.#actions = [tick.action, ...this.#actions].slice(0, REMEMBERED);
    this.#options.watcher.acted(tick.action);
  }

  /** Wei. */
  #keeperBalance(): Promise<bigint> {
    return this.#chain.ethers.provider.getBalance(this.#chain.accounts.keeper.address);
  }

  /** Waits until the clock has come as far as the path. */
  async #keepPace(speed: number, hours: number): Promise<void> {
    const due = this.#began + (hours / speed) * 1000;
    const wait = Math.max(0, due - performance.now());
    try {
      await sleep(wait, undefined, { signal: this.#options.signal });
    } catch (error) {
      if (!this.#options.signal.aborted) throw error;
    }
  }

  async result(): Promise<RunResult> {
    await this.#books.look();
    const { protocols, strata } = this.#deployment;
    const { path } = this.#options;
    const ledger = this.#books.ledger.totals();
    const { state } = this.#books.ledger.last;
    return {
      chainId: this.#chain.chainId,
      vault: strata.vault,
      lens: strata.lens,
      safe: {
        address: protocols.safe.address,
        threshold: protocols.safe.threshold,
        owners: protocols.safe.owners,
      },
      path,
      quoteSymbol: QUOTE_SYMBOL,
      actions: this.#counts,
      plans: this.#plans,
      refused: this.#refused,
      ticks: this.#ticks,
      budgets: state.budgets,
      ledger,
      sharePrice: { start: this.#startSharePrice, end: ledger.end / state.shareSupply },
      baselines: await this.#baselines(),
      staticRange: {
        fee: this.#static.fee,
        lower: priceOfTick(this.#static.tickLower, state),
        upper: priceOfTick(this.#static.tickUpper, state),
      },
      seconds: (performance.now() - this.#started) / 1000,
      ...this.#beside(),
    };
  }

  /** What stands beside the core: each sleeve, and what others did to the vault's debts. */
  #beside(): { readonly sleeves: readonly SleeveLine[]; readonly bystanders: Bystanders["counts"] } {
    return { sleeves: this.#books.sleeves, bystanders: this.#others.bystanders.counts };
  }

  /** Value now of what the vault began with, held or put into the static range. */
  async #baselines(): Promise<{ readonly hold: number; readonly static: number }> {
    const held = inventory(this.#books.ledger.first.state);
    const range = await this.#static.holdings();
    return { hold: held.base * this.#price + held.quote, static: range.base * this.#price + range.quote };
  }

  async view(finished: boolean): Promise<WorldView> {
    await this.#books.look();
    const { path } = this.#options;
    const { state, mark } = this.#books.ledger.last;
    const totals = this.#books.ledger.totals();
    const sharePrice = totals.end / state.shareSupply;
    const baselines = await this.#baselines();
    const seconds = (performance.now() - this.#began) / 1000;
    const hours = (this.#time - path.from) / 3600;
    const pace = seconds > 0 ? hours / seconds : 0;
    const worth = (base: number, quote: number): number => (base * mark + quote) / totals.end;
    return {
      url: this.#chain.url,
      chainId: this.#chain.chainId,
      vault: this.#deployment.strata.vault,
      baseSymbol: BASE_SYMBOL,
      quoteSymbol: QUOTE_SYMBOL,
      block: state.block,
      time: this.#time,
      from: path.from,
      to: path.to,
      pace,
      remaining: pace > 0 ? (path.to - this.#time) / 3600 / pace : null,
      finished,
      marketPrice: this.#price,
      oraclePrice: state.price,
      oracleError: state.priceError,
      nav: totals.end,
      sharePrice,
      shareReturn: sharePrice / this.#startSharePrice - 1,
      hold: baselines.hold / totals.start - 1,
      static: baselines.static / totals.start - 1,
      ranges: state.positions.map((position) => ({
        fee: position.fee,
        lower: priceOfTick(position.tickLower, state),
        upper: priceOfTick(position.tickUpper, state),
        share: worth(position.base + position.feesBase, position.quote + position.feesQuote),
      })),
      idle: worth(state.idleBase, state.idleQuote),
      sleeves: this.#books.sleeves
        .filter(({ moves }) => moves > 0)
        .map(({ place, value, pnl }) => ({ place, share: value / totals.end, pnl })),
      liquidations: this.#others.bystanders.counts.liquidations,
      deleverages: this.#others.bystanders.counts.deleverages,
      terms: totals.terms,
      counts: this.#counts,
      refused: this.#refused,
      holding: this.#holding,
      actions: this.#actions,
    };
  }

  close(): void {
    this.#keeper.close();
  }
}

/** Everybody beside the pools' traders, from the path's beginning on. */
async function openOthers(
  chain: LocalChain,
  deployment: LocalDeployment,
  at: { readonly seed: number; readonly price: number; readonly time: number },
): Promise<Others> {
  const { protocols, venues } = deployment;
  const { seed, price, time } = at;
  const { baseDecimals, quoteDecimals } = protocols.pair;
  return {
    lending: await LendingMarkets.open({
      chain,
      venue: venues.lending,
      baseDecimals,
      quoteDecimals,
      random: seededRandom(seed, LENDING_STREAM),
      price,
      time,
    }),
    fund: new FundReporter(chain, venues.assets, seededRandom(seed, FUND_STREAM), time),
    bystanders: await Bystanders.open(chain, deployment),
  };
}

/** The local tokens (protocols/tokens.ts). */
const BASE_SYMBOL = "LETH";
const QUOTE_SYMBOL = "LUSD";

/** Two worlds that run at once have two ports. */
function journalFile(dir: string, chain: LocalChain): string {
  return join(dir, `local-${new URL(chain.url ?? "http://none:0").port}`, "keeper.sqlite");
}

function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    // Keeps the process alive; the chain itself does not without an RPC server.
    const alive = setInterval(() => undefined, 2 ** 30);
    signal.addEventListener(
      "abort",
      () => {
        clearInterval(alive);
        resolve();
      },
      { once: true },
    );
  });
}
