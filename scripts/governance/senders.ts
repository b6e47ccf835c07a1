/** Who makes a call on the local chain: two owners of the Safe, or one account. Each call is tried before it is sent. */
import { Contract, NonceManager, Wallet, ZeroAddress, type JsonRpcProvider, type TransactionReceipt } from "ethers";

import { decodeRefusal, revertDataOf } from "../../keeper/chain/errors.ts";
import type { LocalWorldState } from "../../keeper/cli/localWorld.ts";
import { localAccounts, type AccountRole } from "../local/accounts.ts";
import { signSafeCall, type SafeCall } from "../local/protocols/safe.ts";
import { VoteError } from "./call.ts";

const SAFE_ABI = [
  "function nonce() view returns (uint256)",
  "function execTransaction(address to, uint256 value, bytes data, uint8 operation, uint256 safeTxGas, uint256 baseGas, uint256 gasPrice, address gasToken, address refundReceiver, bytes signatures) payable returns (bool)",
];
/** Fixed, since an estimate inside a block's second can miss what depends on time; a sleeve taken apart with all ranges needs most. */
const GAS = 5_000_000;
/** Milliseconds. */
const PATIENCE = 60_000;

interface Sent {
  wait(confirmations: number, timeout: number): Promise<TransactionReceipt | null>;
}

/** An account's call is refused by a contract; the message is the refusal's sentence. */
export class CallRefused extends VoteError {
  override name = "CallRefused";
  /** The error's name, see keeper/chain/errors.ts. */
  readonly refusal: string;

  constructor(data: string, options: ErrorOptions & { readonly before: string }) {
    const { name, message } = decodeRefusal(data);
    super(`${options.before}${message}`, options);
    this.refusal = name;
  }
}

/**
 * One account of the local world makes a call.
 * @throws CallRefused before anything is sent, if it would fail
 */
export async function asAccount(
  provider: JsonRpcProvider,
  role: AccountRole,
  call: SafeCall,
): Promise<TransactionReceipt | null> {
  const wallet = new Wallet(localAccounts()[role].privateKey, provider);
  try {
    await provider.call({ from: wallet.address, ...call });
    const response = await wallet.sendTransaction({ ...call, gasLimit: GAS });
    return await response.wait(1, PATIENCE);
  } catch (error) {
    const data = revertDataOf(error);
    // Anything but a refusal is a fault of the connection's.
    if (data === null) throw error;
    throw new CallRefused(data, { before: "", cause: error });
  }
}

/**
 * Two owners sign, the first carries the transaction.
 * @returns the Safe's nonce
 */
export async function asSafe(provider: JsonRpcProvider, world: LocalWorldState, call: SafeCall): Promise<bigint> {
  const { safeOwner1, safeOwner2 } = localAccounts();
  const carrier = new NonceManager(new Wallet(safeOwner1.privateKey, provider));
  const safe = new Contract(world.safe, SAFE_ABI, carrier);
  const nonce = (await safe.getFunction("nonce")()) as bigint;
  const keys = [safeOwner1.privateKey, safeOwner2.privateKey];
  const signatures = signSafeCall(world.chainId, world.safe, nonce, call, keys);
  const args = [call.to, 0, call.data, 0, 0, 0, 0, ZeroAddress, ZeroAddress, signatures];
  try {
    await safe.getFunction("execTransaction").staticCall(...args);
    const response = (await safe.getFunction("execTransaction").send(...args, { gasLimit: GAS })) as Sent;
    await response.wait(1, PATIENCE);
  } catch (cause) {
    throw new VoteError(`The Safe's call would fail or did.${await whyRefused(provider, world.safe, call)}`, { cause });
  }
  return nonce;
}

/** A Safe says only that its call failed; the call itself, tried from its address, says why. */
async function whyRefused(provider: JsonRpcProvider, safe: string, call: SafeCall): Promise<string> {
  try {
    await provider.call({ from: safe, ...call });
  } catch (error) {
    const data = revertDataOf(error);
    if (data !== null) return ` ${decodeRefusal(data).message}`;
  }
  return " The call alone would go through, so look at the Safe: its owners, threshold and nonce.";
}
