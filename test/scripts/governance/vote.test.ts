/** `npm run vote` on a chain whose path has ended: what it carries out, what it refuses before anything is signed, and what it leaves. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { expect } from "chai";
import { Contract, ZeroAddress } from "ethers";

import { writeLocalWorld } from "../../../keeper/cli/localWorld.ts";
import { loadPath } from "../../../keeper/market/path.ts";
import { loadArtifact } from "../../../scripts/deploy/artifacts.ts";
import { deploySleeve } from "../../../scripts/deploy/sleeves.ts";
import { GREATEST } from "../../../scripts/governance/bounds.ts";
import { VoteError } from "../../../scripts/governance/call.ts";
import { vote } from "../../../scripts/governance/vote.ts";
import { startChain, type LocalChain } from "../../../scripts/local/chain.ts";
import { FeedKeeper } from "../../../scripts/local/market/feedKeeper.ts";
import { Market } from "../../../scripts/local/market/market.ts";
import {
  accountAddresses,
  deployWorld,
  depositFirst,
  openVenues,
  PREPARATION,
  type LocalDeployment,
} from "../../../scripts/local/setup.ts";
import { inProcess } from "../../keeper/cli/run.ts";
import { ONE } from "../../support/arithmetic.ts";

const CONVERSION = 0;
const RESERVE = 2;
const ASSET = 3;
/** Loan-to-value of the debt that is opened: health is 0.86 over it. */
const LTV = 0.6;
const ENTRY = fileURLToPath(new URL("../../../scripts/governance/localVote.ts", import.meta.url));

