/**
 * Who is who on the local chain. The keys come from Hardhat's published test mnemonic: everybody has them, so nothing of
 * worth may ever be sent to these addresses on another chain.
 */
import { HDNodeWallet, Mnemonic } from "ethers";

export const PUBLIC_TEST_MNEMONIC = "test test test test test test test test test test test junk";

/** Ether that each account begins with, wei. A year of hourly blocks at 20 gwei costs the busiest one about 1,000. */
export const ACCOUNT_BALANCE = 1_000_000n * 10n ** 18n;

/** Index of each role's account under m/44'/60'/0'/0. */
export const ACCOUNT_INDEX = {
  deployer: 0,
  safeOwner1: 1,
  safeOwner2: 2,
  safeOwner3: 3,
  guardian: 4,
  keeper: 5,
  lp1: 6,
  lp2: 7,
  trader: 8,
  feedTransmitter: 9,
  liquidityProvider: 10,
  stranger: 11,
  liquidator: 12,
  watcher: 13,
} as const;

export type AccountRole = keyof typeof ACCOUNT_INDEX;

export interface LocalAccount {
  readonly role: AccountRole;
  readonly address: string;
  /** A published key, see above. */
  readonly privateKey: string;
}

export type LocalAccounts = Readonly<Record<AccountRole, LocalAccount>>;

/** Derives the roles' accounts. */
export function localAccounts(): LocalAccounts {
  const root = HDNodeWallet.fromMnemonic(Mnemonic.fromPhrase(PUBLIC_TEST_MNEMONIC), "m/44'/60'/0'/0");
  const account = (role: AccountRole): LocalAccount => {
    const { address, privateKey } = root.deriveChild(ACCOUNT_INDEX[role]);
    return { role, address, privateKey };
  };
  return {
    deployer: account("deployer"),
    safeOwner1: account("safeOwner1"),
    safeOwner2: account("safeOwner2"),
    safeOwner3: account("safeOwner3"),
    guardian: account("guardian"),
    keeper: account("keeper"),
    lp1: account("lp1"),
    lp2: account("lp2"),
    trader: account("trader"),
    feedTransmitter: account("feedTransmitter"),
    liquidityProvider: account("liquidityProvider"),
    stranger: account("stranger"),
    liquidator: account("liquidator"),
    watcher: account("watcher"),
  };
}
