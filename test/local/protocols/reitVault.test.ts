import { expect } from "chai";
import { network } from "hardhat";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import { dataSlice, id } from "ethers";

import { startChain } from "../../../scripts/local/chain.ts";
import { deployAssetVaults } from "../../../scripts/local/protocols/assetVaults.ts";
import { deployPair } from "../../../scripts/local/protocols/tokens.ts";
import type { LocalReitVault } from "../../../types/ethers-contracts/local/LocalReitVault.ts";
import type { LocalToken } from "../../../types/ethers-contracts/local/LocalToken.ts";
import { MAX_UINT256, ONE } from "../../support/arithmetic.ts";
import { SOME_TIME } from "../support.ts";

const connection = await network.create();
const { ethers, networkHelpers } = connection;

const UNIT = 10n ** 6n;
const DELAY = 3 * 86_400;
/** Requests settle at dealing times; eight of them lie in a delay. */
const STEP = DELAY / 8;
/** 1.25 asset units a share. */
const NAV = (125n * ONE) / 100n;

interface Stage {
  readonly token: LocalToken;
  readonly vault: LocalReitVault;
  readonly address: string;
  readonly reporter: HardhatEthersSigner;
  readonly alice: HardhatEthersSigner;
  readonly bob: HardhatEthersSigner;
  /** As alice and as bob, each with ten million units that the vault may take. */
  readonly asAlice: LocalReitVault;
  readonly asBob: LocalReitVault;
}

async function open(): Promise<Stage> {
  const [, reporter, alice, bob] = await ethers.getSigners();
  if (reporter === undefined || alice === undefined || bob === undefined) throw new Error("no accounts");
  const token = await ethers.deployContract("LocalToken", ["Local Dollar", "LUSD", 6]);
  const asset = await token.getAddress();
  const vault = await ethers.deployContract("LocalReitVault", [asset, "REIT", "REIT", reporter.address, NAV, DELAY]);
  const address = await vault.getAddress();
  for (const person of [alice, bob]) {
    await token.mint(person.address, 10_000_000n * UNIT);
    await token.connect(person).approve(address, MAX_UINT256);
  }
  return { token, vault, address, reporter, alice, bob, asAlice: vault.connect(alice), asBob: vault.connect(bob) };
}

/** The dealing time of a request that was made in the newest block. */
async function dealing(): Promise<number> {
  return Math.ceil(((await networkHelpers.time.latest()) + DELAY) / STEP) * STEP;
}

/** What a controller's requests look like: pending and claimable assets, pending and claimable shares. */
async function requests(vault: LocalReitVault, controller: string): Promise<readonly bigint[]> {
  return [
    await vault.pendingDepositRequest(0, controller),
    await vault.claimableDepositRequest(0, controller),
    await vault.pendingRedeemRequest(0, controller),
    await vault.claimableRedeemRequest(0, controller),
  ];
}

const DEPOSIT = "deposit(uint256,address)";
const DEPOSIT_FOR = "deposit(uint256,address,address)";
const MINT = "mint(uint256,address)";

