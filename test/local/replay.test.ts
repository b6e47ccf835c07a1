import { mkdtempSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { DEFAULT_BRAIN } from "../../keeper/cli/brain.ts";
import { connectVault } from "../../keeper/cli/vaultConnection.ts";
import { Intents } from "../../keeper/journal/intents.ts";
import { Journal } from "../../keeper/journal/journal.ts";
import { readMemory } from "../../keeper/journal/memory.ts";
import { lastTicks } from "../../keeper/journal/ticks.ts";
import { loadPath } from "../../keeper/market/path.ts";
import { observe } from "../../keeper/observe/observe.ts";
import { toPolicy, toState } from "../../keeper/observe/toState.ts";
import { decisionDocument, documentHash } from "../../keeper/plan/hash.ts";
import { fixedHistory, marketPrice, Past } from "../../keeper/run/past.ts";
import { Records } from "../../keeper/run/records.ts";
import type { Bar } from "../../keeper/market/types.ts";
import type { Decision } from "../../keeper/strategy/types.ts";
import { localAccounts } from "../../scripts/local/accounts.ts";
import { runWorld } from "../../scripts/local/world.ts";
import { figure } from "../support/figures.ts";

/** What the keeper's journal says of a tick, and what a brain that knows the chain's past alone decides for its block. */
interface Tick {
  readonly block: number;
  readonly actions: readonly string[];
  /** Of the decision that the keeper published; null for what it did not. */
  readonly published: string | null;
  readonly again: Decision;
  readonly hash: string;
}

/**
 * Goes through the blocks that the keeper looked at, in their order, and decides again from what the chain says of each: nothing comes from the
 * journal but the blocks, and whether a plan went through.
 */
async function decideAgain(dir: string, past: readonly Bar[]): Promise<readonly Tick[]> {
  const connection = await connectVault({}, dir);
  const { target, node } = connection;
  const keeper = localAccounts().keeper.address;
  const identity = { chainId: BigInt(target.chainId), vault: target.vault, keeper };
  const copy = join(dir, "copy.sqlite");
  const source = new DatabaseSync(target.local!.journal, { readOnly: true, timeout: 2_000 });
  source.prepare("VACUUM INTO ?").run(copy);
  source.close();
  const live = Journal.open(copy, identity);
  const own = Journal.open(":memory:", identity);
  try {
    const lines = lastTicks(live, 10_000).toReversed();
    const published = new Map(new Intents(live).list().map((one) => [Number(one.block), one.decisionHash]));
    const records = new Records(node, own, target.vault);
    let memory = readMemory(own);
    let history: Past | null = null;
    const ticks: Tick[] = [];
    for (const { block, outcome, actions } of lines) {
      const snapshot = await observe(node, target, keeper, BigInt(block));
      const state = toState(snapshot, memory);
      history ??= await Past.open(own, fixedHistory(past), snapshot.timestamp);
      history.record(state, marketPrice(state));
      await records.look(snapshot);
      const all = { ...history.history, ...records.history };
      const signals = DEFAULT_BRAIN.computeSignals(state, all);
      const again = DEFAULT_BRAIN.decide(state, signals, toPolicy(snapshot), DEFAULT_BRAIN.config);
      const { vault } = target;
      const document = decisionDocument({
        ...{ vault, snapshot, memory, history: all, signals, decision: again },
        config: DEFAULT_BRAIN.config,
      });
      ticks.push({ block, actions, published: published.get(block) ?? null, again, hash: documentHash(document) });
      if (again.actions.length === 0 || outcome === "confirmed") ({ memory } = again);
    }
    return ticks;
  } finally {
    own.close();
    live.close();
    connection.close();
  }
}

describe("local world, decided again from the chain's past", function () {
  this.timeout(480_000);

  it("yields the same decisions at the same blocks as the keeper made live, byte for byte where they were published", async () => {
    const dir = mkdtempSync(join(tmpdir(), "strata-"));
    const path = await loadPath({ seed: 3, days: 12 });
    let ticks: readonly Tick[] = [];
    const outcome = await runWorld({
      path,
      port: 0,
      dir,
      speed: null,
      once: true,
      signal: new AbortController().signal,
      watcher: {
        preparing: () => undefined,
        async hour(time) {
          if (time === path.to) ticks = await decideAgain(dir, path.history);
        },
        acted: () => undefined,
        ended: () => undefined,
        idle: () => expect.fail("it stayed up"),
        close: () => undefined,
      },
      onEnd: () => undefined,
    });
    expect(outcome).to.equal("ended");
    expect(ticks.length).to.be.greaterThan(12 * 24 - 3);
    for (const { block, actions, again } of ticks) expect(again.actions, `block ${block}`).to.deep.equal(actions);
    const acted = ticks.filter(({ published }) => published !== null);
    const kinds = new Set(acted.flatMap(({ actions }) => actions));
    expect(acted.length).to.be.greaterThan(5);
    expect(kinds).to.include("rangeShift").and.include("sleeveMove");
    figure(`${ticks.length} looks decided again, ${acted.length} published decisions alike to the byte`);
    for (const { block, published, hash } of acted) expect(hash, `block ${block}`).to.equal(published);
  });
});
