/** An LP who leaves with units by the command line, and redeems them there: by hand, refused, and by a venue that settles later. */
import { expect } from "chai";
import { Contract } from "ethers";

import { loadPath } from "../../keeper/market/path.ts";
import { loadArtifact } from "../../scripts/deploy/artifacts.ts";
import { startChain, type LocalChain } from "../../scripts/local/chain.ts";
import { FeedKeeper } from "../../scripts/local/market/feedKeeper.ts";
import { Market } from "../../scripts/local/market/market.ts";
import { deployWorld, depositFirst, openVenues, PREPARATION, type LocalDeployment } from "../../scripts/local/setup.ts";
import { ONE } from "../support/arithmetic.ts";
import { expectClose } from "../support/close.ts";
import { inProcess } from "../keeper/cli/run.ts";

const [CONVERSION, RESERVE, ASSET] = [0, 2, 3];
const WEEK = 7 * 86_400;

interface Units {
  readonly place: number;
  readonly units: string;
  readonly base: string;
  readonly quote: string;
  readonly claimable: string | null;
}

interface RedeemDocument {
  readonly action: string;
  readonly sleeves: readonly {
    readonly place: number;
    readonly units: string;
    readonly amounts: { readonly base: string; readonly quote: string };
    readonly waiting: string;
    readonly refusal: string | null;
    readonly transactions: readonly string[];
  }[];
}