describe("a vote in the local world", function () {
  this.timeout(240_000);

  let chain: LocalChain;
  let world: LocalDeployment;
  let price: number;
  let dir: string;
  let snapshot: string;

  before(async () => {
    dir = mkdtempSync(join(tmpdir(), "strata-vote-"));
    const path = await loadPath({ seed: 4, days: 1 });
    price = path.bars[0]!.open;
    chain = await startChain({ time: path.from - PREPARATION, port: 0 });
    world = await deployWorld(chain, path.from, price);
    await new Market(chain, world.protocols, path).open();
    await openVenues(chain, world);
    await depositFirst(chain, world, price);
    publish(await chain.time());
  });
  beforeEach(async () => {
    snapshot = await request<string>("evm_snapshot");
  });
  afterEach(async () => {
    await request("evm_revert", snapshot);
  });
  after(async () => {
    await chain.stop();
    rmSync(dir, { recursive: true });
  });

  /** As a running world does. */
  function publish(pathEndsAt: number): void {
    const { protocols, strata } = world;
    writeLocalWorld(dir, {
      pid: process.pid,
      url: chain.url ?? "",
      chainId: chain.chainId,
      startedAt: new Date().toISOString(),
      pathEndsAt,
      ...strata,
      safe: protocols.safe.address,
      factory: protocols.uniswap.factory.address,
      quoter: protocols.uniswap.quoter.address,
      journal: join(dir, "keeper.sqlite"),
      baseToken: protocols.pair.base,
      quoteToken: protocols.pair.quote,
      pools: Object.fromEntries(protocols.uniswap.pools.map((pool) => [String(pool.fee), pool.address])),
      accounts: accountAddresses(chain),
    });
  }

  async function request<T>(method: string, ...params: readonly unknown[]): Promise<T> {
    return (await chain.provider.request({ method, params })) as T;
  }

  async function as(account: keyof LocalChain["accounts"], address: string, source: string): Promise<Contract> {
    const signer = await chain.ethers.getSigner(chain.accounts[account].address);
    return new Contract(address, (await loadArtifact(source)).abi, signer);
  }

  /** What a vote says, one line each. */
  async function said(...words: readonly string[]): Promise<string> {
    const lines: string[] = [];
    await vote(["--dir", dir, ...words], (line) => lines.push(line));
    return lines.join("\n");
  }

  /** What a vote is refused with, and what it said before. */
  async function refused(...words: readonly string[]): Promise<{ readonly why: string; readonly before: string }> {
    const lines: string[] = [];
    try {
      await vote(["--dir", dir, ...words], (line) => lines.push(line));
    } catch (error) {
      expect(error).to.be.instanceOf(VoteError);
      return { why: (error as Error).message, before: lines.join("\n") };
    }
    throw new Error(`"${words.join(" ")}" was not refused: ${lines.join("\n")}`);
  }

  async function safeNonce(): Promise<bigint> {
    const { address, abi } = world.protocols.safe;
    return (await new Contract(address, abi, chain.ethers.provider).getFunction("nonce")()) as bigint;
  }

  async function held(index: number): Promise<string | undefined> {
    const vault = await as("stranger", world.strata.vault, "Vault");
    const [list] = (await vault.getFunction("sleeves")()) as [readonly string[], bigint];
    return list[index];
  }

  /** The keeper moves parts of what the vault has. */
  async function move(
    moves: readonly { sleeve: number; take: boolean; token1: boolean; fraction: bigint }[],
  ): Promise<void> {
    const vault = await as("keeper", world.strata.vault, "Vault");
    const sent = (await vault.getFunction("execute").send({
      nonce: (await vault.getFunction("planNonce")()) as bigint,
      deadline: (await chain.time()) + 3600,
      twapHint: 65_535,
      decisionHash: `0x${"00".repeat(32)}`,
      burns: [],
      moves: moves.map((one) => ({ ...one, afterSwaps: false, min: 0n })),
      swaps: [],
      mints: [],
    })) as { wait(): Promise<unknown> };
    await sent.wait();
  }

  const quoteIs1 = (): boolean => !world.protocols.pair.quoteIsToken0;

  it("removes a sleeve from end to end, each message naming the next command, and leaves an oracle that speaks", async () => {
    await move([{ sleeve: RESERVE, take: false, token1: quoteIs1(), fraction: ONE / 4n }]);
    const before = await chain.time();
    const voted = await said("sleeve", "set", "reserve", "none", "0");
    expect((await chain.time()) - before).to.be.within(48 * 3600, 48 * 3600 + 60);
    expect(voted).to.include("the path has ended").and.include("the oracle speaks");
    const unwind = `npm run vote -- --dir ${dir} guardian unwind reserve`;
    const take = `npm run vote -- --dir ${dir} sleeve adopt reserve`;
    expect(voted).to.match(/place 2 \(reserve\) is still filled/);
    expect(voted).to.include(unwind).and.include(take);
    expect(await held(RESERVE)).to.equal(world.strata.sleeves.reserve);

    const early = await refused("sleeve", "adopt", "reserve");
    expect(early.before).to.include(unwind).and.include(take);
    expect(await refused("unwind", "asset"))
      .to.have.property("why")
      .that.matches(/holds nothing in sleeve 3/);
    expect((await refused("guardian", "unwind", "1")).why).to.match(/guardian's call.*holds nothing in sleeve 1/);

    const unwound = await said("guardian", "unwind", "reserve");
    expect(unwound).to.include(`sent       by the guardian ${chain.accounts.guardian.address}`);
    expect(unwound)
      .to.match(/place 2 \(reserve\) is empty/)
      .and.include(take);
    expect(await said("sleeve", "adopt", "2")).to.match(/the vault has freed place 2/);
    expect(await held(RESERVE)).to.equal(ZeroAddress);
    expect(await said("sleeve", "adopt", "2")).to.match(/is free already/);

    const status = await inProcess(["status", "--json", "--dir", dir]);
    expect(status.code, status.stderr).to.equal(0);
    expect((JSON.parse(status.stdout) as { oracle: { ok: boolean } }).oracle.ok).to.equal(true);
  });

  it("unwinds what the policy still names, by the Safe too, and says how it stays empty", async () => {
    await move([{ sleeve: RESERVE, take: false, token1: quoteIs1(), fraction: ONE / 4n }]);
    const unwound = await said("unwind", "reserve");
    expect(unwound)
      .to.match(/signed +by two owners/)
      .and.match(/in effect +at once$/m);
    expect(unwound).to.include("guardian sleeve cap reserve 0").and.include("sleeve set reserve none 0");
  });

  it("puts another sleeve in a filled place: nowhere else meanwhile, and in once the place is empty", async () => {
    await move([{ sleeve: RESERVE, take: false, token1: quoteIs1(), fraction: ONE / 4n }]);
    const deployer = await chain.ethers.getSigner(chain.accounts.deployer.address);
    const venue = world.venues.assets.reserve;
    const next = await deploySleeve(deployer, world.strata.vault, { kind: "erc4626", venue });
    expect(await said("sleeve", "set", "2", next, "1000")).to.match(/still filled.*take the next sleeve in/s);
    const twice = await refused("sleeve", "set", "asset", next, "100");
    expect(twice.why).to.match(/is named for place 2 \(reserve\) by the policy/);
    await said("guardian", "unwind", "2");
    expect(await said("sleeve", "adopt", "reserve")).to.match(/taken the sleeve in at place 2 \(reserve\)/);
    expect(await held(RESERVE)).to.equal(next);
    // Its cap alone is another decision about the same sleeve.
    expect(await said("sleeve", "set", "reserve", next, "2000")).to.match(/has the policy's sleeve in place 2/);
  });

  it("unwinds a fund that settles later in several calls, naming the command again until the place is empty", async () => {
    await move([{ sleeve: ASSET, take: false, token1: quoteIs1(), fraction: ONE / 50n }]);
    // The deposit settles and is asked back; what was asked for settles and is taken in.
    for (let call = 0; call < 2; call++) {
      const unwound = await said("guardian", "unwind", "asset");
      expect(unwound).to.match(/what could be taken out of place 3 \(asset\)/);
      expect(unwound).to.include(`npm run vote -- --dir ${dir} guardian unwind asset`);
      await chain.mine((await chain.time()) + 4 * 24 * 3600);
    }
    expect(await said("guardian", "unwind", "asset")).to.match(/place 3 \(asset\) is empty/);
  });

  it("leaves the time to a path that still runs, however slowly its blocks come", async () => {
    const start = await chain.time();
    publish(start + 72 * 3600);
    try {
      const voted = said("addKeeper", chain.accounts.stranger.address);
      // Longer than an ended path is waited for.
      await sleep(8_000);
      const now = await chain.time();
      expect(now - start).to.be.below(60);
      await chain.mine(now + 48 * 3600);
      const text = await voted;
      expect(text)
        .to.match(/in effect +after the delay/)
        .and.not.include("the path has ended");
    } finally {
      publish(start);
    }
  });

  it("has anybody bring a debt down", async () => {
    const open = { sleeve: CONVERSION, afterSwaps: false };
    await move([
      { ...open, take: false, token1: quoteIs1(), fraction: ONE / 4n },
      { ...open, take: true, token1: !quoteIs1(), fraction: (ONE * BigInt(LTV * 100)) / 100n },
    ]);
    expect((await refused("sleeve", "deleverage", "conversion")).why).to.match(/healthy/);
    const time = (await chain.time()) + 1;
    const feed = new FeedKeeper(world.protocols.feeds.base, chain.accounts.feedTransmitter.address);
    await chain.block(time, [feed.transmission((price * 0.86) / LTV / 1.05, time, true)!]);
    expect(await said("sleeve", "deleverage", "conversion")).to.match(/repaid +[1-9]\d+ wei of the debt in place 0/);
  });

  it("refuses what would fail after the delay before anybody signs, with the contract's reason", async () => {
    const nonce = await safeNonce();
    const { why } = await refused("addKeeper", chain.accounts.keeper.address);
    expect(why).to.match(/would fail after the delay, so it is not scheduled\. .* is a keeper already/);
    expect((await refused("setCaps", "lossRefillBps=90")).why).to.match(/limit lossRefillBps/);
    expect((await refused("addPool", "123")).why).to.match(/no pool of this pair with fee 123/);
    expect((await refused("setTerms", "twapWindow=1")).why).to.match(/terms are refused \(twapWindow/);
    expect(await safeNonce()).to.equal(nonce);
  });

  it("refuses a sleeve that the vault could never take in, saying which it is", async () => {
    const nonce = await safeNonce();
    const { stranger } = chain.accounts;
    const why = async (place: string, sleeve: string): Promise<string> =>
      (await refused("sleeve", "set", place, sleeve, "100")).why;
    expect(await why("reserve", stranger.address)).to.match(/has no code/);
    expect(await why("reserve", world.strata.policy)).to.match(/is no sleeve/);
    expect(await why("asset", world.strata.sleeves.reserve!)).to.match(
      /stands in place 2 \(reserve\).*place 3 \(asset\)/,
    );
    // A contract that names another vault whatever it is asked.
    const foreign = "0x00000000000000000000000000000000000F0001";
    await request("hardhat_setCode", foreign, `0x73${stranger.address.slice(2)}5f5260205ff3`);
    expect(await why("reserve", foreign)).to.include(`belongs to another vault, ${stranger.address}`);
    // One of this vault's that is no sleeve otherwise: the policy's own check.
    await request("hardhat_setCode", foreign, `0x73${world.strata.vault.slice(2)}5f5260205ff3`);
    expect(await why("reserve", foreign)).to.match(/not scheduled/);
    expect(await safeNonce()).to.equal(nonce);
  });

  it("knows the greatest values that the contracts know", async () => {
    const constants: readonly (readonly [string, string, string])[] = [
      ["coreWeightCapBps", "Policy", "MAX_WEIGHT_BPS"],
      ["minHalfWidth", "Policy", "MAX_HALF_WIDTH"],
      ["maxHalfWidth", "Policy", "MAX_HALF_WIDTH"],
      ["maxPlanLossBps", "Policy", "MAX_PLAN_LOSS_BPS"],
      ["lossCapBps", "Policy", "MAX_LOSS_CAP_BPS"],
      ["lossRefillBps", "Policy", "MAX_LOSS_CAP_BPS"],
      ["turnoverCapBps", "Policy", "MAX_TURNOVER_CAP_BPS"],
      ["turnoverRefillBps", "Policy", "MAX_TURNOVER_CAP_BPS"],
      ["churnCapBps", "Policy", "MAX_CHURN_CAP_BPS"],
      ["churnRefillBps", "Policy", "MAX_CHURN_CAP_BPS"],
      ["lvrLimitBps", "Policy", "MAX_LVR_LIMIT_BPS"],
      ["treasuryShareBps", "Policy", "MAX_TREASURY_SHARE_BPS"],
      ["maxEntryFeeBps", "Policy", "MAX_ENTRY_FEE_BPS"],
      ["maxExitFeeBps", "Policy", "MAX_EXIT_FEE_BPS"],
      ["deleverageCapBps", "Policy", "MAX_DELEVERAGE_CAP_BPS"],
      ["deleverageRefillBps", "Policy", "MAX_DELEVERAGE_CAP_BPS"],
      ["capBps", "Policy", "MAX_WEIGHT_BPS"],
      ["twapWindow", "PriceOracle", "MAX_TWAP_WINDOW"],
      ["twapBandBps", "PriceOracle", "MAX_TWAP_BAND_BPS"],
      ["baseHeartbeat", "PriceOracle", "MAX_HEARTBEAT"],
      ["quoteHeartbeat", "PriceOracle", "MAX_HEARTBEAT"],
      ["baseDeviationBps", "PriceOracle", "MAX_BAND_BPS"],
      ["quoteDeviationBps", "PriceOracle", "MAX_BAND_BPS"],
    ];
    for (const [field, source, constant] of constants) {
      const at = source === "Policy" ? world.strata.policy : world.strata.oracle;
      expect(await (await as("stranger", at, source)).getFunction(constant)(), field).to.equal(GREATEST[field]);
    }
    expect(Object.keys(GREATEST)).to.have.members([...constants.map(([field]) => field), "index"]);
  });

  it("finds its world by --dir alone, and says which one does not run", async () => {
    const empty = mkdtempSync(join(tmpdir(), "strata-vote-"));
    const lines: string[] = [];
    let why = "";
    try {
      await vote(["setCaps", "lossCapBps=60", `--dir=${empty}`], (line) => lines.push(line));
    } catch (error) {
      why = (error as Error).message;
    }
    rmSync(empty, { recursive: true });
    expect(why).to.include(`npm start -- --dir ${empty}`);
    expect(lines).to.deep.equal([]);
    expect(await said("guardian", "pause")).to.match(/in effect +at once: it only takes room away/);
    expect((await refused("guardian", "addPool", "100")).why).to.match(/the Safe must decide/);
  });

  it("as a process, lists what can be decided with exit code 0 when nothing is said", async () => {
    const run = promisify(execFile);
    for (const words of [[], ["guardian"]]) {
      const { stdout, stderr } = await run(process.execPath, [
        "--disable-warning=ExperimentalWarning",
        ENTRY,
        ...words,
      ]);
      expect(stderr).to.equal("");
      expect(stdout).to.include("unwind PLACE").and.not.include("There is no");
    }
  });
});
