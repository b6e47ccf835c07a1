import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { writeLocalWorld } from "../../keeper/cli/localWorld.ts";
import type { Bar, PricePath } from "../../keeper/market/types.ts";
import { startChain, type LocalChain } from "../../scripts/local/chain.ts";
import { Market } from "../../scripts/local/market/market.ts";
import { accountAddresses, deployWorld, PREPARATION, type LocalDeployment } from "../../scripts/local/setup.ts";
import { inProcess } from "../keeper/cli/run.ts";
import { expectClose } from "../support/close.ts";

const FROM = 1_704_067_200;
const PRICE = 2_300;
const bar: Bar = { time: FROM, open: PRICE, high: PRICE, low: PRICE, close: PRICE, volume: 1 };
const path: PricePath = {
  source: "generator",
  from: FROM,
  to: FROM + 3600,
  step: 3600,
  bars: [bar],
  filledBars: 0,
  history: [],
};

describe("local world: a vault without LPs", function () {
  this.timeout(60_000);
  let chain: LocalChain;
  let world: LocalDeployment;
  const dir = mkdtempSync(join(tmpdir(), "strata-"));
  const strata = (...args: string[]): ReturnType<typeof inProcess> => inProcess([...args, "--dir", dir]);

  before(async () => {
    chain = await startChain({ time: FROM - PREPARATION, port: 0 });
    world = await deployWorld(chain, FROM, PRICE);
    await new Market(chain, world.protocols, path).open();
    const { pair, uniswap, safe } = world.protocols;
    writeLocalWorld(dir, {
      ...world.strata,
      pid: process.pid,
      url: chain.url!,
      chainId: chain.chainId,
      startedAt: new Date().toISOString(),
      safe: safe.address,
      factory: uniswap.factory.address,
      quoter: uniswap.quoter.address,
      journal: join(dir, "none.sqlite"),
      baseToken: pair.base,
      quoteToken: pair.quote,
      pools: {},
      accounts: accountAddresses(chain),
    });
  });

  after(() => chain.stop());

  it("shows an empty vault", async () => {
    const { code, stdout, stderr } = await strata("status", "--json");
    expect(code, stderr).to.equal(0);
    expect(JSON.parse(stdout)).to.include({ nav: "0.0", shareSupply: "0.0", planNonce: "0" });
    expect((await strata("status")).code).to.equal(0);
  });

  it("says who has too little, before anything is approved", async () => {
    const { code, stderr } = await strata("deposit", "--value", "5000", "--as", "lp1");
    expect(code).to.equal(1);
    expect(stderr).to.match(
      /^strata: lp1 .* has too little for this deposit: 0 LETH of up to 1\.09\d+ LETH and 0 LUSD of up to/,
    );
  });

  it("takes a first deposit half in each token, refuses one that is too small, and lets it all out again", async () => {
    const { pair } = world.protocols;
    const { lp1 } = chain.accounts;
    const signer = await chain.ethers.getSigner(lp1.address);
    for (const [token, amount] of [
      [pair.base, 10n * 10n ** 18n],
      [pair.quote, 20_000n * 10n ** 6n],
    ] as const) {
      const contract = await chain.ethers.getContractAt("LocalToken", token, signer);
      await contract.getFunction("mint").send(lp1.address, amount);
    }
    const small = await strata("deposit", "--value", "999", "--as", "lp1");
    expect([small.code, small.stdout]).to.deep.equal([1, ""]);
    expect(small.stderr).to.match(/the first deposit must be at least/);

    const deposited = await strata("deposit", "--value", "5000", "--as", "lp1", "--json");
    expect(deposited.code, deposited.stderr).to.equal(0);
    const move = JSON.parse(deposited.stdout) as { shares: string; amounts: { base: string; quote: string } };
    expect(move.shares).to.equal("5000.0");
    expectClose(Number(move.amounts.quote), 2500, 0.5);
    expectClose(Number(move.amounts.base) * PRICE, 2500, 5);

    // Nothing of the approvals is left.
    for (const token of [pair.base, pair.quote]) {
      const contract = await chain.ethers.getContractAt("LocalToken", token, signer);
      expect(await contract.getFunction("allowance")(lp1.address, world.strata.vault)).to.equal(0n);
    }
    const withdrawn = await strata("withdraw", "--all", "--as", "lp1", "--json");
    expect(withdrawn.code, withdrawn.stderr).to.equal(0);
    expect(JSON.parse(withdrawn.stdout)).to.deep.include({ shares: "5000.0" });
    // Only the locked shares are left: the first deposit's rule holds again.
    const again = await strata("deposit", "--shares", "2000", "--as", "lp1");
    expect(again.code, again.stderr).to.equal(0);
    expect(again.stdout).to.match(/lp1 \(public test key\) deposited .* for 2,000 shares/);
  });
});
