import { expect } from "chai";
import { network } from "hardhat";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";

import type { LocalReserveVault } from "../../../types/ethers-contracts/local/LocalReserveVault.ts";
import type { LocalToken } from "../../../types/ethers-contracts/local/LocalToken.ts";
import { MAX_UINT256, ONE } from "../../support/arithmetic.ts";
import { ratePerSecond } from "../../../scripts/local/protocols/assetVaults.ts";

const connection = await network.create();
const { ethers, networkHelpers } = connection;

const UNIT = 10n ** 6n;
const RATE = ratePerSecond(0.04);
const DAYS_30 = 30 * 86_400;

interface Stage {
  readonly token: LocalToken;
  readonly vault: LocalReserveVault;
  readonly address: string;
  readonly alice: HardhatEthersSigner;
  readonly bob: HardhatEthersSigner;
  /** As alice, who holds 1,000,000 units' worth; bob holds nothing. */
  readonly asAlice: LocalReserveVault;
}

async function open(): Promise<Stage> {
  const [alice, bob] = await ethers.getSigners();
  if (alice === undefined || bob === undefined) throw new Error("no accounts");
  const token = await ethers.deployContract("LocalToken", ["Local Dollar", "LUSD", 6]);
  const vault = await ethers.deployContract("LocalReserveVault", [await token.getAddress(), "Reserve", "RES", RATE]);
  const address = await vault.getAddress();
  for (const person of [alice, bob]) {
    await token.mint(person.address, 10_000_000n * UNIT);
    await token.connect(person).approve(address, MAX_UINT256);
  }
  const asAlice = vault.connect(alice);
  await asAlice.deposit(1_000_000n * UNIT, alice.address);
  return { token, vault, address, alice, bob, asAlice };
}

