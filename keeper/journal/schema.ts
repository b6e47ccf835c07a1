/**
 * The journal's tables and how older files become newer ones. A migration is never edited once released; the file's version is SQLite's
 * user_version, the number of migrations that it has had.
 */
export const MIGRATIONS: readonly string[] = [
  `
  -- Whose journal this is: one keeper's account and one vault on one chain.
  CREATE TABLE identity (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    chain_id TEXT NOT NULL,
    vault TEXT NOT NULL,
    keeper TEXT NOT NULL
  ) STRICT;

  CREATE TABLE ticks (
    id INTEGER PRIMARY KEY,
    time INTEGER NOT NULL,
    block INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    actions TEXT NOT NULL,
    detail TEXT NOT NULL,
    nav REAL NOT NULL
  ) STRICT;
  CREATE INDEX ticks_by_time ON ticks (time);

  -- Published decisions, by the hash that stands in their plans.
  CREATE TABLE decisions (
    hash TEXT PRIMARY KEY,
    time INTEGER NOT NULL,
    document TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

  -- What the keeper means to do outside, written before it is done. outcome is null until the chain has settled it.
  CREATE TABLE intents (
    id INTEGER PRIMARY KEY,
    time INTEGER NOT NULL,
    block INTEGER NOT NULL,
    decision_hash TEXT NOT NULL,
    actions TEXT NOT NULL,
    plan TEXT NOT NULL,
    plan_nonce TEXT NOT NULL,
    deadline INTEGER NOT NULL,
    account_nonce INTEGER NOT NULL,
    calldata TEXT NOT NULL,
    gas_limit TEXT NOT NULL,
    memory TEXT NOT NULL,
    outcome TEXT,
    detail TEXT,
    tx_hash TEXT,
    tx_block INTEGER,
    gas_used TEXT,
    gas_price TEXT,
    settled_at INTEGER
  ) STRICT;
  -- At most one intent is open: a keeper that has not settled the last one may not begin the next.
  CREATE UNIQUE INDEX one_open_intent ON intents ((outcome IS NULL)) WHERE outcome IS NULL;

  -- Each signed transaction of an intent: the first and its replacements at the same account nonce.
  CREATE TABLE attempts (
    hash TEXT PRIMARY KEY,
    intent INTEGER NOT NULL REFERENCES intents (id),
    account_nonce INTEGER NOT NULL,
    raw TEXT NOT NULL,
    max_fee TEXT NOT NULL,
    priority_fee TEXT NOT NULL,
    signed_at INTEGER NOT NULL,
    sent_at INTEGER,
    answer TEXT
  ) STRICT;
  CREATE INDEX attempts_by_intent ON attempts (intent);
  CREATE INDEX attempts_by_nonce ON attempts (account_nonce);

  -- The strategy's memory as of the last hold or confirmed plan.
  CREATE TABLE memory (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    value TEXT NOT NULL
  ) STRICT;

  CREATE TABLE bars (
    time INTEGER PRIMARY KEY,
    open REAL NOT NULL,
    high REAL NOT NULL,
    low REAL NOT NULL,
    close REAL NOT NULL,
    volume REAL NOT NULL,
    filled INTEGER NOT NULL
  ) STRICT;
  -- The hour under way.
  CREATE TABLE open_bar (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    time INTEGER NOT NULL,
    bar TEXT
  ) STRICT;
  CREATE TABLE samples (
    time INTEGER PRIMARY KEY,
    price REAL NOT NULL,
    tiers TEXT NOT NULL
  ) STRICT;
  `,
  `
  -- Not only plans are sent: what is called, and where. Older intents are plans, and went to the journal's vault.
  ALTER TABLE intents ADD COLUMN kind TEXT NOT NULL DEFAULT 'plan';
  ALTER TABLE intents ADD COLUMN target TEXT NOT NULL DEFAULT '';
  UPDATE intents SET target = coalesce((SELECT vault FROM identity), '');
  `,
  `
  -- What others count and report about the market, day by day: pools that the factory opened, and what a share of the asset sleeve's venue is worth.
  CREATE TABLE launches (
    day INTEGER PRIMARY KEY,
    pools INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE marks (
    time INTEGER PRIMARY KEY,
    sleeve TEXT NOT NULL,
    value REAL NOT NULL
  ) STRICT;
  `,
];
