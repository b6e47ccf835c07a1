/** What the pool and its threads say to each other. */
import type { Outcome } from "../evaluate.ts";
import type { Parameters } from "../families/family.ts";

export interface Task {
  readonly id: number;
  readonly parameters: Parameters;
}

export interface Answer {
  readonly id: number;
  readonly outcome: Outcome;
}
