import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

import { expect } from "chai";

import { Intents, type NewAttempt, type NewIntent } from "../../../keeper/journal/intents.ts";
import { Journal, JournalError, type JournalIdentity } from "../../../keeper/journal/journal.ts";
import { NO_MEMORY, readMemory } from "../../../keeper/journal/memory.ts";
import { readPast, writeBars, writeOpenBar, writeSample } from "../../../keeper/journal/past.ts";
import { lastTicks, writeTick } from "../../../keeper/journal/ticks.ts";
import { temporaryDirectory } from "../rig.ts";

const ME: JournalIdentity = { chainId: 31337n, vault: `0x${"aA".repeat(20)}`, keeper: `0x${"Bb".repeat(20)}` };

const INTENT: NewIntent = {
  time: 1_700_000_000,
  block: 12n,
  kind: "plan",
  to: `0x${"aA".repeat(20)}`,
  decisionHash: `0x${"11".repeat(32)}`,
  actions: ["compound"],
  plan: {
    nonce: 3n,
    deadline: 1_700_000_600,
    twapHint: 1,
    decisionHash: "0x",
    burns: [],
    swaps: [],
    mints: [],
    moves: [],
  },
  deadline: 1_700_000_600,
  accountNonce: 5,
  calldata: "0x1234",
  gasLimit: 900_000n,
  memory: { ...NO_MEMORY, lastCompound: 1_700_000_000 },
};

const ATTEMPT: NewAttempt = {
  hash: `0x${"22".repeat(32)}`,
  accountNonce: 5,
  raw: "0x02",
  // Above 2^53, where a float would round.
  maxFee: 123_456_789_012_345_678_901n,
  priorityFee: 7n,
  signedAt: 1,
};

