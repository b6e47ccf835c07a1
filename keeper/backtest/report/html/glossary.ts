/** What names and terms mean, for readers who are no programmers. */
import type { FeeModel } from "../../study/options.ts";

/** By the catalogue's names; a strategy without a line here is shown without one. */
export const STRATEGY_WORDS: Readonly<Record<string, string>> = {
  hold: "Half in the base token and half in the quote token at the start, then nothing.",
  "hold-base": "Everything in the base token, then nothing.",
  "full-range": "Liquidity at all prices, fees put back every week.",
  static: "One range of ±20 % round the first price, never moved.",
  "recentre-20":
    "A range of ±20 %; when the price leaves it, half is swapped and a new one is opened round the new price.",
  "recentre-40": "The same with ±40 %.",
  "charm-20": "A range of ±20 % and beside it an order with what is left over, set anew every 48 hours; never swaps.",
  "charm-40": "The same with ±40 %.",
  layered: "Strata's own strategy: the keeper's decisions as they are made on chain, with hedges.",
  "layered-core": "The same with its overlays switched off: ranges alone, no hedge and no reserve.",
  "no-lp": "The twin of layered without any pool: the same exposure to the price, and interest.",
};

export const TERMS: readonly (readonly [term: string, meaning: string])[] = [
  ["return a year (CAGR)", "The steady yearly growth that leads from the first value to the last, all costs paid."],
  ["greatest fall (drawdown)", "The furthest that the value fell below an earlier peak, hour by hour."],
  ["market", "What the price's move did to the tokens that were held."],
  ["fees", "What traders paid for the liquidity."],
  [
    "LVR",
    "Loss versus rebalancing: what a pool's liquidity gives away because it trades at prices that are already old. It is the price of earning fees.",
  ],
  [
    "k, the pay ratio",
    "Fees over LVR of the whole pool in the window. Under 1 a pool pays less than it costs those who provide it, before anything else.",
  ],
  ["hedge, carry", "What debts that offset the price's moves gained or lost; interest earned and paid."],
  ["gas, slippage", "Costs of transactions, and of the strategy's own swaps."],
  ["break-even", "The prices after so many days between which fees and hedges make good for losses and costs."],
  [
    "regime",
    "How wild the last 30 days were, as known each morning: calm under 50 % volatility a year, normal to 80, stressed to 120, crisis above.",
  ],
  ["Sharpe, Sortino", "Return beyond interest for each unit of ups and downs, or of downs alone. Higher is better."],
  ["fees / LVR", "A strategy's own pay ratio. Below k it held more liquidity when pools paid badly."],
];

/** What is a model, and where it is known to be rough. */
export function roughParts(fees: FeeModel): readonly string[] {
  return [...ROUGH_PAY[fees], ...ROUGH];
}

const ROUGH_PAY: Readonly<Record<FeeModel, readonly string[]>> = {
  lvr: [
    "Prices are real; fees are not. They follow a model in which a pool pays k times what it loses to arbitrage over the whole window, more in wild weeks than in calm ones but less than in proportion. Measured volume and competing liquidity do not enter.",
    "k was measured at 0.8 to 1 over months, 1.2 to 1.9 on one calm day and 0.3 in a crash. Every result is therefore also given at 0.7, 1 and 1.2.",
    "The scale of the fees knows the whole window, so another end date gives the same past other fees. No strategy sees it.",
    "The vault is small beside its pools: it does not move the price, and its own liquidity does not dilute the fees.",
  ],
  volume: [
    "Fees are the volume of each minute times the pool's fee, over the liquidity that was in range at its end and our own: the volume is taken not to grow because we came, and nobody else to leave.",
    "Within a minute the pay is spread evenly between its lowest and its highest tick, and liquidity that came and went inside the minute is counted as it was left. Prices are good to half a tick.",
    "Our liquidity does not move the price.",
  ],
  events: [
    "Fees are those of every recorded swap, by the price at which they were paid. With our liquidity in the pool the price goes the recorded way and the volume is larger by our part; if that volume did not come, fees are too high by our share of the liquidity.",
    "Nobody leaves because we came.",
  ],
};

const ROUGH: readonly string[] = [
  "One price path. Starts a week apart share most of it: their range says how much the start matters, not how sure a mean is.",
  "A strategy acts at the close of an hour and at its price. What happened inside the hour is unknown.",
  "A swap costs the same part of its size whenever it happens, gas is always the same, and there is always somebody to trade with. In the hours in which ranges are moved all three are worst.",
  "Break-even prices take the price at the horizon to be lognormal with the realised volatility of the last 30 days and no drift, and the fees to go on as in the last day for as long as each range is expected to be in use, wherever the price ends. Real prices jump more often than that.",
];
