/** Safe 1.4.1 with its deployed bytecode, and the owners' signatures. */
import type { Interface } from "ethers";
import { concat, Contract, getAddress, TypedDataEncoder, Wallet, ZeroAddress, type TransactionReceipt } from "ethers";

import { mined, type LocalChain } from "../chain.ts";
import { LocalWorldError } from "../errors.ts";
import { deployArtifact, npmArtifact, type Deployed } from "./artifact.ts";

const CONTRACTS = "@safe-global/safe-contracts/build/artifacts/contracts";

/** Safe's one transaction type, EIP-712. */
const SAFE_TX = {
  SafeTx: [
    { name: "to", type: "address" },
    { name: "value", type: "uint256" },
    { name: "data", type: "bytes" },
    { name: "operation", type: "uint8" },
    { name: "safeTxGas", type: "uint256" },
    { name: "baseGas", type: "uint256" },
    { name: "gasPrice", type: "uint256" },
    { name: "gasToken", type: "address" },
    { name: "refundReceiver", type: "address" },
    { name: "nonce", type: "uint256" },
  ],
};

export interface LocalSafe {
  readonly address: string;
  readonly abi: Interface;
  readonly owners: readonly string[];
  readonly threshold: number;
  readonly singleton: Deployed;
  readonly proxyFactory: Deployed;
  readonly fallbackHandler: Deployed;
  readonly multiSend: Deployed;
  readonly multiSendCallOnly: Deployed;
}

/** A call that the Safe is to make. */
export interface SafeCall {
  readonly to: string;
  readonly data: string;
  /** Wei, default 0. */
  readonly value?: bigint;
}

/** Deploys Safe's contracts and a Safe of the accounts safeOwner1 to safeOwner3 of which any two decide. */
export async function deploySafe(chain: LocalChain, saltNonce = 0n): Promise<LocalSafe> {
  const singleton = await deployArtifact(chain, npmArtifact(`${CONTRACTS}/Safe.sol/Safe.json`));
  const proxyFactory = await deployArtifact(
    chain,
    npmArtifact(`${CONTRACTS}/proxies/SafeProxyFactory.sol/SafeProxyFactory.json`),
  );
  const fallbackHandler = await deployArtifact(
    chain,
    npmArtifact(`${CONTRACTS}/handler/CompatibilityFallbackHandler.sol/CompatibilityFallbackHandler.json`),
  );
  const multiSend = await deployArtifact(chain, npmArtifact(`${CONTRACTS}/libraries/MultiSend.sol/MultiSend.json`));
  const multiSendCallOnly = await deployArtifact(
    chain,
    npmArtifact(`${CONTRACTS}/libraries/MultiSendCallOnly.sol/MultiSendCallOnly.json`),
  );

  const { safeOwner1, safeOwner2, safeOwner3 } = chain.accounts;
  const owners = [safeOwner1.address, safeOwner2.address, safeOwner3.address];
  const threshold = 2;
  const setup = singleton.abi.encodeFunctionData("setup", [
    owners,
    threshold,
    ZeroAddress,
    "0x",
    fallbackHandler.address,
    ZeroAddress,
    0,
    ZeroAddress,
  ]);
  const deployer = await chain.ethers.getSigner(chain.accounts.deployer.address);
  const factory = new Contract(proxyFactory.address, proxyFactory.abi, deployer);
  const response = await factory.getFunction("createProxyWithNonce").send(singleton.address, setup, saltNonce);
  const receipt = mined(await response.wait(), "The Safe's creation");
  const created = receipt.logs
    .map((log) => proxyFactory.abi.parseLog(log))
    .find((event) => event?.name === "ProxyCreation");
  if (created === undefined || created === null) {
    throw new LocalWorldError("Safe's factory announced no proxy: report this as a bug.");
  }
  return {
    address: getAddress(String(created.args["proxy"])),
    abi: singleton.abi,
    owners,
    threshold,
    singleton,
    proxyFactory,
    fallbackHandler,
    multiSend,
    multiSendCallOnly,
  };
}

/**
 * The owners' EIP-712 signatures of one call at a nonce, concatenated in rising order of the owners' addresses: the Safe
 * refuses any other order.
 */
export function signSafeCall(
  chainId: number,
  safe: string,
  nonce: bigint,
  call: SafeCall,
  ownerKeys: readonly string[],
): string {
  const wallets = ownerKeys
    .map((key) => new Wallet(key))
    .toSorted((a, b) => (BigInt(a.address) < BigInt(b.address) ? -1 : 1));
  const digest = TypedDataEncoder.hash({ chainId, verifyingContract: safe }, SAFE_TX, {
    to: call.to,
    value: call.value ?? 0n,
    data: call.data,
    operation: 0,
    safeTxGas: 0,
    baseGas: 0,
    gasPrice: 0,
    gasToken: ZeroAddress,
    refundReceiver: ZeroAddress,
    nonce,
  });
  return concat(wallets.map((wallet) => wallet.signingKey.sign(digest).serialized));
}

/**
 * Makes a call as the Safe: the owners sign, the deployer's account carries it to the chain and pays the gas. Automatic
 * mining must be on.
 * @param ownerKeys private keys of owners; as many as the threshold
 * @throws if the Safe refuses (its reason, "GS020" for too few signatures) or the call fails ("GS013")
 */
export async function execSafe(
  chain: LocalChain,
  safe: Pick<LocalSafe, "address" | "abi">,
  ownerKeys: readonly string[],
  call: SafeCall,
): Promise<TransactionReceipt> {
  const carrier = await chain.ethers.getSigner(chain.accounts.deployer.address);
  const contract = new Contract(safe.address, safe.abi, carrier);
  const nonce = (await contract.getFunction("nonce")()) as bigint;
  const signatures = signSafeCall(chain.chainId, safe.address, nonce, call, ownerKeys);
  const response = await contract
    .getFunction("execTransaction")
    .send(call.to, call.value ?? 0n, call.data, 0, 0, 0, 0, ZeroAddress, ZeroAddress, signatures);
  return mined(await response.wait(), "The Safe's transaction");
}

/** Private keys of the first two owners, who are enough. */
export function twoOwnerKeys(chain: LocalChain): readonly string[] {
  return [chain.accounts.safeOwner1.privateKey, chain.accounts.safeOwner2.privateKey];
}
