import { expect } from "chai";

import { ConfigError, ConnectionError } from "../../../keeper/chain/failures.ts";
import { SYSTEM_CLOCK } from "../../../keeper/run/clock.ts";
import { runLoop } from "../../../keeper/run/loop.ts";
import type { TickResult } from "../../../keeper/run/types.ts";
import { StepClock } from "../rig.ts";

const RESULT = { outcome: "hold" } as TickResult;

describe("the loop", () => {
  it("ticks at its interval until the signal, and finishes the tick under way", async () => {
    const clock = new StepClock(0);
    const stop = new AbortController();
    const starts: number[] = [];
    let finished = 0;
    await runLoop(
      async () => {
        starts.push(clock.now());
        await clock.sleep(300);
        if (starts.length === 3) stop.abort();
        finished += 1;
        return RESULT;
      },
      {
        interval: 1_000,
        signal: stop.signal,
        clock,
        onTick: () => undefined,
        onRetry: () => undefined,
        random: () => 0.5,
      },
    );
    expect(starts).to.deep.equal([0, 1_000, 2_000]);
    expect(finished).to.equal(3);
  });

  it("tries again after what may pass, later each time, and is quick again afterwards", async () => {
    const clock = new StepClock(0);
    const stop = new AbortController();
    const delays: number[] = [];
    let round = 0;
    await runLoop(
      () => {
        round += 1;
        if (round <= 4 || round === 6) return Promise.reject(new ConnectionError("gone"));
        if (round === 8) stop.abort();
        return Promise.resolve(RESULT);
      },
      {
        interval: 1_000,
        signal: stop.signal,
        clock,
        onTick: () => undefined,
        onRetry: (_error, delay) => delays.push(delay),
        maxDelay: 5_000,
        random: () => 0.5,
      },
    );
    expect(delays).to.deep.equal([1_000, 2_000, 4_000, 5_000, 1_000]);
  });

  it("ends at what somebody must mend", async () => {
    const options = {
      interval: 1,
      signal: new AbortController().signal,
      clock: new StepClock(0),
      onTick: () => undefined,
      onRetry: () => undefined,
      random: () => 0,
    };
    for (const error of [new ConfigError("wrong chain"), new TypeError("a bug")]) {
      let thrown: unknown = null;
      await runLoop(() => Promise.reject(error), options).catch((one: unknown) => (thrown = one));
      expect(thrown).to.equal(error);
    }
  });

  it("stops sleeping as soon as it is told to", async () => {
    const stop = new AbortController();
    const start = Date.now();
    setTimeout(() => stop.abort(), 30);
    await runLoop(() => Promise.resolve(RESULT), {
      interval: 60_000,
      signal: stop.signal,
      clock: SYSTEM_CLOCK,
      onTick: () => undefined,
      onRetry: () => undefined,
      random: () => 0.5,
    });
    expect(Date.now() - start).to.be.lessThan(5_000);
  });
});
