// Which of our commands touch no contract of ours: they start without compiling any, which takes minutes the first time.

const OFF_CHAIN = new Set(["backtest", "compare", "help", "replay", "sweep"]);

/** @param args of the `strata` command; its own options take no values, so the first other word is the command */
export function needsContracts(args) {
  const command = args.find((arg) => !arg.startsWith("-"));
  return command !== undefined && !OFF_CHAIN.has(command);
}
