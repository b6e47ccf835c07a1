import {
  add,
  explain,
  NOTHING,
  totalOf,
  valueAt,
  type Attribution,
  type MarkedState,
  type SleeveProfit,
  type Step,
} from "./attribution.ts";
import { NO_EVENTS, type VaultEvents } from "./events.ts";
import { addIncidents, incidentsOf, NO_INCIDENTS, type Incidents } from "./incidents.ts";
import { addSteps, type SleeveSteps } from "./sleeveSteps.ts";

/** Where an account stands: the terms' sums and what they are to explain. Quote units. */
export interface LedgerTotals {
  readonly terms: Attribution;
  /** The identity's sum of the terms. */
  readonly total: number;
  /** What each sleeve made, in order of their places; their sums are the terms `hedge` and `carry`. */
  readonly sleeves: readonly SleeveProfit[];
  /** How the use of each went up and down, in the same order. */
  readonly steps: readonly SleeveSteps[];
  /** What others did to its debts. */
  readonly incidents: Incidents;
  /** Value of the vault at its first and its latest mark. */
  readonly start: number;
  readonly end: number;
  /** Value that LPs brought in since the start, less what they took out. */
  readonly flows: number;
  /** end - start - flows - gas - total: rounding. Gas stands apart, because the keeper's account pays it. */
  readonly unexplained: number;
}

/** Adds up the steps of one vault. */
export class Ledger {
  readonly #first: MarkedState;
  #last: MarkedState;
  #terms: Attribution = NOTHING;
  #flows = 0;
  #unexplained = 0;
  #incidents: Incidents = NO_INCIDENTS;
  readonly #sleeves = new Map<number, SleeveProfit>();
  #steps: ReadonlyMap<number, SleeveSteps>;

  constructor(start: MarkedState) {
    this.#first = start;
    this.#last = start;
    this.#steps = addSteps(new Map(), start.state, start.state, NO_EVENTS);
  }

  /** The state with which the books were opened. */
  get first(): MarkedState {
    return this.#first;
  }

  /** The state up to which everything is booked. */
  get last(): MarkedState {
    return this.#last;
  }

  /** Books the step from the last state to this one. */
  step(next: MarkedState, events: VaultEvents = NO_EVENTS): Step {
    const step = explain(this.#last, next, events);
    this.#terms = add(this.#terms, step.terms);
    this.#incidents = addIncidents(this.#incidents, incidentsOf(this.#last.state, next.state, events));
    this.#flows += step.flows;
    this.#unexplained += step.unexplained;
    for (const one of step.sleeves) {
      const known = this.#sleeves.get(one.index) ?? { ...one, hedge: 0, carry: 0 };
      this.#sleeves.set(one.index, { ...one, hedge: known.hedge + one.hedge, carry: known.carry + one.carry });
    }
    this.#steps = addSteps(this.#steps, this.#last.state, next.state, events);
    this.#last = next;
    return step;
  }

  /** Books the gas of a transaction, quote units at the price of its block. */
  spendGas(cost: number): void {
    this.#terms = add(this.#terms, { ...NOTHING, gas: cost });
  }

  totals(): LedgerTotals {
    return {
      terms: this.#terms,
      total: totalOf(this.#terms),
      sleeves: [...this.#sleeves.values()].sort((a, b) => a.index - b.index),
      steps: [...this.#steps.values()].sort((a, b) => a.index - b.index),
      incidents: this.#incidents,
      start: valueAt(this.#first.state, this.#first.mark),
      end: valueAt(this.#last.state, this.#last.mark),
      flows: this.#flows,
      unexplained: this.#unexplained,
    };
  }
}
