/** An LP who leaves with units by the command line, and redeems them there: by hand, refused, and by a venue that settles later. */
import { createServer, type Server } from "node:http";

import { expect } from "chai";
import { Contract, ZeroAddress } from "ethers";

import { loadPath } from "../../keeper/market/path.ts";
import { loadArtifact } from "../../scripts/deploy/artifacts.ts";
import { deploySleeve } from "../../scripts/deploy/sleeves.ts";
import { governedCall } from "../../scripts/governance/call.ts";
import { startChain, type LocalChain } from "../../scripts/local/chain.ts";
import { FeedKeeper } from "../../scripts/local/market/feedKeeper.ts";
import { Market } from "../../scripts/local/market/market.ts";
import { executeThroughSafe, scheduleThroughSafe } from "../../scripts/local/protocols/accessManager.ts";
import { twoOwnerKeys } from "../../scripts/local/protocols/safe.ts";
import { deployWorld, depositFirst, openVenues, PREPARATION, type LocalDeployment } from "../../scripts/local/setup.ts";
import { ONE } from "../support/arithmetic.ts";
import { expectClose } from "../support/close.ts";
import { inProcess } from "../keeper/cli/run.ts";

const [CONVERSION, RESERVE, ASSET] = [0, 2, 3];
const WEEK = 7 * 86_400;
const DELAY = 48 * 3_600;

interface Units {
  readonly place: number | null;
  readonly leftPlace: number | null;
  readonly address: string;
  readonly units: string;
  readonly base: string;
  readonly quote: string;
  readonly claimable: string | null;
}

interface PreviewDocument {
  readonly fee: { readonly bps: number; readonly effectiveBps: number; readonly shares: string };
  readonly emptyPlaces: readonly number[];
  readonly sleeves: readonly {
    readonly place: number;
    readonly as: string;
    readonly units: string;
    readonly standFor: {
      readonly owned: string;
      readonly ownedToken: string;
      readonly owed: string;
      readonly owedToken: string;
    } | null;
  }[];
}

interface RedeemDocument {
  readonly action: string;
  readonly sleeves: readonly {
    readonly place: number | null;
    readonly units: string;
    readonly amounts: { readonly base: string; readonly quote: string };
    readonly waiting: string;
    readonly refusal: string | null;
    readonly mostPercent: number | null;
    readonly later?: string;
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
    const quote1 = !world.protocols.pair.quoteIsToken0;
    await execute([
      give(CONVERSION, ONE / 5n),
      { ...give(CONVERSION, ONE / 2n), take: true, token1: !quote1 },
      give(RESERVE, ONE / 10n),
      give(ASSET, ONE / 10n),
    ]);
    await settled();
  }

  function give(sleeve: number, fraction: bigint): object {
    const token1 = !world.protocols.pair.quoteIsToken0;
    return { sleeve, take: false, token1, afterSwaps: false, fraction, min: 0n };
  }

  async function execute(moves: readonly object[]): Promise<void> {
    const vault = await as("keeper", world.strata.vault, "Vault");
    await sent(vault, "execute", {
      nonce: (await vault.getFunction("planNonce")()) as bigint,
      deadline: (await chain.time()) + 3600,
      twapHint: 65_535,
      decisionHash: `0x${"00".repeat(32)}`,
      burns: [],
      moves,
      swaps: [],
      mints: [],
    });
  }

  /** The keeper takes the reserve back, and the DAO votes for nobody in its place. */
  async function freeReserve(): Promise<void> {
    await execute([{ ...give(RESERVE, ONE), take: true }]);
    const { data } = await governedCall(["sleeve", "set", "reserve", ZeroAddress, "0"]);
    const { accessManager: manager, safe } = world.protocols;
    const call = { manager, safe, ownerKeys: twoOwnerKeys(chain), target: world.strata.policy, data };
    await scheduleThroughSafe(chain, call);
    await chain.mine((await chain.time()) + DELAY);
    await executeThroughSafe(chain, call);
    await sent(await as("stranger", world.strata.vault, "Vault"), "adoptSleeve", RESERVE);
    await report(1);
  }

  /** Somebody borrows all that the reserve's venue has but so much of it (parts of 100 of what lp2's units stand for). */
  async function lendOut(percentLeft: number): Promise<void> {
    const venue = await as("stranger", world.venues.assets.reserve, "local/LocalReserveVault");
    const [units] = (await unitsHeld()).filter(({ place }) => place === RESERVE);
    // Interest is paid in tokens when it accrues.
    await sent(venue, "accrue");
    const liquid = await balance("quote", world.venues.assets.reserve);
    const left = (BigInt(Math.round(Number(units!.quote) * 1e6)) * BigInt(percentLeft)) / 100n;
    await sent(venue, "lend", liquid - left);
  }

