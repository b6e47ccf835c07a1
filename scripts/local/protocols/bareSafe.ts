/** A Safe for tests and benches that need its code but none of its signatures: Safe 1.4.1's deployed bytecode behind its proxy, any two of its owners decide. */
import { Contract, ContractFactory, Interface, ZeroAddress, type Signer } from "ethers";

import { npmArtifact } from "./artifact.ts";

const CONTRACTS = "@safe-global/safe-contracts/build/artifacts/contracts";

export const safeArtifact = (): ReturnType<typeof npmArtifact> => npmArtifact(`${CONTRACTS}/Safe.sol/Safe.json`);

/** @returns the Safe's proxy, with the Safe's functions */
export async function deployBareSafe(deployer: Signer, owners: readonly string[], threshold = 2): Promise<Contract> {
  const artifact = safeArtifact();
  const factoryArtifact = npmArtifact(`${CONTRACTS}/proxies/SafeProxyFactory.sol/SafeProxyFactory.json`);
  const singleton = await new ContractFactory(artifact.abi, artifact.bytecode, deployer).deploy();
  const deployed = await new ContractFactory(factoryArtifact.abi, factoryArtifact.bytecode, deployer).deploy();
  const factory = new Contract(await deployed.getAddress(), factoryArtifact.abi, deployer);
  const setup = new Interface(artifact.abi).encodeFunctionData("setup", [
    owners,
    threshold,
    ZeroAddress,
    "0x",
    ZeroAddress,
    ZeroAddress,
    0,
    ZeroAddress,
  ]);
  const create = factory.getFunction("createProxyWithNonce");
  const singletonAddress = await singleton.getAddress();
  const address = String(await create.staticCall(singletonAddress, setup, 0));
  await (await create.send(singletonAddress, setup, 0)).wait();
  return new Contract(address, artifact.abi, deployer);
}
