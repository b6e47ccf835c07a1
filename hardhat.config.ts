import { createRequire } from "node:module";

import hardhatEthers from "@nomicfoundation/hardhat-ethers";
import hardhatEthersChaiMatchers from "@nomicfoundation/hardhat-ethers-chai-matchers";
import hardhatMocha from "@nomicfoundation/hardhat-mocha";
import hardhatNetworkHelpers from "@nomicfoundation/hardhat-network-helpers";
import hardhatTypechain from "@nomicfoundation/hardhat-typechain";
import { defineConfig } from "hardhat/config";

const require = createRequire(import.meta.url);

/** The counters that coverage adds leave no room on the stack if functions are merged: then only the steps that make room. */
const COVERAGE = process.argv.includes("--coverage");
const FEW_STEPS = { yul: true, yulDetails: { stackAllocation: true, optimizerSteps: "u:fDnTOc" } };

/** @param runs how often code is expected to run: more is cheaper calls and longer code */
function compiler(runs: number) {
  return {
    version: "0.8.30",
    // The compiler comes from npm, so that a build needs no download.
    path: require.resolve("solc/soljson.js"),
    settings: {
      evmVersion: "cancun",
      viaIR: true,
      optimizer: { enabled: true, runs, ...(COVERAGE ? { details: FEW_STEPS } : {}) },
      metadata: { bytecodeHash: "none" },
    },
  };
}

export default defineConfig({
  plugins: [hardhatEthers, hardhatEthersChaiMatchers, hardhatMocha, hardhatNetworkHelpers, hardhatTypechain],
  solidity: {
    compilers: [compiler(20_000)],
    // The vault would pass the size limit of a contract; its hot path is PlanLib's.
    overrides: { "contracts/Vault.sol": compiler(800) },
  },
  networks: {
    // The chain of tests and of the local world: mainnet's rules, loopback only.
    default: {
      type: "edr-simulated",
      chainType: "l1",
      hardfork: "cancun",
      allowUnlimitedContractSize: COVERAGE,
      blockGasLimit: 60_000_000n,
    },
  },
  typechain: { outDir: "types/ethers-contracts" },
  test: { mocha: { timeout: 120_000 } },
});
