import { expect } from "chai";
import { Contract } from "ethers";

import { startChain, type LocalChain } from "../../scripts/local/chain.ts";
import {
  deployAccessManager,
  executeThroughSafe,
  scheduleThroughSafe,
  type DelayedCall,
} from "../../scripts/local/protocols/accessManager.ts";
import {
  deploySafe,
  execSafe,
  signSafeCall,
  twoOwnerKeys,
  type LocalSafe,
} from "../../scripts/local/protocols/safe.ts";
import { rejects, SOME_TIME } from "./support.ts";

const DELAY = 48 * 3600;
const GOVERNOR = 1n;

describe("local Safe and AccessManager", () => {
  let chain: LocalChain;
  let safe: LocalSafe;
  let token: string;
  let mintData: string;

  before(async () => {
    chain = await startChain({ time: SOME_TIME });
    safe = await deploySafe(chain);
    const contract = await chain.ethers.deployContract("LocalToken", ["Token", "T", 18]);
    token = await contract.getAddress();
    mintData = contract.interface.encodeFunctionData("mint", [chain.accounts.stranger.address, 5n]);
  });

  after(async () => {
    await chain.stop();
  });

  const supply = async (): Promise<bigint> =>
    await (await chain.ethers.getContractAt("LocalToken", token)).getFunction("totalSupply")();

  it("has three owners, a threshold of two, no module, and Safe's fallback handler", async () => {
    const contract = new Contract(safe.address, safe.abi, chain.ethers.provider);
    expect([...((await contract.getFunction("getOwners")()) as string[])]).to.deep.equal([...safe.owners]);
    expect(await contract.getFunction("getThreshold")()).to.equal(2n);
    expect(await contract.getFunction("VERSION")()).to.equal("1.4.1");
    const [modules] = (await contract.getFunction("getModulesPaginated")(`0x${"1".padStart(40, "0")}`, 10)) as [
      string[],
    ];
    expect([...modules]).to.deep.equal([]);
  });

  it("makes a call that two owners signed, in whichever order they are named", async () => {
    const { safeOwner1, safeOwner2, safeOwner3 } = chain.accounts;
    const before = await supply();
    await execSafe(chain, safe, [safeOwner1.privateKey, safeOwner2.privateKey], { to: token, data: mintData });
    await execSafe(chain, safe, [safeOwner3.privateKey, safeOwner1.privateKey], { to: token, data: mintData });
    await execSafe(chain, safe, [safeOwner1.privateKey, safeOwner3.privateKey], { to: token, data: mintData });
    expect(await supply()).to.equal(before + 15n);
  });

  it("sorts signatures by owner", () => {
    const { safeOwner1, safeOwner2 } = chain.accounts;
    const call = { to: token, data: mintData };
    const one = signSafeCall(chain.chainId, safe.address, 0n, call, [safeOwner1.privateKey, safeOwner2.privateKey]);
    const other = signSafeCall(chain.chainId, safe.address, 0n, call, [safeOwner2.privateKey, safeOwner1.privateKey]);
    expect(one).to.equal(other);
    expect(one).to.have.length(2 + 2 * 2 * 65);
  });

  it("refuses one signature, a stranger's, and one owner twice", async () => {
    const { safeOwner1, stranger } = chain.accounts;
    const before = await supply();
    const call = { to: token, data: mintData };
    await rejects(execSafe(chain, safe, [safeOwner1.privateKey], call), /GS020/);
    await rejects(execSafe(chain, safe, [safeOwner1.privateKey, stranger.privateKey], call), /GS026/);
    await rejects(execSafe(chain, safe, [safeOwner1.privateKey, safeOwner1.privateKey], call), /GS026/);
    expect(await supply()).to.equal(before);
  });

  it("makes a delayed call through the AccessManager, not before its time and only once", async () => {
    const manager = await deployAccessManager(chain, chain.accounts.deployer.address);
    const admin = new Contract(
      manager.address,
      manager.abi,
      await chain.ethers.getSigner(chain.accounts.deployer.address),
    );
    const selector = mintData.slice(0, 10);
    await (await admin.getFunction("setTargetFunctionRole").send(token, [selector], GOVERNOR)).wait();
    await (await admin.getFunction("grantRole").send(GOVERNOR, safe.address, DELAY)).wait();

    const call: DelayedCall = { manager, safe, ownerKeys: twoOwnerKeys(chain), target: token, data: mintData };
    const before = await supply();
    // The Safe reports any failure of its inner call as GS013.
    await rejects(executeThroughSafe(chain, call), /GS013/);
    await scheduleThroughSafe(chain, call);
    await rejects(executeThroughSafe(chain, call), /GS013/);
    await chain.mine((await chain.time()) + DELAY - 60);
    await rejects(executeThroughSafe(chain, call), /GS013/);
    expect(await supply()).to.equal(before);
    await chain.mine((await chain.time()) + 60);
    await executeThroughSafe(chain, call);
    expect(await supply()).to.equal(before + 5n);
    await rejects(executeThroughSafe(chain, call), /GS013/);
  });
});