  async function balance(token: "base" | "quote", account: string): Promise<bigint> {
    const contract = await as("lp2", world.protocols.pair[token], "local/LocalToken");
    return (await contract.getFunction("balanceOf")(account)) as bigint;
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
    return strataAt(chain.url ?? "", args);
  }

  async function strataAt(url: string, args: readonly string[], lp: "lp1" | "lp2" = "lp2") {
    return inProcess(args, {
      RPC_URL: url,
      CHAIN_ID: "31337",
      VAULT: world.strata.vault,
      LENS: world.strata.lens,
      LP_PRIVATE_KEY: chain.accounts[lp].privateKey,
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
      [["redeem", "--address", world.protocols.pair.quote], /is no sleeve of this vault/u],
      [["redeem", "--percent", "0"], /--percent 0 redeems nothing/u],
    ] as const) {
      const { code, stderr } = await strata(...args);
      expect(code).to.equal(2);
      expect(stderr).to.match(message);
    }
  });

  it("refuses a contract that only calls itself a sleeve of the vault, before it gets any approval", async () => {
    const deployer = await chain.ethers.getSigner(chain.accounts.deployer.address);
    const venue = { kind: "erc4626", venue: world.venues.assets.reserve } as const;
    const foreign = await deploySleeve(deployer, world.strata.vault, venue);
    const before = await chain.ethers.provider.getTransactionCount(chain.accounts.lp2.address);
    const { code, stderr } = await strata("redeem", "--address", foreign);
    expect(code).to.equal(2);
    expect(stderr).to.match(
      /^strata: 0x\w+ names this vault, but the vault has never taken it in as a sleeve[^\n]+\n$/u,
    );
    expect(await chain.ethers.provider.getTransactionCount(chain.accounts.lp2.address)).to.equal(before);
  });

  it("finds units of a sleeve that has left its place, and redeems them by place, by address and by themselves", async () => {
    await document("withdraw", "--percent", "20", "--units", `${RESERVE},${ASSET}`);
    await freeReserve();
    const address = world.strata.sleeves.reserve!;
    const [, left] = await unitsHeld();
    expect(left).to.include({ place: null, leftPlace: RESERVE, address });
    expect(Number(left!.quote) > 0).to.equal(true);
    const { stdout } = await strata("status", "--account", chain.accounts.lp2.address);
    expect(stdout).to.match(/units +of sleeve 0x\w+, which has left place 2: stand for [\d,.]+ LUSD/u);
    for (const named of [["--place", String(RESERVE)], ["--address", address], []]) {
      const { sleeves } = await document<RedeemDocument>("redeem", "--percent", "10", ...named);
      const one = sleeves.find((sleeve) => sleeve.place === null)!;
      expect(one.refusal).to.equal(null);
      expect(Number(one.amounts.quote) > 0).to.equal(true);
    }
  });

  it("asks a node that looks through few blocks at once for parts", async () => {
    await document("withdraw", "--percent", "20", "--units", `${RESERVE},${ASSET}`);
    await freeReserve();
    const { url, server } = await withEventsOf(40, chain.url ?? "");
    try {
      const { code, stdout, stderr } = await strataAt(url, ["status", "--account", chain.accounts.lp2.address]);
      expect(code, stderr).to.equal(0);
      expect(stdout)
        .to.match(/units +of sleeve 0x\w+, which has left place 2/u)
        .and.not.match(/The node does not tell/u);
    } finally {
      server.close();
    }
  });

  it("says where the node tells no events, goes on with the present places, and approves nothing on a claim's word", async () => {
    await document("withdraw", "--percent", "20", "--units", `${RESERVE},${ASSET}`);
    await freeReserve();
    const { url, server } = await withEventsOf(0, chain.url ?? "");
    try {
      const status = await strataAt(url, ["status", "--account", chain.accounts.lp2.address]);
      expect(status.code, status.stderr).to.equal(0);
      expect(status.stdout).to.match(/units +The node does not tell which sleeves have left the vault/u);
      expect(status.stdout).to.match(/units +of sleeve 3/u);
      const named = await strataAt(url, ["redeem", "--address", world.strata.sleeves.reserve!]);
      expect(named.code).to.equal(1);
      expect(named.stderr).to.match(/The node does not tell whether the vault has ever taken in/u);
      const preview = await strataAt(url, ["redeem", "--preview"]);
      expect(preview.stdout).to.match(/Sleeve 3[^]*The node does not tell which sleeves/u);
    } finally {
      server.close();
    }
  });

  it("foretells a refusal of the venue, and the most that it would pay", async () => {
    await document("withdraw", "--percent", "50", "--units", `${CONVERSION},${RESERVE},${ASSET}`);
    await lendOut(40);
    const place = ["--place", String(RESERVE)] as const;
    const { code, stdout } = await strata("redeem", "--preview", ...place);
    expect(code).to.equal(0);
    expect(stdout).to.match(
      /would be refused\. Nothing is paid for them now because the venue has lent out what it would have to pay; try again later\. About (39|40) % of the units would be paid now \(--percent \d+\)\. These units stand for [\d,.]+ LUSD\./u,
    );
    const told = await document<RedeemDocument>("redeem", "--preview", ...place);
    const most = String(told.sleeves[0]!.mostPercent);
    const refused = await strata("redeem", ...place);
    expect(refused.code).to.equal(1);
    expect(refused.stderr).to.match(/the venue has lent out what it would have to pay.*--percent (39|40)\)/u);
    const redeemed = await document<RedeemDocument>("redeem", ...place, "--percent", most);
    expect(redeemed.sleeves[0]!.refusal).to.equal(null);
    expect(Number(redeemed.sleeves[0]!.amounts.quote) > 0).to.equal(true);
  });

  it("does not promise at once what settles later", async () => {
    await document("withdraw", "--percent", "50", "--units", `${CONVERSION},${RESERVE},${ASSET}`);
    const { sleeves } = await document<RedeemDocument>("redeem", "--preview", "--place", String(ASSET));
    expect(Number(sleeves[0]!.amounts.quote)).to.equal(0);
    expect(Number(sleeves[0]!.later) > 0).to.equal(true);
    const { stdout } = await strata("redeem", "--preview", "--place", String(ASSET));
    expect(stdout).to.match(/nothing yet\. About [\d,.]+ LUSD settle later/u);
  });

  it("checks the purse for a debt before it sends anything, and says it in the token's units", async () => {
    await document("withdraw", "--percent", "50", "--units", `${CONVERSION},${RESERVE},${ASSET}`);
    const [held] = await unitsHeld();
    const owed = BigInt(Math.round(-Number(held!.base) * 1e9)) * 10n ** 9n;
    const { lp2, stranger } = chain.accounts;
    const base = await as("lp2", world.protocols.pair.base, "local/LocalToken");
    await sent(base, "transfer", stranger.address, (await balance("base", lp2.address)) - owed / 2n);
    const count = await chain.ethers.provider.getTransactionCount(lp2.address);
    const words =
      /has to pay up to [\d.]+ LETH of its debt and has [\d.]+ LETH; get more of it, or redeem a part \(--percent 49\)\./u;
    const preview = await strata("redeem", "--preview", "--place", String(CONVERSION));
    expect(preview.stdout).to.match(words);
    const refused = await strata("redeem", "--place", String(CONVERSION));
    expect(refused.code).to.equal(1);
    expect(refused.stderr).to.match(words);
    expect(await chain.ethers.provider.getTransactionCount(lp2.address)).to.equal(count);
    await document("redeem", "--place", String(CONVERSION), "--percent", "49");
  });

  it("tells by the withdrawal's preview what units stand for, as status does afterwards", async () => {
    const units = ["--units", `${CONVERSION},${RESERVE},${ASSET}`] as const;
    const { sleeves } = await document<PreviewDocument>("withdraw", "--percent", "50", "--preview", ...units);
    const conversion = sleeves[0]!.standFor!;
    expect(conversion).to.include({ ownedToken: "LUSD", owedToken: "LETH" });
    const { stdout } = await strata("withdraw", "--percent", "50", "--preview", ...units);
    expect(stdout).to.match(
      /sleeve 0 \(0x\w+\): you get units of it, which stand for [\d,.]+ LUSD and owe [\d.]+ LETH;/u,
    );
    await document("withdraw", "--percent", "50", ...units);
    const [held] = await unitsHeld();
    expectClose(Number(held!.quote), Number(conversion.owned), Number(conversion.owned) * 1e-5);
    expectClose(-Number(held!.base), Number(conversion.owed), Number(conversion.owed) * 1e-5);
  });

  it("refuses dust, by previews and by commands", async () => {
    for (const preview of [[], ["--preview"]]) {
      const left = await strata("withdraw", "--shares", "0.000000000000000001", "--units", "none", ...preview);
      expect(left.code).to.equal(1);
      expect(left.stderr).to.match(/shares are worth less than the smallest part of either token; withdraw more/u);
    }
    await document("withdraw", "--percent", "10", "--units", `${CONVERSION},${ASSET}`);
    for (const preview of [[], ["--preview"]]) {
      const redeemed = await strata("redeem", "--percent", "0.00000000000001", ...preview);
      expect(redeemed.code).to.equal(1);
      expect(redeemed.stderr).to.match(/So few units are worth less than the smallest part of a token/u);
    }
  });

  it("passes over a place with nothing in it, and says so; none is no place", async () => {
    const [named, said] = [["withdraw", "--percent", "1", "--preview", "--units"], "1,3"];
    const { emptyPlaces, sleeves } = await document<PreviewDocument>(...named, said);
    expect(emptyPlaces).to.deep.equal([1]);
    expect(sleeves.map(({ place, as: way }) => [place, way])).to.deep.equal([
      [CONVERSION, "tokens"],
      [RESERVE, "tokens"],
      [ASSET, "units"],
    ]);
    const { stdout } = await strata(...named, said);
    expect(stdout).to.match(/sleeve 1: the vault holds nothing there, so there are no units to take\./u);
    const none = await document<PreviewDocument>(...named, "none");
    expect(none.sleeves.map(({ as: way }) => way)).to.deep.equal(["tokens", "tokens", "tokens"]);
  });

  it("says by status how the asker's own shares leave, and else how all would at once", async () => {
    await document("withdraw", "--percent", "99", "--units", `${RESERVE},${ASSET}`);
    await lendOut(50);
    const all = (await strata("status")).stdout;
    expect(all).to.match(/all at once: leave with units, because the venue has lent out/u);
    const own = (await strata("status", "--account", chain.accounts.lp2.address)).stdout;
    expect(own)
      .to.match(/your shares leave in tokens/u)
      .and.not.match(/because the venue has lent out/u);
    const { account } = await document<{ account: { exits: readonly { place: number; as: string }[] } }>(
      "status",
      "--account",
      chain.accounts.lp2.address,
    );
    expect(account.exits.find(({ place }) => place === RESERVE)?.as).to.equal("tokens");
  });

  it("prints the exit fee's effective rate, since it is on the lesser of leaving and staying shares", async () => {
    const vault = await as("keeper", world.strata.vault, "Vault");
    await sent(vault, "setFees", 5, 5);
    await chain.mine((await chain.time()) + WEEK);
    await report(1);
    const size = ["withdraw", "--all", "--units", String(ASSET), "--preview"] as const;
    const json = await strataAt(chain.url ?? "", [...size, "--json"], "lp1");
    const { fee } = JSON.parse(json.stdout) as PreviewDocument;
    expect(fee.bps).to.equal(5);
    // lp1 has 600,000 of a million shares.
    expectClose(fee.effectiveBps, (5 * 4) / 6, 0.02);
    expect((await strataAt(chain.url ?? "", size, "lp1")).stdout).to.match(
      /An exit fee of [\d,.]+ shares \([\d.]+ bps of what leaves: 5 bps of the lesser of what leaves and what stays\) is taken off\./u,
    );
  });
});

interface Range {
  readonly fromBlock?: string;
  readonly toBlock?: string;
}

/** The same node, but it looks for events through fewer blocks than so many at once. */
async function withEventsOf(blocks: number, url: string): Promise<{ readonly url: string; readonly server: Server }> {
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (part: Buffer) => (body += part.toString()));
    request.on("end", () => {
      void (async (): Promise<void> => {
        const { id, method, params } = JSON.parse(body) as { id: number; method: string; params: readonly Range[] };
        const error = { code: -32005, message: "query exceeds the range of blocks" };
        const { fromBlock = "0x0", toBlock = "0x0" } = params[0] ?? {};
        const tooLong = Number(toBlock) - Number(fromBlock) >= blocks;
        const text =
          method === "eth_getLogs" && tooLong
            ? JSON.stringify({ jsonrpc: "2.0", id, error })
            : await (
                await fetch(url, { method: "POST", body, headers: { "content-type": "application/json" } })
              ).text();
        response.setHeader("content-type", "application/json");
        response.end(text);
      })();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const at = server.address();
  return { url: `http://127.0.0.1:${typeof at === "object" ? String(at?.port) : ""}`, server };
}
