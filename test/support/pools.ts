/** A Uniswap v3 pool as tests read it, with types; and the audited artifacts. */
import { Contract, Interface, type ContractRunner, type Log } from "ethers";

import { npmArtifact } from "../../scripts/local/protocols/artifact.ts";

const CORE = "@uniswap/v3-core/artifacts/contracts";

export const factoryArtifact = (): ReturnType<typeof npmArtifact> =>
  npmArtifact(`${CORE}/UniswapV3Factory.sol/UniswapV3Factory.json`);
export const poolArtifact = (): ReturnType<typeof npmArtifact> =>
  npmArtifact(`${CORE}/UniswapV3Pool.sol/UniswapV3Pool.json`);

export const POOL_INTERFACE = new Interface(poolArtifact().abi);

export interface Slot0 {
  readonly sqrtPriceX96: bigint;
  readonly tick: number;
  readonly observationIndex: number;
  readonly observationCardinality: number;
}

export interface PoolPosition {
  readonly liquidity: bigint;
  readonly owed0: bigint;
  readonly owed1: bigint;
}

export interface Observation {
  readonly timestamp: number;
  readonly tickCumulative: bigint;
  readonly initialized: boolean;
}

/** A pool's own event of a plan or an exit. */
export interface PoolEvent {
  readonly name: string;
  readonly fee: number;
  readonly args: Readonly<Record<string, unknown>>;
}

export class Pool {
  readonly address: string;
  readonly fee: number;
  readonly tickSpacing: number;
  readonly contract: Contract;

  constructor(address: string, fee: number, tickSpacing: number, runner: ContractRunner) {
    this.address = address;
    this.fee = fee;
    this.tickSpacing = tickSpacing;
    this.contract = new Contract(address, POOL_INTERFACE, runner);
  }

  async slot0(): Promise<Slot0> {
    const [sqrtPriceX96, tick, index, cardinality] = (await this.#call("slot0")) as [bigint, bigint, bigint, bigint];
    return {
      sqrtPriceX96,
      tick: Number(tick),
      observationIndex: Number(index),
      observationCardinality: Number(cardinality),
    };
  }

  async position(key: string): Promise<PoolPosition> {
    const [liquidity, , , owed0, owed1] = (await this.#call("positions", key)) as [
      bigint,
      bigint,
      bigint,
      bigint,
      bigint,
    ];
    return { liquidity, owed0, owed1 };
  }

  async observation(index: number): Promise<Observation> {
    const [timestamp, tickCumulative, , initialized] = (await this.#call("observations", index)) as [
      bigint,
      bigint,
      bigint,
      boolean,
    ];
    return { timestamp: Number(timestamp), tickCumulative, initialized };
  }

  /** Tick cumulatives so many seconds ago; throws the pool's "OLD" if one is out of reach. */
  async observe(secondsAgos: readonly number[]): Promise<readonly bigint[]> {
    const [cumulatives] = (await this.#call("observe", secondsAgos)) as [readonly bigint[]];
    return cumulatives;
  }

  /** This pool's events among a receipt's logs. */
  events(logs: readonly Log[]): readonly PoolEvent[] {
    const found: PoolEvent[] = [];
    for (const log of logs) {
      if (log.address.toLowerCase() !== this.address.toLowerCase()) continue;
      const parsed = POOL_INTERFACE.parseLog(log);
      if (parsed !== null) found.push({ name: parsed.name, fee: this.fee, args: parsed.args.toObject() });
    }
    return found;
  }

  #call(name: string, ...args: readonly unknown[]): Promise<unknown> {
    return this.contract.getFunction(name).staticCall(...args);
  }
}
