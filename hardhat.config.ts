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

/** Morpho Blue's own settings: the compiler that its source demands, and an instruction set of its day. */
const MORPHO = {
  version: "0.8.19",
  path: require.resolve("solc-0.8.19/soljson.js"),
  settings: {
    evmVersion: "paris",
    viaIR: true,
    optimizer: { enabled: true, runs: 999_999 },
    metadata: { bytecodeHash: "none" },
  },
};

export default defineConfig({
  plugins: [hardhatEthers, hardhatEthersChaiMatchers, hardhatMocha, hardhatNetworkHelpers, hardhatTypechain],
  solidity: {
    compilers: [compiler(20_000)],
    overrides: {
      // The vault would pass the size limit of a contract; its hot path is PlanLib's, which would pass it by a little.
      "contracts/Vault.sol": compiler(2_000),
      "contracts/PlanLib.sol": compiler(20_000),
      // An entry of `npmFilesToBuild` would move the types of all our contracts into a folder "contracts"; this file keeps
      // them where they are, and its code is the package's to the byte (test/local/protocols/morpho.test.ts).
      "contracts/local/LocalMorpho.sol": MORPHO,
    },
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
