/**
 * `npm run vote -- FUNCTION VALUES...`: the DAO of the running local world decides something. Two owners of its Safe sign with
 * their published test keys; what gives room is tried, scheduled, waits for the delay in the path's time, and is executed.
 *
 * `npm run vote -- guardian FUNCTION VALUES...`: the guardian's account does it alone, at once; only what takes room away.
 *
 * `npm run vote -- sleeve set|cap|adopt|deleverage PLACE ...`, `npm run vote -- [guardian] unwind PLACE`: likewise about sleeves.
 *
 * `--dir FOLDER` names another world's state folder. Without a decision it lists what there is to decide.
 */
import { CommandError } from "../../keeper/cli/errors.ts";
import { VoteError } from "./call.ts";
import { vote } from "./vote.ts";

process.exitCode = await main(process.argv.slice(2));

async function main(words: readonly string[]): Promise<number> {
  try {
    await vote(words, (line) => process.stdout.write(`${line}\n`));
    return 0;
  } catch (error) {
    if (!(error instanceof VoteError || error instanceof CommandError)) throw error;
    process.stderr.write(`vote: ${error.message}\n`);
    return error instanceof VoteError ? 2 : 1;
  }
}
