import type { Rpc } from "../../chain/rpc.ts";
import { BusyNodeError } from "./httpRpc.ts";

export interface Patience {
  readonly sleep: (milliseconds: number) => Promise<void>;
  readonly log: (line: string) => void;
}

const ATTEMPTS = 6;
/** Milliseconds; doubled each time. */
const FIRST_PAUSE = 500;
/** A node that wants to be left alone for longer is not waited for. */
const LONGEST_PAUSE = 120_000;

/** The same node, asked again up to six times while it is busy, longer and longer apart, or when it says that it may be. */
export function patientRpc(rpc: Rpc, { sleep, log }: Patience): Rpc {
  return {
    async request(args) {
      for (let attempt = 1, pause = FIRST_PAUSE; ; attempt++, pause *= 2) {
        try {
          return await rpc.request(args);
        } catch (error) {
          if (!(error instanceof BusyNodeError) || attempt === ATTEMPTS) throw error;
          const wait = Math.max(error.wait ?? 0, pause);
          if (wait > LONGEST_PAUSE) throw error;
          // One dropped connection is nothing to tell of.
          if (attempt > 1) log(`The node does not answer (${error.message}); asking again in ${wait / 1_000} s.`);
          await sleep(wait);
        }
      }
    },
  };
}
