/** Failures of the keeper's surroundings. Whether to try again is a question of class, never of a message's words. */

/** May go away by itself: a node that does not answer, a block that is too old. The loop waits and tries again. */
export class RetryableError extends Error {
  override name = "RetryableError";
}

/** The node cannot be reached or did not answer in time. */
export class ConnectionError extends RetryableError {
  override name = "ConnectionError";
}

/** The node answers, but its newest block is older than the operator accepts: it has lost its peers or is still syncing. */
export class StaleBlockError extends RetryableError {
  override name = "StaleBlockError";
}

/** The node refused a request or answered with something that is not an answer. */
export class NodeError extends RetryableError {
  override name = "NodeError";
}

/** Wrong configuration: nothing becomes better by trying again. */
export class ConfigError extends Error {
  override name = "ConfigError";
}

/** The contracts are not built, or the build is not the one that this keeper was written for. */
export class BuildError extends Error {
  override name = "BuildError";
}
