import { expect } from "chai";
import { network } from "hardhat";
import type { NetworkConnection } from "hardhat/types/network";

import { observe } from "../../../keeper/observe/observe.ts";
import { toPolicy, toState } from "../../../keeper/observe/toState.ts";
import { computeSignals } from "../../../keeper/signals/computeSignals.ts";
import {
  type DecisionDocument,
  decisionDocument,
  documentHash,
  historyDigest,
  recheckDecision,
  verifyRecord,
} from "../../../keeper/plan/hash.ts";
import { DEFAULT_CONFIG } from "../../../keeper/strategy/config.ts";
import { decide } from "../../../keeper/strategy/decide.ts";
import { deployWorld } from "../../support/world.ts";
import { NO_MEMORY, rigFor } from "../rig.ts";

describe("the published decision", () => {
  let connection: NetworkConnection;
  let document: DecisionDocument;

  before(async () => {
    connection = await network.create();
    const world = await deployWorld(connection);
    await world.firstDeposit(world.who.alice, 1_000_000n * 10n ** 18n);
    const rig = rigFor(world);
    const snapshot = await observe(rig.node, rig.addresses, rig.wallet.address);
    const state = toState(snapshot, NO_MEMORY);
    const history = { bars: [{ time: 0, open: 1, high: 1, low: 1, close: 1, volume: 0 }], samples: [] };
    const signals = computeSignals(state, history);
    const decision = decide(state, signals, toPolicy(snapshot), DEFAULT_CONFIG);
    expect(decision.mints).not.to.deep.equal([]);
    document = decisionDocument({
      vault: rig.addresses.vault,
      snapshot,
      memory: NO_MEMORY,
      history,
      signals,
      config: DEFAULT_CONFIG,
      decision,
    });
  });
  after(() => connection.close());

  it("keeps its hash through a file, whatever the order of its keys", () => {
    const hash = documentHash(document);
    const again = JSON.parse(JSON.stringify(document)) as DecisionDocument;
    const turned = Object.fromEntries(Object.entries(again).reverse()) as unknown as DecisionDocument;
    expect(verifyRecord(turned, hash)).to.equal(true);
    expect(hash).to.match(/^0x[0-9a-f]{64}$/);
  });

  it("notices any change", () => {
    const hash = documentHash(document);
    const changed: DecisionDocument[] = [
      { ...document, vault: `0x${"00".repeat(20)}` },
      { ...document, snapshot: { ...document.snapshot, idle0: `${BigInt(document.snapshot.idle0) + 1n}` } },
      { ...document, memory: { ...document.memory, lastCompound: 1 } },
      { ...document, history: { ...document.history, hash: `0x${"00".repeat(32)}` } },
      { ...document, config: { ...document.config, minPosition: document.config.minPosition * 1.0000000001 } },
      { ...document, decision: { ...document.decision, expectedGain: document.decision.expectedGain + 1e-9 } },
      { ...document, decision: { ...document.decision, strategy: { name: "layered", version: "0" } } },
    ];
    for (const other of changed) expect(verifyRecord(other, hash)).to.equal(false);
  });

  it("covers the past by a digest that notices a changed bar, sample or order", () => {
    const bar = { time: 3_600, open: 1, high: 1, low: 1, close: 1, volume: 0 };
    const sample = { time: 5, price: 2, tiers: [] };
    const past = { bars: [bar, { ...bar, time: 7_200 }], samples: [sample] };
    const digest = historyDigest(past);
    expect(digest).to.include({ bars: 2, samples: 1, launches: 0, marks: 0, firstBar: 3_600, lastBar: 7_200 });
    const hashes = [
      digest.hash,
      historyDigest({ bars: [bar, { ...bar, time: 7_200, close: 1.0000000000000002 }], samples: [sample] }).hash,
      historyDigest({ bars: [{ ...bar, time: 7_200 }, bar], samples: [sample] }).hash,
      historyDigest({ bars: [bar, { ...bar, time: 7_200 }], samples: [{ ...sample, price: 3 }] }).hash,
      historyDigest({ bars: [bar, { ...bar, time: 7_200 }], samples: [] }).hash,
      historyDigest({ ...past, launches: [{ day: 0, pools: 3 }] }).hash,
      historyDigest({ ...past, launches: [{ day: 0, pools: 4 }] }).hash,
      historyDigest({ ...past, marks: [{ time: 0, value: 3 }] }).hash,
    ];
    expect(new Set(hashes).size).to.equal(hashes.length);
    expect(historyDigest({ bars: [{ ...bar }, { ...bar, time: 7_200 }], samples: [{ ...sample }] })).to.deep.equal(
      digest,
    );
  });

  it("lets anybody decide again from it, and catches a decision that does not follow", () => {
    const read = JSON.parse(JSON.stringify(document)) as DecisionDocument;
    expect(recheckDecision(read, decide)).to.equal(true);
    const forged = { ...read, decision: { ...read.decision, mints: [] } };
    expect(recheckDecision(forged, decide)).to.equal(false);
  });
});
