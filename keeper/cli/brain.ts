import type { Brain } from "../run/types.ts";
import { computeSignals } from "../signals/computeSignals.ts";
import { DEFAULT_CONFIG } from "../strategy/config.ts";
import { decide } from "../strategy/decide.ts";

/** The strategy as the command line and the local world run it. */
export const DEFAULT_BRAIN: Brain = { computeSignals, decide, config: DEFAULT_CONFIG };
