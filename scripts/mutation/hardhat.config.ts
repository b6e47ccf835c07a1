/** The project's configuration for a mutant's tests: fast code is large code, and a program reads the results. */
import { defineConfig } from "hardhat/config";

import project from "../../hardhat.config.ts";

export default defineConfig({
  ...project,
  plugins: [
    ...(project.plugins ?? []),
    { id: "strata-error-names", hookHandlers: { network: () => import("./errorNames.ts") } },
  ],
  networks: {
    default: {
      type: "edr-simulated",
      chainType: "l1",
      hardfork: "cancun",
      allowUnlimitedContractSize: true,
      blockGasLimit: 60_000_000n,
    },
  },
  // A test that is only slow says nothing; a mutant that never ends meets the limit of its whole run.
  test: { mocha: { timeout: 600_000, reporter: "json-stream" } },
});
