/** Two engines that disagree, or a pool that does not do what the events say: a fault of the program or of its input, told in one sentence. */
export class ExactRunError extends Error {
  override readonly name = "ExactRunError";
}
