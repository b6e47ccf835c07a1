/** A keeper's surroundings for tests: a small world on a chain of its own, a node that counts, the keeper's key, a brain that is told. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { HDNodeWallet, Mnemonic, Wallet } from "ethers";

import { ChainNode } from "../../keeper/chain/node.ts";
import type { Rpc } from "../../keeper/chain/rpc.ts";
import { Journal } from "../../keeper/journal/journal.ts";
import { NO_MEMORY } from "../../keeper/journal/memory.ts";
import type { VaultAddresses } from "../../keeper/observe/observe.ts";
import type { Clock } from "../../keeper/run/clock.ts";
import { Keeper, type KeeperOptions } from "../../keeper/run/keeper.ts";
import type { Brain, KeeperSettings } from "../../keeper/run/types.ts";
import { DEFAULT_CONFIG } from "../../keeper/strategy/config.ts";
import type { Decision, VaultState } from "../../keeper/strategy/types.ts";
import { PUBLIC_TEST_MNEMONIC } from "../../scripts/local/accounts.ts";
import type { World } from "../support/world.ts";

export const CHAIN_ID = 31337n;
/** Index of the keeper among Hardhat's accounts, see test/support/world.ts. */
const KEEPER_INDEX = 2;

/** JSON-RPC to an in-process chain that notes what is asked and may be told to fail. */
export class WatchedRpc implements Rpc {
  readonly asked: string[] = [];
  /** Called before each request; may throw in the node's place. */
  before: (method: string) => void = () => undefined;
  /** Called with each answer; may replace it. */
  after: (method: string, answer: unknown) => unknown = (_method, answer) => answer;
  readonly #inner: Rpc;

  constructor(inner: Rpc) {
    this.#inner = inner;
  }

  async request(args: { readonly method: string; readonly params: readonly unknown[] }): Promise<unknown> {
    this.asked.push(args.method);
    this.before(args.method);
    return this.after(args.method, await this.#inner.request(args));
  }
}

export interface Rig {
  readonly world: World;
  readonly rpc: WatchedRpc;
  readonly node: ChainNode;
  readonly wallet: Wallet;
  readonly addresses: VaultAddresses;
  /** Mines blocks. */
  mine(count?: number): Promise<void>;
  setAutomine(on: boolean): Promise<void>;
  /** Takes a transaction out of the chain's pool. */
  drop(hash: string): Promise<void>;
}

export function rigFor(world: World): Rig {
  const { provider } = world.connection;
  const raw = (method: string, ...params: unknown[]): Promise<unknown> => provider.request({ method, params });
  const rpc = new WatchedRpc({ request: ({ method, params }) => provider.request({ method, params }) });
  return {
    world,
    rpc,
    node: new ChainNode(rpc),
    wallet: keeperWallet(),
    addresses: { vault: world.addresses.vault, lens: world.addresses.lens },
    mine: async (count = 1) => {
      await raw("hardhat_mine", `0x${count.toString(16)}`);
    },
    setAutomine: async (on) => {
      await raw("evm_setAutomine", on);
    },
    drop: async (hash) => {
      await raw("hardhat_dropTransaction", hash);
    },
  };
}

export function keeperWallet(): Wallet {
  const root = HDNodeWallet.fromMnemonic(Mnemonic.fromPhrase(PUBLIC_TEST_MNEMONIC), "m/44'/60'/0'/0");
  return new Wallet(root.deriveChild(KEEPER_INDEX).privateKey);
}

/** A clock that moves only when somebody sleeps; `during` runs meanwhile, for what happens on chain while a keeper waits. */
export class StepClock implements Clock {
  #now: number;
  during: (now: number) => Promise<void> = () => Promise.resolve();

  constructor(now = 1_800_000_000_000) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  async sleep(milliseconds: number): Promise<void> {
    this.#now += milliseconds;
    await this.during(this.#now);
  }
}

export type Moves = Pick<Decision, "burns" | "swaps" | "mints" | "sleeveMoves">;

export const HOLD: Moves = { burns: [], swaps: [], mints: [], sleeveMoves: [] };

/** A decision with these moves, as a strategy would give it. */
export function decisionOf(state: VaultState, moves: Partial<Moves>, memory = state.memory): Decision {
  const all = { ...HOLD, ...moves };
  const acts = all.burns.length + all.swaps.length + all.mints.length + all.sleeveMoves.length > 0;
  return {
    strategy: { name: "told", version: "1" },
    time: state.time,
    block: state.block,
    actions: acts ? ["rangeShift"] : [],
    ...all,
    fees: null,
    expectedCost: 0,
    expectedGain: 0,
    book: { delta: 0, gamma: 0, vega: 0 },
    reasons: [{ rule: "told", text: acts ? "Told to move." : "Told to hold.", figures: {} }],
    memory,
  };
}

/** A brain that does what the function says. */
export function told(decide: (state: VaultState) => Decision): Brain {
  return { computeSignals: () => ({}), decide, config: DEFAULT_CONFIG };
}

/** An oriented range round a tier's spot, half-width in ticks. */
export function around(
  state: VaultState,
  fee: number,
  halfWidth: number,
): { readonly fee: number; readonly tickLower: number; readonly tickUpper: number } {
  const tier = state.tiers.find((one) => one.fee === fee);
  if (tier === undefined) throw new Error(`no tier ${fee}`);
  const { tick, tickSpacing } = tier;
  return {
    fee,
    tickLower: Math.floor((tick - halfWidth) / tickSpacing) * tickSpacing,
    tickUpper: Math.ceil((tick + halfWidth) / tickSpacing) * tickSpacing,
  };
}

/** Burns everything whole and mints a part of all tokens round the spot. */
export function recentre(state: VaultState, fee = 3_000, halfWidth = 4_000, part = 0.5): Decision {
  const base = state.idleBase + state.positions.reduce((sum, one) => sum + one.base + one.feesBase, 0);
  const quote = state.idleQuote + state.positions.reduce((sum, one) => sum + one.quote + one.feesQuote, 0);
  return decisionOf(
    state,
    {
      burns: state.positions.map(({ index }) => ({ index, fraction: 1 })),
      mints: [{ ...around(state, fee, halfWidth), maxBase: base * part, maxQuote: quote * part }],
    },
    { ...state.memory, lastRangeShift: state.time },
  );
}

/** A directory for a journal, gone after the test. */
export function temporaryDirectory(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), "strata-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Settings of a keeper on an instant chain. */
export const INSTANT: Partial<KeeperSettings> = {
  send: true,
  confirmations: 1,
  maxBlockAge: null,
  patience: 10_000,
  poll: 1_000,
  replaceAfter: 3_000,
  // Its own test turns it on.
  housekeeping: false,
};

/** A keeper over the rig; a journal in memory unless one is given. */
export async function keeperOn(rig: Rig, brain: Brain, changes: Partial<KeeperOptions> = {}): Promise<Keeper> {
  const journal = changes.journal ?? journalOf(rig);
  return Keeper.open({
    node: rig.node,
    chainId: CHAIN_ID,
    addresses: rig.addresses,
    keeper: rig.wallet.address,
    signer: rig.wallet,
    brain,
    clock: new StepClock(),
    ...changes,
    settings: { ...INSTANT, ...changes.settings },
    journal,
  });
}

export function journalOf(rig: Rig, file = ":memory:"): Journal {
  return Journal.open(file, { chainId: CHAIN_ID, vault: rig.addresses.vault, keeper: rig.wallet.address });
}

export { NO_MEMORY };
