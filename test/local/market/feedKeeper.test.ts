import { expect } from "chai";

import { seededRandom } from "../../../keeper/market/random.ts";
import { isDue } from "../../../scripts/local/market/feedKeeper.ts";
import { stableQuote } from "../../../scripts/local/market/quoteDollars.ts";
import { BASE_FEED, QUOTE_FEED } from "../../../scripts/local/protocols/feeds.ts";
import { expectClose } from "../../support/close.ts";

describe("market feeds", () => {
  const last = { answer: 2000, time: 1_000_000 };

  it("publishes at the deviation, up and down, and not before", () => {
    expect(isDue(BASE_FEED, last, 2009.99, last.time + 60)).to.equal(false);
    expect(isDue(BASE_FEED, last, 2010, last.time + 60)).to.equal(true);
    expect(isDue(BASE_FEED, last, 1990.01, last.time + 60)).to.equal(false);
    expect(isDue(BASE_FEED, last, 1990, last.time + 60)).to.equal(true);
    expect(isDue(QUOTE_FEED, { answer: 1, time: 0 }, 0.9974, 60)).to.equal(true);
    expect(isDue(QUOTE_FEED, { answer: 1, time: 0 }, 0.998, 60)).to.equal(false);
  });

  it("publishes at the heartbeat, and when it never has", () => {
    expect(isDue(BASE_FEED, last, 2000, last.time + 3599)).to.equal(false);
    expect(isDue(BASE_FEED, last, 2000, last.time + 3600)).to.equal(true);
    expect(isDue(QUOTE_FEED, { answer: 1, time: 0 }, 1, 86_399)).to.equal(false);
    expect(isDue(QUOTE_FEED, { answer: 1, time: 0 }, 1, 86_400)).to.equal(true);
    expect(isDue(BASE_FEED, null, 2000, 0)).to.equal(true);
  });

  it("keeps the quote near its dollar, the same for the same seed", () => {
    const [one, same, other] = [1, 1, 2].map((seed) => stableQuote(seededRandom(seed)));
    const times = Array.from({ length: 5_000 }, (_, i) => i * 1200);
    const values = times.map((time) => one?.(time) ?? NaN);
    expect(times.map((time) => same?.(time))).to.deep.equal(values);
    expect(other?.(0)).not.to.equal(values[0]);
    const logs = values.map(Math.log);
    expectClose(
      Math.sqrt(logs.reduce((sum, value) => sum + value * value, 0) / logs.length),
      0.0003,
      0.0001,
      "deviation",
    );
    expect(Math.max(...logs.map(Math.abs))).to.be.lessThan(0.0025);
  });
});
