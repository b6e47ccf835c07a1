/**
 * Hourly candles from an exchange into a file that every command with `--prices` reads. What has come lies in FILE.part, what was asked for in
 * FILE.part.json; the same request goes on from there, and FILE appears when it is whole.
 */
import { z } from "zod";

import { PartFile } from "../../files/partFile.ts";
import { formatTime, HOUR } from "../time.ts";
import type { Bar } from "../types.ts";

/** Where candles come from; exchange.ts has the real ones. */
export interface CandleSource {
  /** As files and messages name it. */
  readonly name: string;
  /** Most candles of one answer. */
  readonly page: number;
  /**
   * Hourly candles from a time on, oldest first; may begin later if the exchange has none.
   *
   * @param since unix seconds on the hour
   * @throws BusyError if asking again later may help; CandleError if not
   */
  candles(since: number, count: number): Promise<readonly Bar[]>;
}

/** Candles could not be fetched; the message says what to do. What has come stays in the .part files. */
export class CandleError extends Error {
  override readonly name: string = "CandleError";
}

/** The exchange does not answer now, or wants to be asked less often. */
export class BusyError extends CandleError {
  override readonly name = "BusyError";
}

/** A wrong request for candles; the message says what to pass instead. */
export class CandleOptionError extends Error {
  override readonly name = "CandleOptionError";
}

export interface CandleOptions {
  readonly source: CandleSource;
  /** Unix seconds on the hour; `from` included, `to` not. */
  readonly from: number;
  readonly to: number;
  readonly file: string;
  /** Unix seconds. */
  readonly now: number;
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
  readonly sleep: (milliseconds: number) => Promise<void>;
}

export interface CandleResult {
  readonly file: string;
  readonly candles: number;
  /** Unix seconds at which the first and the last one open. */
  readonly first: number;
  readonly last: number;
  /** Hours of which the exchange has no candle, and the longest run of them. */
  readonly missing: number;
  readonly longestGap: number;
}

const HEADER = "timestamp,open,high,low,close,volume\n";
const ATTEMPTS = 6;
/** Milliseconds; doubled each time. */
const FIRST_PAUSE = 1_000;
/** Candles. */
const TELL_EVERY = 10_000;
const jobSchema = z.object({ source: z.string(), from: z.int(), to: z.int() });
const notesSchema = jobSchema.extend({ next: z.int(), bytes: z.int().nonnegative(), sha256: z.string() });

/**
 * @throws CandleOptionError for times that are none; CandleError if the exchange cannot be used or contradicts itself
 */
export async function fetchCandles(options: CandleOptions): Promise<CandleResult> {
  const { source, from, to, now, file } = options;
  if (from > to)
    throw new CandleOptionError(`--from ${formatTime(from)} lies after --to ${formatTime(to)}; swap the two.`);
  if (from % HOUR !== 0 || to % HOUR !== 0 || from === to) {
    throw new CandleOptionError(
      `From ${formatTime(from)} to ${formatTime(to)} is no run of whole hours; correct --from and --to.`,
    );
  }
  if (to > now) {
    throw new CandleOptionError(`The hour before ${formatTime(to)} has not closed yet; choose a --to in the past.`);
  }
  const part = new Part(file, { source: source.name, from, to });
  try {
    return await fetchInto(part, options);
  } finally {
    part.close();
  }
}

async function fetchInto(part: Part, options: CandleOptions): Promise<CandleResult> {
  const { source, from, to, log } = options;
  if (part.next > from) log(`Going on at ${formatTime(part.next)}, ${part.candles} candles are there already.`);
  for (let told = 0; part.next < to;) {
    const wanted = Math.min(source.page, (to - part.next) / HOUR);
    const bars = await withPatience({ ...options, name: source.name }, () => source.candles(part.next, wanted));
    const page = checked(bars, part.next, wanted, source.name).filter(({ time }) => time < to);
    // Nothing in so long a stretch: the exchange had not opened yet, or does not know the market any more; the next page may have some.
    part.append(page, page.length > 0 ? (page.at(-1)?.time ?? 0) + HOUR : part.next + wanted * HOUR);
    if (part.candles - told < TELL_EVERY) continue;
    log(`${part.candles} candles, up to ${formatTime(part.next)}`);
    told = part.candles;
  }
  return part.finish();
}

/** What an exchange that is busy is asked again with. */
export interface Patience extends Pick<CandleOptions, "signal" | "log" | "sleep"> {
  /** As messages name the exchange. */
  readonly name: string;
}

/**
 * Asks an exchange up to six times while it is busy, longer and longer apart.
 * @throws BusyError with advice at last; whatever else the request throws, at once
 */