describe("LocalReitVault", () => {
  const load = (): Promise<Stage> => networkHelpers.loadFixture(open);

  /** Alice with 80,000 shares, bought at NAV for 100,000 units. */
  async function invested(): Promise<Stage> {
    const stage = await open();
    const { alice, asAlice } = stage;
    await asAlice.requestDeposit(100_000n * UNIT, alice.address, alice.address);
    await networkHelpers.time.increaseTo(await dealing());
    await asAlice[DEPOSIT](100_000n * UNIT, alice.address);
    return stage;
  }

  const loadInvested = (): Promise<Stage> => networkHelpers.loadFixture(invested);

  it("a deposit is requested, pending, claimable at its dealing time and not a second before, and claimed", async () => {
    const { token, vault, address, alice, asAlice } = await load();
    const request = asAlice.requestDeposit(100_000n * UNIT, alice.address, alice.address);
    await expect(request)
      .to.emit(vault, "DepositRequest")
      .withArgs(alice.address, alice.address, 0, alice.address, 100_000n * UNIT);
    const at = await dealing();
    expect(at - (await networkHelpers.time.latest())).to.be.within(DELAY, DELAY + STEP);
    expect(await token.balanceOf(address)).to.equal(100_000n * UNIT);

    await networkHelpers.time.increaseTo(at - 2);
    expect(await requests(vault, alice.address)).to.deep.equal([100_000n * UNIT, 0n, 0n, 0n]);
    expect(await vault.maxDeposit(alice.address)).to.equal(0n);
    // Mined at the second before.
    await expect(asAlice[DEPOSIT](1n, alice.address)).to.be.revertedWithCustomError(vault, "NotClaimable");

    await networkHelpers.time.increaseTo(at);
    expect(await requests(vault, alice.address)).to.deep.equal([0n, 100_000n * UNIT, 0n, 0n]);
    expect(await vault.maxMint(alice.address)).to.equal(80_000n * UNIT);
    expect(await vault.totalSupply()).to.equal(0n);
    await asAlice[DEPOSIT](25_000n * UNIT, alice.address);
    await asAlice[MINT](60_000n * UNIT, alice.address);
    expect(await vault.balanceOf(alice.address)).to.equal(80_000n * UNIT);
    expect(await requests(vault, alice.address)).to.deep.equal([0n, 0n, 0n, 0n]);
    await expect(asAlice[MINT](1n, alice.address)).to.be.revertedWithCustomError(vault, "NotClaimable");
    expect(await vault.totalAssets()).to.equal(100_000n * UNIT);
  });

  it("a redemption takes the shares at once and pays at its dealing time, what is missing as new income", async () => {
    const { token, vault, address, reporter, alice, bob, asAlice } = await loadInvested();
    await vault.connect(reporter).report(2n * ONE);
    await asAlice.requestRedeem(80_000n * UNIT, alice.address, alice.address);
    const at = await dealing();
    expect(await vault.balanceOf(alice.address)).to.equal(0n);
    await networkHelpers.time.increaseTo(at - 1);
    expect(await requests(vault, alice.address)).to.deep.equal([0n, 0n, 80_000n * UNIT, 0n]);
    await networkHelpers.time.increaseTo(at);
    expect(await requests(vault, alice.address)).to.deep.equal([0n, 0n, 0n, 80_000n * UNIT]);
    expect(await vault.maxWithdraw(alice.address)).to.equal(160_000n * UNIT);

    await asAlice.redeem(20_000n * UNIT, bob.address, alice.address);
    await asAlice.withdraw(120_000n * UNIT, bob.address, alice.address);
    expect(await token.balanceOf(bob.address)).to.equal(10_160_000n * UNIT);
    expect(await token.balanceOf(address)).to.equal(0n);
    expect(await vault.totalSupply()).to.equal(0n);
  });

  it("settles at the value of the dealing time: who claims late has no choice, and later requests have their own", async () => {
    const { vault, reporter, alice, asAlice } = await loadInvested();
    const asReporter = vault.connect(reporter);
    await asAlice.requestRedeem(10_000n * UNIT, alice.address, alice.address);
    const first = await dealing();
    await networkHelpers.time.increaseTo(first - 100);
    await asReporter.report((11n * ONE) / 10n);
    await asAlice.requestRedeem(10_000n * UNIT, alice.address, alice.address);
    const second = await dealing();
    await networkHelpers.time.increaseTo(first + 100);
    await asReporter.report(3n * ONE);
    expect(await requests(vault, alice.address)).to.deep.equal([0n, 0n, 10_000n * UNIT, 10_000n * UNIT]);
    expect(await vault.maxWithdraw(alice.address)).to.equal(11_000n * UNIT);
    await networkHelpers.time.increaseTo(second);
    await asReporter.report(9n * ONE);
    // The second at 3, the value in force at its dealing time; both added up.
    expect(await vault.maxRedeem(alice.address)).to.equal(20_000n * UNIT);
    expect(await vault.maxWithdraw(alice.address)).to.equal(41_000n * UNIT);
  });

  it("believes a wrong report: it misprices whoever settles until the next one, and donations change nothing", async () => {
    const { token, vault, address, reporter, alice, bob, asAlice, asBob } = await loadInvested();
    await expect(asAlice.report(ONE)).to.be.revertedWithCustomError(vault, "NotReporter").withArgs(alice.address);
    await token.connect(bob).transfer(address, 50_000n * UNIT);
    expect(await vault.totalAssets()).to.equal(100_000n * UNIT);
    expect(await vault.convertToAssets(UNIT)).to.equal((UNIT * NAV) / ONE);

    // A tenth of the right value: bob's 10,000 units buy ten times the shares.
    await vault.connect(reporter).report(NAV / 10n);
    expect(await vault.totalAssets()).to.equal(10_000n * UNIT);
    await asBob.requestDeposit(10_000n * UNIT, bob.address, bob.address);
    await networkHelpers.time.increaseTo(await dealing());
    await vault.connect(reporter).report(NAV);
    await asBob[DEPOSIT](10_000n * UNIT, bob.address);
    expect(await vault.balanceOf(bob.address)).to.equal(80_000n * UNIT);
    expect(await vault.totalAssets()).to.equal(200_000n * UNIT);
    expect(await vault.reportedAt()).to.be.lessThan(await networkHelpers.time.latest());
  });

  it("has no previews, as the standard says", async () => {
    const { vault } = await loadInvested();
    for (const preview of ["previewDeposit", "previewMint", "previewRedeem", "previewWithdraw"] as const) {
      await expect(vault[preview](0)).to.be.revertedWithCustomError(vault, "NoPreview");
      await expect(vault[preview](UNIT)).to.be.revertedWithCustomError(vault, "NoPreview");
    }
  });

  it("announces the standard's interfaces by the ids that its functions make", async () => {
    const { vault, address } = await load();
    const interfaceId = (signatures: readonly string[]): string => {
      const bits = signatures.map((signature) => BigInt(dataSlice(id(signature), 0, 4))).reduce((a, b) => a ^ b, 0n);
      return `0x${bits.toString(16).padStart(8, "0")}`;
    };
    const ids = [
      interfaceId(["supportsInterface(bytes4)"]),
      interfaceId(["setOperator(address,bool)", "isOperator(address,address)"]),
      interfaceId([
        "requestDeposit(uint256,address,address)",
        "pendingDepositRequest(uint256,address)",
        "claimableDepositRequest(uint256,address)",
        "deposit(uint256,address,address)",
        "mint(uint256,address,address)",
      ]),
      interfaceId([
        "requestRedeem(uint256,address,address)",
        "pendingRedeemRequest(uint256,address)",
        "claimableRedeemRequest(uint256,address)",
      ]),
      interfaceId([
        ...["asset()", "totalAssets()", "share()"],
        ...["convertToShares(uint256)", "convertToAssets(uint256)"],
        ...["maxDeposit(address)", "maxMint(address)", "maxRedeem(address)", "maxWithdraw(address)"],
        ...["previewDeposit(uint256)", "previewMint(uint256)", "previewRedeem(uint256)", "previewWithdraw(uint256)"],
        ...["deposit(uint256,address)", "mint(uint256,address)"],
        ...["redeem(uint256,address,address)", "withdraw(uint256,address,address)"],
      ]),
    ];
    for (const one of ids) expect(await vault.supportsInterface(one), one).to.equal(true);
    expect(await vault.supportsInterface("0xffffffff")).to.equal(false);
    expect(await vault.share()).to.equal(address);
  });

  it("obeys a controller and its operators alone", async () => {
    const { token, vault, alice, bob, asAlice, asBob } = await loadInvested();
    await expect(asBob.requestDeposit(UNIT, bob.address, alice.address))
      .to.be.revertedWithCustomError(vault, "NotOperator")
      .withArgs(alice.address, bob.address);
    await expect(asBob.requestRedeem(UNIT, bob.address, alice.address)).to.be.revertedWithCustomError(
      vault,
      "ERC20InsufficientAllowance",
    );
    // An allowance lets him redeem so much and is used up.
    await asAlice.approve(bob.address, UNIT);
    await asBob.requestRedeem(UNIT, alice.address, alice.address);
    expect(await vault.allowance(alice.address, bob.address)).to.equal(0n);
    await asAlice.requestDeposit(UNIT, alice.address, alice.address);
    await networkHelpers.time.increase(2 * DELAY);
    await expect(asBob.redeem(UNIT, bob.address, alice.address)).to.be.revertedWithCustomError(vault, "NotOperator");
    await expect(asBob[DEPOSIT_FOR](UNIT, bob.address, alice.address)).to.be.revertedWithCustomError(
      vault,
      "NotOperator",
    );

    await expect(asAlice.setOperator(bob.address, true))
      .to.emit(vault, "OperatorSet")
      .withArgs(alice.address, bob.address, true);
    await asBob[DEPOSIT_FOR](UNIT, bob.address, alice.address);
    expect(await vault.balanceOf(bob.address)).to.equal((UNIT * 4n) / 5n);
    const redeem = asBob.redeem(UNIT, bob.address, alice.address);
    await expect(redeem).to.changeTokenBalance(ethers, token, bob, (UNIT * 5n) / 4n);
    await asAlice.setOperator(bob.address, false);
    await expect(asBob.requestDeposit(UNIT, bob.address, alice.address)).to.be.revertedWithCustomError(
      vault,
      "NotOperator",
    );
  });

  it("anybody may give a controller requests, but a hundred of them do not make its claim dear", async () => {
    const { vault, alice, bob, asAlice, asBob } = await loadInvested();
    await asAlice.requestDeposit(1_000n * UNIT, alice.address, alice.address);
    for (let i = 0; i < 100; ++i) {
      await networkHelpers.time.increase(1_800);
      await asBob.requestDeposit(1n, alice.address, bob.address);
    }
    await networkHelpers.time.increase(2 * DELAY);
    expect(await vault.claimableDepositRequest(0, alice.address)).to.equal(1_000n * UNIT + 100n);
    const receipt = await (await asAlice[DEPOSIT](1_000n * UNIT + 100n, alice.address)).wait();
    expect(receipt?.gasUsed).to.be.lessThan(250_000n);
  });

  it("lets nothing in or out while paused, and serves nobody on its list", async () => {
    const { vault, alice, bob, asAlice } = await loadInvested();
    await asAlice.requestRedeem(10n * UNIT, alice.address, alice.address);
    await networkHelpers.time.increase(2 * DELAY);
    await vault.setPaused(true);
    expect(await vault.maxRedeem(alice.address)).to.equal(0n);
    for (const call of [
      asAlice.requestDeposit(UNIT, alice.address, alice.address),
      asAlice.requestRedeem(UNIT, alice.address, alice.address),
      asAlice.redeem(UNIT, alice.address, alice.address),
    ])
      await expect(call).to.be.revertedWithCustomError(vault, "Paused");
    await vault.setPaused(false);

    await vault.setRefused(bob.address, true);
    await expect(asAlice.redeem(UNIT, bob.address, alice.address))
      .to.be.revertedWithCustomError(vault, "Refused")
      .withArgs(bob.address);
    await asAlice.redeem(UNIT, alice.address, alice.address);
  });
});

describe("asset vaults on the local chain", () => {
  it("come with other holders, a yearly rate and a delay", async () => {
    const chain = await startChain({ time: SOME_TIME });
    try {
      const pair = await deployPair(chain);
      const options = { reserveRate: 0.05, nav: 1.25, settlementDelay: DELAY, depth: 1_000 };
      const vaults = await deployAssetVaults(chain, pair.quote, pair.quoteDecimals, options);
      const reserve = await chain.ethers.getContractAt("LocalReserveVault", vaults.reserve);
      const reit = await chain.ethers.getContractAt("LocalReitVault", vaults.reit);
      const holder = chain.accounts.liquidityProvider.address;
      expect(await reserve.balanceOf(holder)).to.equal(1_000n * UNIT);
      expect(await reit.balanceOf(holder)).to.equal(800n * UNIT);
      expect(await reit.settlementDelay()).to.equal(BigInt(DELAY));
      expect(await reit.REPORTER()).to.equal(vaults.reporter);
      await chain.mine((await chain.time()) + 365 * 86_400);
      const assets = Number((await reserve.totalAssets()) / 10_000n) / 100;
      expect(assets).to.be.within(1_049.99, 1_050.01);
    } finally {
      await chain.stop();
    }
  });
});