describe("the journal", () => {
  let directory: ReturnType<typeof temporaryDirectory>;
  let file: string;
  const opened: Journal[] = [];
  const open = (identity = ME): Journal => {
    const journal = Journal.open(file, identity);
    opened.push(journal);
    return journal;
  };

  beforeEach(() => {
    directory = temporaryDirectory();
    file = join(directory.path, "deep", "keeper.sqlite");
  });
  afterEach(() => {
    for (const journal of opened.splice(0)) journal.close();
    directory.remove();
  });

  it("is another's for another chain, vault or keeper, whatever the case of an address", () => {
    open();
    open({ ...ME, vault: ME.vault.toLowerCase() });
    expect(() => open({ ...ME, chainId: 1n })).to.throw(JournalError, "belongs to chain id 31337, not 1");
    expect(() => open({ ...ME, vault: ME.keeper })).to.throw(JournalError, "use another journal file");
    expect(() => open({ ...ME, keeper: ME.vault })).to.throw(JournalError, "belongs to keeper");
  });

  it("refuses a newer version's file and one that is no journal", () => {
    open();
    const raw = new DatabaseSync(file);
    raw.exec("PRAGMA user_version = 99");
    raw.close();
    expect(() => open()).to.throw(JournalError, "newer version");
    file = join(directory.path, "text");
    const other = new DatabaseSync(join(directory.path, "other"));
    other.exec("CREATE TABLE identity (x TEXT) STRICT; PRAGMA user_version = 1");
    other.close();
    file = join(directory.path, "other");
    expect(() => open()).to.throw(JournalError, "cannot be opened");
  });

  it("keeps an intent with its transaction to the wei, over a restart", () => {
    const intents = new Intents(open());
    const begun = intents.begin(INTENT, ATTEMPT, '{"a":1}');
    const again = new Intents(open());
    const found = again.open();
    expect(found).to.deep.equal(begun);
    expect(found?.planNonce).to.equal(3n);
    expect(again.attempts(begun.id)).to.deep.equal([{ ...ATTEMPT, intent: begun.id, sentAt: null, answer: null }]);
    expect(again.document(INTENT.decisionHash ?? "")).to.equal('{"a":1}');
  });

  it("lets no second intent begin while one is open, in this process or another", () => {
    const intents = new Intents(open());
    const { id } = intents.begin(INTENT, ATTEMPT, "{}");
    const other = new Intents(open());
    const next = { ...ATTEMPT, hash: `0x${"33".repeat(32)}` };
    expect(() => other.begin(INTENT, next, "{}")).to.throw(JournalError, "not settled yet");
    // Also past the check: the table itself refuses.
    other.open = () => null;
    expect(() => other.begin(INTENT, next, "{}")).to.throw("UNIQUE");
    // And nothing of the refused one stays.
    expect(other.attempts(id).length).to.equal(1);
    intents.settle(id, { outcome: "expired", detail: "x", transaction: null }, 2);
    expect(intents.open()).to.equal(null);
    expect(new Intents(open()).begin(INTENT, next, "{}").id).to.equal(id + 1);
  });

  it("takes the strategy's memory over with a confirmed plan and with no other", () => {
    const journal = open();
    const intents = new Intents(journal);
    for (const outcome of ["reverted", "superseded", "expired", "displaced"] as const) {
      const { id } = intents.begin(INTENT, { ...ATTEMPT, hash: outcome }, "{}");
      intents.settle(id, { outcome, detail: "", transaction: null }, 2);
      expect(readMemory(journal)).to.deep.equal(NO_MEMORY);
    }
    const { id } = intents.begin(INTENT, ATTEMPT, "{}");
    const transaction = { hash: "0xab", block: 9n, gasUsed: 1n << 60n, gasPrice: 1n << 70n };
    intents.settle(id, { outcome: "confirmed", detail: "d", transaction }, 2);
    expect(readMemory(journal)).to.deep.equal(INTENT.memory);
    expect(intents.get(id)).to.include({ outcome: "confirmed", detail: "d" });
    expect(intents.get(id).transaction).to.deep.equal(transaction);
    // What is settled stays settled.
    intents.settle(id, { outcome: "reverted", detail: "", transaction: null }, 3);
    expect(intents.get(id).outcome).to.equal("confirmed");
  });

  it("knows the dearest bid at an account nonce", () => {
    const intents = new Intents(open());
    expect(intents.dearestAt(5)).to.equal(null);
    const { id } = intents.begin(INTENT, ATTEMPT, "{}");
    intents.addAttempt(id, { ...ATTEMPT, hash: "0x9", maxFee: ATTEMPT.maxFee + 1n });
    intents.addAttempt(id, { ...ATTEMPT, hash: "0x8", maxFee: ATTEMPT.maxFee - 1n });
    expect(intents.dearestAt(5)?.hash).to.equal("0x9");
    expect(intents.dearestAt(6)).to.equal(null);
  });

  it("does all of a transaction or nothing", () => {
    const journal = open();
    const line = { time: 1, block: 1, outcome: "hold", actions: [], detail: "", nav: 1 };
    expect(() =>
      journal.transaction(() => {
        writeTick(journal, line);
        journal.transaction(() => writeTick(journal, line));
        throw new Error("in the middle");
      }),
    ).to.throw("in the middle");
    expect(lastTicks(journal, 5)).to.deep.equal([]);
    writeTick(journal, { ...line, actions: ["compound"] });
    expect(lastTicks(journal, 5)).to.deep.equal([{ ...line, actions: ["compound"], id: 1 }]);
    expect(() => journal.durably(() => journal.durably(() => 1))).to.throw(JournalError, "another transaction");
  });

  it("keeps bars and samples exactly", () => {
    const bars = [
      { time: 3_600, open: 0.1, high: 0.30000000000000004, low: 1e-9, close: 1e9, volume: 0 },
      { time: 7_200, open: 1, high: 1, low: 1, close: 1, volume: 0, filled: true as const },
    ];
    const sample = {
      time: 10_000,
      price: 0.1 + 0.2,
      tiers: [{ fee: 500, tick: -3, liquidity: 1e21, feeGrowthBase: 1e-18, feeGrowthQuote: 3e-13 }],
    };
    const journal = open();
    writeBars(journal, bars);
    writeOpenBar(journal, 10_000, { time: 10_800, open: 1, high: 2, low: 1, close: 2, volume: 3 });
    writeSample(journal, sample);
    expect(readPast(open())).to.deep.equal({
      bars,
      open: { time: 10_800, open: 1, high: 2, low: 1, close: 2, volume: 3 },
      time: 10_000,
      samples: [sample],
    });
  });
});