describe("LocalReserveVault", () => {
  const load = (): Promise<Stage> => networkHelpers.loadFixture(open);

  it("pays its rate by the second, in tokens", async () => {
    const { token, vault, address } = await load();
    const start = await vault.accruedAt();
    await networkHelpers.time.increaseTo(start + BigInt(DAYS_30));
    const earned = (1_000_000n * UNIT * RATE * BigInt(DAYS_30)) / ONE;
    expect(await vault.totalAssets()).to.equal(1_000_000n * UNIT + earned);
    // 4 % a year for 30 days, to a unit.
    expect(earned / UNIT).to.equal(3_287n);
    expect(await token.balanceOf(address)).to.equal(1_000_000n * UNIT);

    await vault.accrue();
    const seconds = (await vault.accruedAt()) - start;
    const paid = (1_000_000n * UNIT * RATE * seconds) / ONE;
    expect(await token.balanceOf(address)).to.equal(1_000_000n * UNIT + paid);
    expect(await vault.totalAssets()).to.equal(1_000_000n * UNIT + paid);
  });

  it("changes its rate from now on only, and compounds where it is touched", async () => {
    const { vault } = await load();
    await networkHelpers.time.increase(DAYS_30);
    await vault.setRate(0);
    const held = await vault.totalAssets();
    expect(held).to.be.greaterThan(1_003_000n * UNIT);
    await networkHelpers.time.increase(DAYS_30);
    expect(await vault.totalAssets()).to.equal(held);
    await vault.setRate(RATE);
    const from = await vault.accruedAt();
    await networkHelpers.time.increaseTo(from + 1_000_000n);
    expect(await vault.pendingInterest()).to.equal((held * RATE * 1_000_000n) / ONE);
  });

  it("serves who comes and goes at the price of that second", async () => {
    const { token, vault, alice, bob, asAlice } = await load();
    await networkHelpers.time.increase(DAYS_30);
    await vault.connect(bob).deposit(500_000n * UNIT, bob.address);
    const bobs = await vault.balanceOf(bob.address);
    expect(bobs).to.be.lessThan(499_000n * UNIT);
    await networkHelpers.time.increase(DAYS_30);
    const shares = await vault.balanceOf(alice.address);
    await expect(asAlice.redeem(shares, alice.address, alice.address)).not.to.revert(ethers);
    await vault.connect(bob).redeem(bobs, bob.address, bob.address);
    expect(await vault.totalSupply()).to.equal(0n);
    // Bob has earned a month on what he brought, to a second or two and a rounding.
    const gain = (await token.balanceOf(bob.address)) - 10_000_000n * UNIT;
    const month = (500_000n * UNIT * RATE * BigInt(DAYS_30)) / ONE;
    expect(gain).to.be.within(month - 2n, month + (500_000n * UNIT * RATE * 4n) / ONE + 2n);
  });

  it("a donation raises the share's price at once, by the donation over the supply", async () => {
    const { token, vault, address, bob } = await load();
    await vault.setRate(0);
    const before = await vault.totalAssets();
    await token.connect(bob).transfer(address, 250_000n * UNIT);
    expect(await vault.totalAssets()).to.equal(before + 250_000n * UNIT);
    const supply = await vault.totalSupply();
    const shares = supply / 10n;
    expect(await vault.previewRedeem(shares)).to.equal((shares * (before + 250_000n * UNIT + 1n)) / (supply + 1n));
  });

  it("a donation earns from the next accrual, not for the time before it", async () => {
    const { token, vault, address, bob } = await load();
    await networkHelpers.time.increase(DAYS_30);
    const from = await vault.accruedAt();
    await token.connect(bob).transfer(address, 1_000_000n * UNIT);
    const seconds = BigInt(await networkHelpers.time.latest()) - from;
    expect(await vault.pendingInterest()).to.equal((1_000_000n * UNIT * RATE * seconds) / ONE);
  });

  it("pays no more than what is not lent out, and says how much that is", async () => {
    const { token, vault, alice, bob, asAlice } = await load();
    await vault.setRate(0);
    const total = await vault.totalAssets();
    await vault.connect(bob).lend(total - 100_000n * UNIT);
    expect(await token.balanceOf(bob.address)).to.equal(10_000_000n * UNIT + total - 100_000n * UNIT);
    expect(await vault.totalAssets()).to.equal(total);
    expect(await vault.previewRedeem(await vault.balanceOf(alice.address))).to.be.within(total - 1n, total);

    const most = await vault.maxRedeem(alice.address);
    expect(await vault.maxWithdraw(alice.address)).to.be.within(100_000n * UNIT - 2n, 100_000n * UNIT);
    await expect(asAlice.redeem(most + 2n, alice.address, alice.address)).to.be.revertedWithCustomError(
      vault,
      "ERC4626ExceededMaxRedeem",
    );
    await asAlice.redeem(most, alice.address, alice.address);
    await vault.connect(bob).giveBack(total - 100_000n * UNIT);
    const rest = await vault.balanceOf(alice.address);
    expect(await vault.maxRedeem(alice.address)).to.equal(rest);
    await asAlice.redeem(rest, alice.address, alice.address);
  });

  it("serves nobody on its list: no shares to him, no assets to him, none of his own", async () => {
    const { token, vault, alice, bob, asAlice } = await load();
    await vault.setRefused(bob.address, true);
    expect(await vault.maxDeposit(bob.address)).to.equal(0n);
    await expect(asAlice.deposit(UNIT, bob.address)).to.be.revertedWithCustomError(vault, "ERC4626ExceededMaxDeposit");
    await expect(asAlice.redeem(UNIT, bob.address, alice.address))
      .to.be.revertedWithCustomError(vault, "Refused")
      .withArgs(bob.address);
    await expect(asAlice.transfer(bob.address, UNIT)).to.be.revertedWithCustomError(vault, "Refused");
    // The others are served as before.
    await expect(asAlice.redeem(UNIT, alice.address, alice.address)).to.changeTokenBalance(ethers, token, alice, UNIT);

    await vault.setRefused(alice.address, true);
    expect(await vault.maxRedeem(alice.address)).to.equal(0n);
    await expect(asAlice.redeem(UNIT, bob.address, alice.address)).to.be.revertedWithCustomError(
      vault,
      "ERC4626ExceededMaxRedeem",
    );
  });

  it("lets nothing in or out while it is paused", async () => {
    const { vault, alice, asAlice } = await load();
    await vault.setPaused(true);
    expect(await vault.maxDeposit(alice.address)).to.equal(0n);
    expect(await vault.maxWithdraw(alice.address)).to.equal(0n);
    await expect(asAlice.deposit(UNIT, alice.address)).to.be.revertedWithCustomError(
      vault,
      "ERC4626ExceededMaxDeposit",
    );
    await expect(asAlice.withdraw(UNIT, alice.address, alice.address)).to.be.revertedWithCustomError(
      vault,
      "ERC4626ExceededMaxWithdraw",
    );
    await vault.setPaused(false);
    await asAlice.withdraw(UNIT, alice.address, alice.address);
  });

  it("shows a loss at once, lent assets first, and its holders can still leave", async () => {
    const { token, vault, address, alice, bob, asAlice } = await load();
    await vault.setRate(0);
    const total = await vault.totalAssets();
    await vault.connect(bob).lend(300_000n * UNIT);
    await vault.lose(400_000n * UNIT);
    expect(await vault.lent()).to.equal(0n);
    expect(await vault.totalAssets()).to.equal(total - 400_000n * UNIT);
    expect(await token.balanceOf(address)).to.equal(total - 400_000n * UNIT);

    const shares = await vault.balanceOf(alice.address);
    expect(await vault.maxRedeem(alice.address)).to.equal(shares);
    await asAlice.redeem(shares, alice.address, alice.address);
    const back = (await token.balanceOf(alice.address)) - 9_000_000n * UNIT;
    expect(back).to.be.within(total - 400_000n * UNIT - 1n, total - 400_000n * UNIT);
  });
});
