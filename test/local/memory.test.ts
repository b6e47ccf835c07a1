import { expect } from "chai";

import {
  barsThatFit,
  checkMemory,
  DEFAULT_MEMORY_LIMIT,
  estimateMemory,
  MemoryError,
} from "../../scripts/local/memory.ts";

const GB = 2 ** 30;

describe("local/memory", () => {
  it("lets the default path pass and a year not", () => {
    expect(estimateMemory(60 * 24, 3)).to.be.below(DEFAULT_MEMORY_LIMIT);
    checkMemory(60 * 24, 3, DEFAULT_MEMORY_LIMIT, 64 * GB);
    expect(() => checkMemory(365 * 24, 3, DEFAULT_MEMORY_LIMIT, 64 * GB)).to.throw(
      MemoryError,
      /A path of 8760 hours needs about \d\.\d GB of memory and the limit is 2\.0 GB: take a path of at most \d+ days, or raise the limit with --memory\./,
    );
    checkMemory(365 * 24, 3, 8 * GB, 64 * GB);
  });

  it("counts what the machine has left", () => {
    expect(() => checkMemory(60 * 24, 3, DEFAULT_MEMORY_LIMIT, GB / 2)).to.throw(MemoryError, /0\.5 GB are free/);
  });

  it("advises a length that fits, and not a longer one", () => {
    for (const limit of [GB, 2 * GB, 5.5 * GB]) {
      const bars = barsThatFit(limit, 3);
      expect(estimateMemory(bars, 3)).to.be.at.most(limit);
      expect(estimateMemory(bars + 1, 3)).to.be.above(limit);
    }
    expect(barsThatFit(1000, 3)).to.equal(0);
  });
});
