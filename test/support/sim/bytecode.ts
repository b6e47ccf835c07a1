/** The deployed pool on the in-process chain, many calls to a transaction. */
import { Contract, ContractFactory, Interface, type Signer, solidityPackedKeccak256 } from "ethers";
import type { NetworkConnection } from "hardhat/types/network";

import { deploy, loadArtifact } from "../../../scripts/deploy/artifacts.ts";
import { factoryArtifact } from "../pools.ts";
import { POOL, type Outcome } from "./model.ts";

/** Words of a driver's event before the result: the state, whether the call went through, where the result begins. */
const STATE_WORDS = 11;
const GAS = 900_000_000;

/** What a call did on chain. */
export interface Done extends Outcome {
  /** The pool after it, as words of 64 hex digits. */
  readonly state: string;
}

interface RawReceipt {
  readonly status: string;
  readonly gasUsed: string;
  readonly logs: readonly { readonly address: string; readonly data: string }[];
}

/** Terms of the tiers: of the factory's constructor, and the one that governance added. */
export const TIERS = [
  { fee: 100, tickSpacing: 1 },
  { fee: 500, tickSpacing: 10 },
  { fee: 3_000, tickSpacing: 60 },
  { fee: 10_000, tickSpacing: 200 },
] as const;

export class BytecodePool {
  readonly address: string;
  /** Who calls, pays, and owns the factory. */
  readonly driver: string;
  readonly tokens: readonly [string, string];
  readonly #provider: NetworkConnection["provider"];
  readonly #from: string;
  readonly #abi: Interface;

  private constructor(parts: {
    readonly address: string;
    readonly driver: string;
    readonly tokens: readonly [string, string];
    readonly provider: NetworkConnection["provider"];
    readonly from: string;
    readonly abi: Interface;
  }) {
    this.address = parts.address;
    this.driver = parts.driver;
    this.tokens = parts.tokens;
    this.#provider = parts.provider;
    this.#from = parts.from;
    this.#abi = parts.abi;
  }

  /** One uninitialised pool for each tier; the driver is rich. */
  static async deployAll(connection: NetworkConnection): Promise<readonly BytecodePool[]> {
    const signers: Signer[] = await connection.ethers.getSigners();
    const owner = signers[0]!;
    const from = await owner.getAddress();
    const tokenArtifact = await loadArtifact("local/LocalToken");
    const a = await deploy(owner, tokenArtifact, ["Token A", "A", 18]);
    const b = await deploy(owner, tokenArtifact, ["Token B", "B", 18]);
    const tokens = BigInt(a) < BigInt(b) ? ([a, b] as const) : ([b, a] as const);
    const driverArtifact = await loadArtifact("local/LocalPoolDriver");
    const driver = await deploy(owner, driverArtifact, []);
    for (const token of tokens) await send(new Contract(token, tokenArtifact.abi, owner), "mint", driver, 2n ** 250n);
    const { abi, bytecode } = factoryArtifact();
    const deployed = await new ContractFactory(abi, bytecode, owner).deploy();
    const factory = new Contract(await deployed.getAddress(), abi, owner);
    await send(factory, "enableFeeAmount", 100, 1);
    const pools: BytecodePool[] = [];
    for (const { fee } of TIERS) {
      await send(factory, "createPool", ...tokens, fee);
      const address = String(await factory.getFunction("getPool").staticCall(...tokens, fee));
      const driverAbi = new Interface(driverArtifact.abi);
      pools.push(new BytecodePool({ address, driver, tokens, provider: connection.provider, from, abi: driverAbi }));
    }
    await send(factory, "setOwner", driver);
    return pools;
  }

  /** Makes the calls in one block. @param time unix seconds, later than the newest block's */
  async run(calls: readonly string[], time: number): Promise<readonly Done[]> {
    await this.#request("evm_setNextBlockTimestamp", [time]);
    const hash = await this.#request("eth_sendTransaction", [
      {
        from: this.#from,
        to: this.driver,
        data: this.#abi.encodeFunctionData("run", [this.address, calls]),
        gas: `0x${GAS.toString(16)}`,
      },
    ]);
    const receipt = (await this.#request("eth_getTransactionReceipt", [hash])) as RawReceipt;
    if (receipt.status !== "0x1") throw new Error(`The driver ran out of gas (${Number(receipt.gasUsed)}).`);
    return receipt.logs
      .filter((log) => log.address.toLowerCase() === this.driver.toLowerCase())
      .map(({ data }) => decode(data));
  }

  /** What the pool answers now to each of the questions, hex. */
  async ask(questions: readonly string[], target = this.address): Promise<readonly string[]> {
    const answer = (await this.#request("eth_call", [
      {
        from: this.#from,
        to: this.driver,
        data: this.#abi.encodeFunctionData("read", [target, questions]),
        gas: `0x${GAS.toString(16)}`,
      },
      "latest",
    ])) as string;
    const [answers] = this.#abi.decodeFunctionResult("read", answer) as unknown as [readonly string[]];
    return [...answers];
  }

  async time(): Promise<number> {
    const block = (await this.#request("eth_getBlockByNumber", ["latest", false])) as { readonly timestamp: string };
    return Number(block.timestamp);
  }

  #request(method: string, params: unknown[]): Promise<unknown> {
    return this.#provider.request({ method, params });
  }
}

/** Where a position lies in the pool's storage. */
export function storageKey(owner: string, tickLower: number, tickUpper: number): string {
  return solidityPackedKeccak256(["address", "int24", "int24"], [owner, tickLower, tickUpper]);
}

export function question(name: string, ...args: readonly unknown[]): string {
  return POOL.encodeFunctionData(name, args);
}

function decode(data: string): Done {
  const word = (i: number): string => data.slice(2 + 64 * i, 66 + 64 * i);
  const length = Number(`0x${word(STATE_WORDS + 2)}`);
  const start = 2 + 64 * (STATE_WORDS + 3);
  return {
    state: data.slice(2, 2 + 64 * STATE_WORDS),
    ok: word(STATE_WORDS).endsWith("1"),
    data: `0x${data.slice(start, start + 2 * length)}`,
  };
}

async function send(contract: Contract, method: string, ...args: readonly unknown[]): Promise<void> {
  const response = (await contract.getFunction(method).send(...args)) as { wait(): Promise<unknown> };
  await response.wait();
}