describe("strata redeem", function () {
  this.timeout(240_000);

  let chain: LocalChain;
  let world: LocalDeployment;
  let price: number;
  let snapshot: string;

  before(async () => {
    const path = await loadPath({ seed: 4, days: 1 });
    price = path.bars[0]!.open;
    chain = await startChain({ time: path.from - PREPARATION, port: 0 });
    world = await deployWorld(chain, path.from, price);
    await new Market(chain, world.protocols, path).open();
    await openVenues(chain, world);
    await depositFirst(chain, world, price);
    await openSleeves();
  });
  beforeEach(async () => {
    snapshot = (await chain.provider.request({ method: "evm_snapshot", params: [] })) as string;
  });
  afterEach(async () => {
    await chain.provider.request({ method: "evm_revert", params: [snapshot] });
  });
  after(async () => {
    await chain.stop();
  });

  async function as(account: keyof LocalChain["accounts"], address: string, source: string): Promise<Contract> {
    const signer = await chain.ethers.getSigner(chain.accounts[account].address);
    return new Contract(address, (await loadArtifact(source)).abi, signer);
  }

  /** A fifth of the quote secures a debt, and a tenth each goes to the reserve and the fund, which takes it in later. */
  async function openSleeves(): Promise<void> {
    const vault = await as("keeper", world.strata.vault, "Vault");
    const quote1 = !world.protocols.pair.quoteIsToken0;
    const give = (sleeve: number, fraction: bigint): object => ({
      sleeve,
      take: false,
      token1: quote1,
      afterSwaps: false,
      fraction,
      min: 0n,
    });
    const plan = {
      nonce: (await vault.getFunction("planNonce")()) as bigint,
      deadline: (await chain.time()) + 3600,
      twapHint: 65_535,
      decisionHash: `0x${"00".repeat(32)}`,
      burns: [],
      moves: [
        give(CONVERSION, ONE / 5n),
        { ...give(CONVERSION, ONE / 2n), take: true, token1: !quote1 },
        give(RESERVE, ONE / 10n),
        give(ASSET, ONE / 10n),
      ],
      swaps: [],
      mints: [],
    };
    await sent(vault, "execute", plan);
    await settled();
  }

  /** The fund's delay has passed, and its sleeve has taken in what was asked for. */
  async function settled(): Promise<void> {
    await chain.mine((await chain.time()) + WEEK);
    await report(1);
    await sent(await as("stranger", world.strata.sleeves.asset!, "sleeves/Erc7540Sleeve"), "settle");
  }

  async function sent(contract: Contract, method: string, ...args: readonly unknown[]): Promise<void> {
    await ((await contract.getFunction(method).send(...args)) as { wait(): Promise<unknown> }).wait();
  }

  async function report(factor: number): Promise<void> {
    const time = (await chain.time()) + 1;
    const { feeds } = world.protocols;
    const transmitter = chain.accounts.feedTransmitter.address;
    const [base, quote] = [
      new FeedKeeper(feeds.base, transmitter).transmission(price * factor, time, true),
      new FeedKeeper(feeds.quote, transmitter).transmission(1, time, true),
    ];
    await chain.block(time, [base!, quote!]);
  }

  async function strata(...args: readonly string[]) {
    return inProcess(args, {
      RPC_URL: chain.url ?? "",
      CHAIN_ID: "31337",
      VAULT: world.strata.vault,
      LENS: world.strata.lens,
      LP_PRIVATE_KEY: chain.accounts.lp2.privateKey,
    });
  }

  async function document<T = unknown>(...args: readonly string[]): Promise<T> {
    const { code, stdout, stderr } = await strata(...args, "--json");
    expect(code, stderr).to.equal(0);
    return JSON.parse(stdout) as T;
  }

  async function unitsHeld(): Promise<readonly Units[]> {
    const address = chain.accounts.lp2.address;
    return (await document<{ account: { units: readonly Units[] } }>("status", "--account", address)).account.units;
  }

  it("turns units into tokens, as status and the preview said, and the fund's when it has settled", async () => {
    const left = await strata("withdraw", "--percent", "50", "--units", `${CONVERSION},${RESERVE},${ASSET}`);
    expect(left.code, left.stderr).to.equal(0);
    expect(left.stdout).to.match(/strata redeem --place 2/u);
    const held = await unitsHeld();
    expect(held.map(({ place }) => place)).to.deep.equal([CONVERSION, RESERVE, ASSET]);
    const told = (await strata("status", "--account", chain.accounts.lp2.address)).stdout;
    expect(told).to.match(/units +of sleeve 0: stand for [\d,.]+ LUSD and owe [\d.]+ LETH/u);

    const preview = await document<RedeemDocument>("redeem", "--preview");
    expect(preview.action).to.equal("previewRedeem");
    expect(await unitsHeld()).to.deep.equal(held);

    const { sleeves } = await document<RedeemDocument>("redeem");
    for (const [i, one] of sleeves.entries()) {
      expect(one.refusal).to.equal(null);
      if (one.place === ASSET) continue;
      const foretold = preview.sleeves[i]!;
      for (const leg of ["base", "quote"] as const) {
        const [is, was] = [Number(one.amounts[leg]), Number(foretold.amounts[leg])];
        expectClose(is, was, Math.abs(was) * 1e-5 + 1e-6);
      }
    }
    expect(Number(sleeves[0]!.amounts.base) < 0 && Number(sleeves[0]!.amounts.quote) > 0).to.equal(true);
    // The fund was asked, and pays later.
    const fund = sleeves.find(({ place }) => place === ASSET)!;
    expect(Number(fund.amounts.quote)).to.equal(0);
    expect(BigInt(fund.waiting) > 0n).to.equal(true);
    expect((await unitsHeld()).map(({ place, units }) => [place, units])).to.deep.equal([[ASSET, "0"]]);

    await settled();
    const asked = await unitsHeld();
    expect(Number(asked[0]!.claimable) > 0).to.equal(true);
    const claimed = await document<RedeemDocument>("redeem", "--place", String(ASSET));
    expectClose(Number(claimed.sleeves[0]!.amounts.quote), Number(asked[0]!.claimable), 1e-6);
    expect(await unitsHeld()).to.deep.equal([]);
    const again = await strata("redeem");
    expect(again.code).to.equal(1);
    expect(again.stderr).to.match(/holds no units of the vault's sleeves/u);
  });

  it("leaves no approval behind, and redeems a part", async () => {
    await document("withdraw", "--percent", "10", "--units", `${CONVERSION},${ASSET}`);
    const [before] = await unitsHeld();
    await document<RedeemDocument>("redeem", "--percent", "25", "--place", String(CONVERSION));
    const [after] = await unitsHeld();
    expect(BigInt(after!.units)).to.equal(BigInt(before!.units) - BigInt(before!.units) / 4n);
    const base = await as("lp2", world.protocols.pair.base, "local/LocalToken");
    const allowed = (await base.getFunction("allowance")(
      chain.accounts.lp2.address,
      world.strata.sleeves.conversion,
    )) as bigint;
    expect(allowed).to.equal(0n);
  });

  it("says why a venue refuses, redeems the others, and keeps the units", async () => {
    await document("withdraw", "--percent", "50", "--units", `${CONVERSION},${RESERVE},${ASSET}`);
    // Base at twice its price: the debt is under water, and its collateral is not let go.
    await report(2);
    const [owned] = await unitsHeld();
    const { code, stdout, stderr } = await strata("redeem");
    expect(code, stderr).to.equal(0);
    // The fund was asked, and will pay later.
    expect(stdout).to.match(/Sleeve 3 .*nothing yet.*settles later/u);
    expect(stdout).to.match(/Sleeve 0 .*refused, the units are still yours/u);
    expect(stdout).to.match(/Sleeve 2 .*LUSD \(transaction/u);
    expect((await unitsHeld()).map(({ place, units }) => [place, units])).to.deep.equal([
      [CONVERSION, owned!.units],
      [ASSET, "0"],
    ]);
    const alone = await strata("redeem", "--place", String(CONVERSION));
    expect(alone.code).to.equal(1);
    expect(alone.stderr).to.match(/^strata: Nothing was redeemed; the units are still yours\. Sleeve 0/u);
  });

  it("says which sleeve cannot be left in tokens, and how to leave it", async () => {
    const { code, stderr } = await strata("withdraw", "--percent", "10", "--units", String(CONVERSION));
    expect(code).to.equal(1);
    expect(stderr).to.match(
      /^strata: Sleeve 3 .* because the venue settles later; leave with units of it \(--units 0,3\)/u,
    );
  });

  it("refuses what names no sleeve", async () => {
    for (const [args, message] of [
      [["redeem", "--place", "4"], /place from 0 to 3/u],
      [["redeem", "--address", "0x12"], /Write an address/u],
      [["redeem", "--address", chain.accounts.lp1.address], /There is no contract at/u],
      [["redeem", "--place", "1", "--address", world.strata.vault], /Name the sleeve once/u],
    ] as const) {
      const { code, stderr } = await strata(...args);
      expect(code).to.equal(2);
      expect(stderr).to.match(message);
    }
  });
});
