/** One hour (or another fixed step) of a market. Prices are quote units per base unit. */
export interface Bar {
  /** Unix seconds at which the bar opens, UTC. */
  readonly time: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  /** Base units traded. */
  readonly volume: number;
  /** True if the source had a gap here and the bar carries the last close at zero volume. */
  readonly filled?: true;
}

/** A gap-free run of bars in [from, to), with where it came from. */
export interface PricePath {
  readonly source: "generator" | "file";
  /** Set for the generator. */
  readonly seed?: number;
  /** Set for a file. */
  readonly file?: string;
  /** Unix seconds, inclusive. */
  readonly from: number;
  /** Unix seconds, exclusive. */
  readonly to: number;
  /** Seconds from bar to bar. */
  readonly step: number;
  readonly bars: readonly Bar[];
  readonly filledBars: number;
  /** Bars before `from`, oldest first, for signals that need a past; may be empty. They are never traded. */
  readonly history: readonly Bar[];
}
