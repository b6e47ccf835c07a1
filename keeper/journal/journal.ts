/**
 * The keeper's journal: one SQLite file per keeper and vault, a write-ahead log of everything that it does outside. What must survive a power
 * cut before the keeper goes on (an intent, an attempt, an outcome) is written with {@link Journal.durably}; the rest may lose its last
 * moments, since the chain can be asked again.
 */
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from "node:sqlite";

import { MIGRATIONS } from "./schema.ts";

/** The journal cannot be used as it is; nothing may be sent without it. */
export class JournalError extends Error {
  override name = "JournalError";
}

/** Whose journal it is. */
export interface JournalIdentity {
  readonly chainId: bigint;
  readonly vault: string;
  readonly keeper: string;
}

export type Row = Record<string, SQLOutputValue>;

export class Journal {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #inTransaction = false;

  private constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /**
   * Opens a journal, or begins one.
   *
   * @param file path, or ":memory:" for one that dies with the process
   * @throws JournalError if the file belongs to another vault, chain or keeper, is newer than this program, or is damaged
   */
  static open(file: string, identity: JournalIdentity): Journal {
    let db: DatabaseSync | null = null;
    try {
      if (file !== ":memory:") mkdirSync(dirname(file), { recursive: true });
      db = new DatabaseSync(file, { timeout: 2_000 });
      db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;");
      const journal = new Journal(db);
      journal.#migrate(file);
      journal.#bind(file, identity);
      return journal;
    } catch (cause) {
      db?.close();
      if (cause instanceof JournalError) throw cause;
      throw new JournalError(
        `The journal ${file} cannot be opened (${cause instanceof Error ? cause.message : String(cause)}); check the path and its permissions, or restore the file.`,
        { cause },
      );
    }
  }

  /** All or nothing. Calls inside one another are one transaction. */
  transaction<T>(work: () => T): T {
    if (this.#inTransaction) return work();
    this.#db.exec("BEGIN IMMEDIATE");
    this.#inTransaction = true;
    try {
      const result = work();
      this.#db.exec("COMMIT");
      return result;
    } catch (error) {
      // After some failures (a full disk) SQLite has rolled back by itself.
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
      throw error;
    } finally {
      this.#inTransaction = false;
    }
  }

  /** A transaction that is on the disk when this returns. Not inside another one. */
  durably<T>(work: () => T): T {
    if (this.#inTransaction)
      throw new JournalError("A durable write cannot be part of another transaction; report this.");
    this.#db.exec("PRAGMA synchronous = FULL");
    try {
      return this.transaction(work);
    } finally {
      this.#db.exec("PRAGMA synchronous = NORMAL");
    }
  }

  run(sql: string, values: Readonly<Record<string, SQLInputValue>> = {}): number | bigint {
    return this.#statement(sql).run(values).lastInsertRowid;
  }

  get(sql: string, values: Readonly<Record<string, SQLInputValue>> = {}): Row | undefined {
    return this.#statement(sql).get(values);
  }

  all(sql: string, values: Readonly<Record<string, SQLInputValue>> = {}): Row[] {
    return this.#statement(sql).all(values);
  }

  close(): void {
    this.#db.close();
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #migrate(file: string): void {
    const version = Number(this.get("PRAGMA user_version")?.["user_version"] ?? 0);
    if (version > MIGRATIONS.length) {
      throw new JournalError(
        `The journal ${file} was written by a newer version of this program; update the program, or use another journal.`,
      );
    }
    for (const [i, migration] of MIGRATIONS.entries()) {
      if (i < version) continue;
      this.transaction(() => {
        this.#db.exec(migration);
        this.#db.exec(`PRAGMA user_version = ${i + 1}`);
      });
    }
  }

  #bind(file: string, identity: JournalIdentity): void {
    const wanted = {
      chain_id: identity.chainId.toString(),
      vault: identity.vault.toLowerCase(),
      keeper: identity.keeper.toLowerCase(),
    };
    const found = this.get("SELECT chain_id, vault, keeper FROM identity");
    if (found === undefined) {
      this.run("INSERT INTO identity (id, chain_id, vault, keeper) VALUES (1, :chain_id, :vault, :keeper)", wanted);
      return;
    }
    for (const key of ["chain_id", "vault", "keeper"] as const) {
      if (found[key] !== wanted[key]) {
        throw new JournalError(
          `The journal ${file} belongs to ${key.replace("_", " ")} ${String(found[key])}, not ${wanted[key]}; use another journal file.`,
        );
      }
    }
  }
}

/** A column that must hold text. */
export function text(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== "string") throw damaged(column);
  return value;
}

export function textOrNull(row: Row, column: string): string | null {
  return row[column] === null ? null : text(row, column);
}

/** A column that must hold a number. */
export function number(row: Row, column: string): number {
  const value = row[column];
  if (typeof value !== "number") throw damaged(column);
  return value;
}

export function numberOrNull(row: Row, column: string): number | null {
  return row[column] === null ? null : number(row, column);
}

function damaged(column: string): JournalError {
  return new JournalError(
    `The journal's column ${column} does not hold what it should; restore the file from a backup.`,
  );
}
