/** What a back-test is asked for, checked. */
import { BacktestOptionError } from "../errors.ts";

/** What pools pay: `lvr` follows a model at a pay ratio k; `volume` and `events` are measured at one pool (keeper/backtest/pay). */
export const FEE_MODELS = ["lvr", "volume", "events"] as const;
export type FeeModel = (typeof FEE_MODELS)[number];

/** k of a run: fees over LVR that the model `lvr` is given; null where pay is measured and the ratio is an outcome. */
export type PayRatio = number | null;

/** Pay ratio of the main tables. */
export const DEFAULT_K = 0.9;
/** Pay ratios at which every result is given beside the main one. */
export const SENSITIVITY = [0.7, 1, 1.2] as const;
/** Measured over a calm day: 1.9. More than this is a typing error. */
export const GREATEST_K = 5;

export const DEFAULT_STARTS = 6;
/** Bars from start to start. */
export const START_EVERY = 7 * 24;
/** Bars that the last start has before it at least. */
const LEAST_RUN = 30 * 24;
export const GREATEST_STARTS = 104;

/** Runs on shuffled signals: with 39 of them the smallest p is 1 in 40. */
export const DEFAULT_PLACEBOS = 39;
const GREATEST_PLACEBOS = 9_999;

/** @throws BacktestOptionError for what is no whole number from 0 to 9,999 */
export function parsePlacebos(text: string): number {
  const placebos = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(placebos <= GREATEST_PLACEBOS))
    throw new BacktestOptionError(
      `--placebos "${text}" is not a number of runs; write one from 0 to ${GREATEST_PLACEBOS}, such as ${DEFAULT_PLACEBOS}.`,
    );
  return placebos;
}

/** @throws BacktestOptionError */
export function parseFeeModel(text: string): FeeModel {
  const model = FEE_MODELS.find((name) => name === text);
  if (model === undefined)
    throw new BacktestOptionError(`--fees: there is no fee model "${text}"; write ${FEE_MODELS.join(", ")}.`);
  return model;
}

/** @throws BacktestOptionError for what is no number from 0 to 5 */
export function parseK(text: string): number {
  const k = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (!(k <= GREATEST_K))
    throw new BacktestOptionError(
      `--k "${text}" is not a pay ratio; write fees over LVR from 0 to ${GREATEST_K}, such as 0.9.`,
    );
  return k;
}

/** @throws BacktestOptionError for what is no whole number from 1 to 104 */
export function parseStarts(text: string): number {
  const starts = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(starts >= 1 && starts <= GREATEST_STARTS))
    throw new BacktestOptionError(
      `--starts "${text}" is not a number of starts; write one from 1 to ${GREATEST_STARTS}, such as 6.`,
    );
  return starts;
}

/** Hours of a run from which on figures of a year are given to people: those of less are a guess at the rest of it. */
export const LEAST_YEARLY = LEAST_RUN;

/**
 * Marks at which runs begin, a week apart; all end with the window.
 * @param short a single start may have as few hours as there are: events of a pool seldom cover more than days
 * @throws BacktestOptionError if the window leaves the last start less than 30 days
 */
export function startMarks(starts: number, bars: number, short = false): readonly number[] {
  const needed = short && starts === 1 ? 1 : (starts - 1) * START_EVERY + LEAST_RUN;
  if (bars < needed) {
    throw new BacktestOptionError(
      `The window has ${bars} hours, and ${starts} starts a week apart with 30 days for the last one need ${needed}; ` +
        `choose a longer window (--from, --to) or fewer starts (--starts${short ? " 1 takes any length" : ""}).`,
    );
  }
  return Array.from({ length: starts }, (_, i) => i * START_EVERY);
}
