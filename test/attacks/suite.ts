/** Plays scenarios one after the other; one that throws fails alone. */
import type { Crash } from "./report.ts";
import type { Measured, Outcome, Scenario } from "./scenario.ts";
import { judge } from "./score.ts";

export interface Played {
  readonly outcomes: readonly Outcome[];
  readonly crashed: readonly Crash[];
}

/**
 * @param measure plays a scenario with and without the attack
 * @param told hears of each as soon as it is known
 */
export async function playAll(
  scenarios: readonly Scenario[],
  measure: (scenario: Scenario) => Promise<Measured>,
  told: { outcome(outcome: Outcome, m: Measured): void; crash(crash: Crash): void },
): Promise<Played> {
  const outcomes: Outcome[] = [];
  const crashed: Crash[] = [];
  for (const scenario of scenarios) {
    const began = performance.now();
    try {
      const m = await measure(scenario);
      const outcome = judge(m, (performance.now() - began) / 1_000);
      outcomes.push(outcome);
      told.outcome(outcome, m);
    } catch (error) {
      const crash = {
        name: scenario.name,
        error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      };
      crashed.push(crash);
      told.crash(crash);
    }
  }
  return { outcomes, crashed };
}
