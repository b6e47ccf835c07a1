/**
 * What others count and report about the market and the asset rule reads: pools opened by day, and the marks of the asset sleeve's venue. Looked
 * at only while the vault has such a sleeve. What a node does not serve stays unknown, which moves nothing; `trouble` says so.
 */
import { contractInterface } from "../chain/abi.ts";
import { Reverted } from "../chain/errors.ts";
import { NodeError } from "../chain/failures.ts";
import type { ChainNode } from "../chain/node.ts";
import type { Journal } from "../journal/journal.ts";
import { pruneRecords, readLaunches, readMarks, writeLaunches, writeMark } from "../journal/records.ts";
import { DAY, HOUR } from "../market/time.ts";
import { assetMark, assetPlace } from "../observe/assetMark.ts";
import { launchesOn, midnight } from "../observe/launches.ts";
import type { Snapshot } from "../observe/snapshot.ts";
import type { AssetMark, History, LaunchDay } from "../strategy/types.ts";

/** Days before the last whole one that `launchActivity` compares it with. */
const LOOK_BACK = 30;
/** Whole days counted in one tick, the newest first: a new keeper catches up in some ticks and none of them takes long. */
const DAYS_A_TICK = 4;
/** Seconds after midnight from which a day is counted: no reorganisation moves a block over so long a time. */
const SETTLED = HOUR / 2;
/** Seconds between marks; `assetCorrelation` looks at one a day. */
const MARK_EVERY = 0.9 * DAY;
const MARK_DAYS = 366;
/** Seconds until what failed is tried again. */
const RETRY_AFTER = HOUR;

export class Records {
  readonly #node: ChainNode;
  readonly #journal: Journal;
  readonly #vault: string;
  #factory: string | null = null;
  #launches: readonly LaunchDay[];
  #sleeve = "";
  #marks: readonly AssetMark[] = [];
  /** Days before this one the chain does not know. */
  #begins = -Infinity;
  #launchesFrom = -Infinity;
  #marksFrom = -Infinity;
  #troubles: { launches: string | null; marks: string | null } = { launches: null, marks: null };

  constructor(node: ChainNode, journal: Journal, vault: string) {
    this.#node = node;
    this.#journal = journal;
    this.#vault = vault;
    this.#launches = readLaunches(journal);
  }

  get history(): Pick<Required<History>, "launches" | "marks"> {
    return { launches: this.#launches, marks: this.#marks };
  }

  /** Why something stays unknown; null while nothing failed. */
  get trouble(): string | null {
    const { launches, marks } = this.#troubles;
    const all = [launches, marks].filter((one) => one !== null);
    return all.length === 0 ? null : all.join(" ");
  }

  /** Takes in what is due at a snapshot's block. @throws ConnectionError */
  async look(snapshot: Snapshot): Promise<void> {
    const place = assetPlace(snapshot.sleeves);
    if (place === null) return;
    await this.#mark(place.sleeve, snapshot);
    await this.#count(snapshot);
  }

  async #mark(sleeve: string, { blockNumber, timestamp }: Snapshot): Promise<void> {
    if (sleeve !== this.#sleeve) {
      this.#sleeve = sleeve;
      this.#marks = readMarks(this.#journal, sleeve);
    }
    const last = this.#marks.at(-1)?.time ?? -Infinity;
    if (timestamp < Math.max(last + MARK_EVERY, this.#marksFrom)) return;
    this.#marksFrom = timestamp + RETRY_AFTER;
    this.#troubles.marks = await unlessRefused("What the asset's venue says of its share is not known", async () => {
      const mark = { time: timestamp, value: await assetMark(this.#node, sleeve, blockNumber) };
      writeMark(this.#journal, sleeve, mark);
      const before = timestamp - MARK_DAYS * DAY;
      this.#marks = [...this.#marks.filter(({ time }) => time >= before), mark];
      pruneRecords(this.#journal, timestamp - 2 * LOOK_BACK * DAY, before);
    });
  }

  async #count({ blockNumber, timestamp }: Snapshot): Promise<void> {
    if (timestamp < this.#launchesFrom) return;
    const missing = this.#missing(timestamp).slice(0, DAYS_A_TICK);
    if (missing.length === 0) return;
    this.#troubles.launches = await unlessRefused("How many pools are opened a day is not known", async () => {
      this.#factory ??= await factoryOf(this.#node, this.#vault);
      for (const day of missing) {
        const latest = { number: blockNumber, timestamp };
        const pools = await launchesOn(this.#node, this.#factory, day, latest);
        if (pools === null) {
          this.#begins = day + DAY;
          return;
        }
        writeLaunches(this.#journal, { day, pools });
        const kept = this.#launches.filter((one) => one.day !== day && one.day >= timestamp - 2 * LOOK_BACK * DAY);
        this.#launches = [...kept, { day, pools }].sort((a, b) => a.day - b.day);
      }
    });
    if (this.#troubles.launches !== null) this.#launchesFrom = timestamp + RETRY_AFTER;
  }

  /** Whole days that count and were not counted yet, the newest first. */
  #missing(now: number): number[] {
    const last = midnight(now - SETTLED) - DAY;
    const known = new Set(this.#launches.map(({ day }) => day));
    return Array.from({ length: LOOK_BACK + 1 }, (_, i) => last - i * DAY).filter(
      (day) => day >= this.#begins && !known.has(day),
    );
  }
}

/** Null, or why the node or a contract did not say it. A node that does not answer at all stops the tick as everywhere. */
async function unlessRefused(what: string, work: () => Promise<void>): Promise<string | null> {
  try {
    await work();
    return null;
  } catch (error) {
    if (!(error instanceof NodeError || error instanceof Reverted)) throw error;
    return `${what}: ${error.message}`;
  }
}

/** The vault's factory, which never changes. */
async function factoryOf(node: ChainNode, vault: string): Promise<string> {
  const abi = contractInterface("Vault");
  const answer = await node.call({ to: vault, data: abi.encodeFunctionData("FACTORY") }, "latest");
  return abi.decodeFunctionResult("FACTORY", answer)[0] as string;
}
