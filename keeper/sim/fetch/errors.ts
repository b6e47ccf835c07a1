/** Data could not be fetched; what was fetched so far stays in the .part files. The message says what to do. */
export class FetchError extends Error {
  override readonly name: string = "FetchError";
}

/** A wrong request for chain data; the message says what to pass instead. */
export class FetchOptionError extends Error {
  override readonly name = "FetchOptionError";
}

/** What a node answers contradicts itself or the protocol, or its chain was reorganised meanwhile: asking again may help. */
export class UnsoundAnswerError extends FetchError {
  override readonly name = "UnsoundAnswerError";
}
