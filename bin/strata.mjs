#!/usr/bin/env node
// The `strata` command on any Node >= 18: sets the project up when needed, then runs the program under Node 24.
import process from "node:process";
import { pathToFileURL } from "node:url";

import { ensure, main } from "../scripts/setup/ensure.mjs";
import { runInFront } from "../scripts/setup/process.mjs";
import { inRoot } from "../scripts/setup/project.mjs";
import { needsContracts } from "../scripts/setup/offChain.mjs";

// Whoever reads our messages may have read enough (head); the program itself ends by its own stderr.
process.stderr.on("error", (error) => {
  if (error.code !== "EPIPE") throw error;
});

await main(async () => {
  const node = await ensure({ contracts: needsContracts(process.argv.slice(2)) });
  const args = [
    "--disable-warning=ExperimentalWarning", // node:sqlite
    "--import",
    pathToFileURL(inRoot("scripts", "setup", "attached.mjs")).href,
    inRoot("keeper", "cli", "main.ts"),
    ...process.argv.slice(2),
  ];
  return runInFront(node, args, { channel: true });
});
