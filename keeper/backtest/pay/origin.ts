/** Where measured pay comes from, so that anybody can measure it again. */
export interface PayOrigin {
  /** Files of the pool with the hash of each one's content, in the order of time. */
  readonly files: readonly OriginFile[];
  readonly tickMap: OriginFile | null;
  /** Hundredths of a basis point. */
  readonly fee: number;
  /** The pool's token that prices are quoted in. */
  readonly quote: 0 | 1;
  readonly baseDecimals: number;
  readonly quoteDecimals: number;
  /** Whose prices the study goes along. */
  readonly prices: "pool" | "file";
}

export interface OriginFile {
  readonly file: string;
  readonly sha256: string;
}

/** All files that pay was read from. */
export function originFiles({ files, tickMap }: PayOrigin): readonly OriginFile[] {
  return tickMap === null ? files : [...files, tickMap];
}