export async function withPatience<T>({ signal, log, sleep, name }: Patience, ask: () => Promise<T>): Promise<T> {
  for (let attempt = 1, pause = FIRST_PAUSE; ; attempt++, pause *= 2) {
    signal.throwIfAborted();
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof BusyError)) throw error;
      if (attempt === ATTEMPTS) {
        throw new BusyError(
          `${name} does not answer (${error.message}); check the connection, and run the same command again later.`,
          { cause: error },
        );
      }
      log(`${name} does not answer (${error.message}); asking again in ${pause / 1_000} s.`);
      await sleep(pause);
    }
  }
}

/** @throws CandleError for candles that are not what was asked for */
function checked(bars: readonly Bar[], since: number, count: number, name: string): readonly Bar[] {
  const [oldest] = bars;
  if (oldest !== undefined && oldest.time >= since + count * HOUR) {
    throw new CandleError(
      `${name} gives no candles of ${formatTime(since)}, its oldest is of ${formatTime(oldest.time)}; choose a later --from or another exchange.`,
    );
  }
  let last = since - HOUR;
  for (const { time, open, high, low, close, volume } of bars) {
    const at = `${name}: the candle of ${formatTime(time)}`;
    if (time % HOUR !== 0) throw new CandleError(`${at} does not begin on the hour; ask another exchange.`);
    if (time <= last)
      throw new CandleError(`${at} comes after that of ${formatTime(last)}; ask again, or another exchange.`);
    const prices = [open, high, low, close];
    const sound =
      prices.every((price) => Number.isFinite(price) && price > 0) && volume >= 0 && Number.isFinite(volume);
    if (!sound || high < Math.max(open, close) || low > Math.min(open, close)) {
      throw new CandleError(`${at} contradicts itself (${[...prices, volume].join(", ")}); ask another exchange.`);
    }
    last = time;
  }
  return bars;
}

type Job = z.infer<typeof jobSchema>;

/** What has come, and where to go on. */
class Part {
  readonly #part: PartFile;
  readonly #job: Job;
  #next: number;
  #count = 0;
  #missing = 0;
  #longest = 0;
  #first: number | null = null;
  #last: number | null = null;

  /** @throws CandleOptionError if what was left is of another request; FileStateError, FileWriteError */
  constructor(file: string, job: Job) {
    this.#part = new PartFile(file);
    this.#job = job;
    this.#next = job.from;
    try {
      const notes = this.#part.readNotes();
      if (notes === null) {
        this.#part.begin(HEADER);
        this.#write();
      } else this.#resume(notes);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  get next(): number {
    return this.#next;
  }

  get candles(): number {
    return this.#count;
  }

  append(bars: readonly Bar[], next: number): void {
    const rows = bars.map(({ time, open, high, low, close, volume }) =>
      [time, open, high, low, close, volume].map(plain).join(","),
    );
    this.#part.append(rows.map((row) => `${row}\n`).join(""));
    for (const { time } of bars) this.#take(time);
    this.#next = next;
    this.#write();
  }

  finish(): CandleResult {
    const [first, last] = [this.#first, this.#last];
    if (first === null || last === null) {
      this.#part.remove();
      throw new CandleError(
        `${this.#job.source} has no candle from ${formatTime(this.#job.from)} to ${formatTime(this.#job.to)}; choose other times or another exchange.`,
      );
    }
    return {
      file: this.#part.finish(),
      candles: this.#count,
      first,
      last,
      missing: this.#missing,
      longestGap: this.#longest,
    };
  }

  /** Lets go of the files; what has come stays for the next run. */
  close(): void {
    this.#part.close();
  }

  #resume(text: string): void {
    const { rows, notes } = this.#part;
    let parsed: z.infer<typeof notesSchema>;
    try {
      parsed = notesSchema.parse(JSON.parse(text));
    } catch (cause) {
      throw new CandleOptionError(`${notes} cannot be read; remove it and ${rows}, and begin anew.`, { cause });
    }
    const { next, bytes, sha256, ...job } = parsed;
    if (job.source !== this.#job.source || job.from !== this.#job.from || job.to !== this.#job.to) {
      throw new CandleOptionError(`${rows} is of another request; remove it and ${notes}, or choose another --out.`);
    }
    this.#part.resume({ bytes, sha256 });
    for (const row of this.#part.read(HEADER.length).split("\n").slice(0, -1)) {
      this.#take(Number(row.slice(0, row.indexOf(","))));
    }
    this.#next = next;
  }

  #take(time: number): void {
    const gap = this.#last === null ? 0 : (time - this.#last) / HOUR - 1;
    this.#missing += gap;
    this.#longest = Math.max(this.#longest, gap);
    this.#first ??= time;
    this.#last = time;
    this.#count++;
  }

  #write(): void {
    const notes = { ...this.#job, next: this.#next, ...this.#part.extent };
    this.#part.writeNotes(`${JSON.stringify(notes)}\n`);
  }
}

/** A number without an exponent, as every reader of such files understands it. */
function plain(value: number): string {
  const text = String(value);
  return text.includes("e") ? value.toFixed(18).replace(/\.?0+$/, "") : text;
}
