import { readFileSync } from "node:fs";

import { parse } from "dotenv";
import { computeAddress, getAddress } from "ethers";
import { z } from "zod";

import { ConfigurationError } from "./errors.ts";
import type { LocalWorldState } from "./localWorld.ts";

/** Environment variables as a process has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Where a vault is. */
export interface Target {
  readonly rpcUrl: string;
  readonly chainId: number;
  readonly vault: string;
  readonly lens: string;
  /** Set if the target is the local world that runs on this machine. */
  readonly local: LocalWorldState | null;
}

/** The environment with what stands in a .env file; the environment wins. */
export function withEnvFile(environment: Environment, file: string | URL): Environment {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return environment;
    throw new ConfigurationError([
      `The file .env cannot be read (${(error as Error).message}); make it readable or remove it.`,
    ]);
  }
  return { ...parse(text), ...environment };
}

const rpcUrl = z.string().refine((text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol), {
  error: "is not an http or https address; write one such as http://127.0.0.1:8545",
});
const chainId = z
  .string()
  .refine((text) => /^[1-9]\d*$/.test(text) && Number.isSafeInteger(Number(text)), {
    error: "is not a chain id; write a whole number such as 1 or 31337",
  })
  .transform(Number);
const address = z.string().refine(isAddress, { error: "is not an address; write 0x and 40 hex digits" });
const privateKey = z.string().refine(isPrivateKey, {
  error: "is not a private key; write 0x and 64 hex digits (the value is not shown here)",
});

/** What each variable is for; the part of a message that says how to mend a missing one. */
const MISSING = {
  RPC_URL: "set it to the JSON-RPC address of the chain",
  CHAIN_ID: "set it to the id that the chain must have, for example 1",
  VAULT: "set it to the vault's address, or start a local world with `npm start`",
  LENS: "set it to the lens's address of the same deployment",
  KEEPER_PRIVATE_KEY: "set it to the key of an account that the policy names as keeper",
  LP_PRIVATE_KEY: "set it to the key of the account that deposits or withdraws",
} as const;

type Variable = keyof typeof MISSING;

/**
 * The vault that the environment names or, if it names none, the local world that runs on this machine.
 *
 * @param environment see .env.example; an empty value counts as missing
 * @param local what a running local world says of itself, or null
 * @throws ConfigurationError with every problem at once
 */
export function resolveTarget(environment: Environment, local: LocalWorldState | null): Target {
  const given = (name: Variable): string | undefined => environment[name]?.trim() || undefined;
  const url = given("RPC_URL");
  const elsewhere = url !== undefined && (local === null || plainUrl(url) !== plainUrl(local.url));
  // Never half of one and half of the other: a key for one chain must not act on another.
  const useLocal = local !== null && given("VAULT") === undefined && given("LENS") === undefined && !elsewhere;
  const source: Environment = useLocal
    ? { RPC_URL: local.url, CHAIN_ID: given("CHAIN_ID") ?? String(local.chainId), VAULT: local.vault, LENS: local.lens }
    : environment;
  const nobody = local === null && given("VAULT") === undefined && given("LENS") === undefined;
  if (nobody && url === undefined && given("CHAIN_ID") === undefined) {
    throw new ConfigurationError([
      `${NO_WORLD} RPC_URL, CHAIN_ID, VAULT and LENS in the environment or in .env (see .env.example).`,
    ]);
  }
  const first = nobody ? `${NO_WORLD} what is missing or wrong:` : "";
  const read = validate(source, { RPC_URL: rpcUrl, CHAIN_ID: chainId, VAULT: address, LENS: address }, first);
  return {
    rpcUrl: read.RPC_URL,
    chainId: read.CHAIN_ID,
    vault: getAddress(read.VAULT),
    lens: getAddress(read.LENS),
    local: useLocal ? local : null,
  };
}

const NO_WORLD = "No local world runs here: start one with 'npm start', or set";

/** An address of this machine in one spelling, so that "localhost" and a slash at the end make no other node of it. */
function plainUrl(text: string): string {
  if (!URL.canParse(text)) return text;
  const url = new URL(text);
  if (["localhost", "[::1]"].includes(url.hostname)) url.hostname = "127.0.0.1";
  return url.href.replace(/\/+$/, "");
}

/** A private key from the environment. Throws ConfigurationError if it is missing or wrong; the key is never part of a message. */
export function privateKeyFrom(environment: Environment, name: "KEEPER_PRIVATE_KEY" | "LP_PRIVATE_KEY"): string {
  const read = validate(environment, { [name]: privateKey });
  return read[name] as string;
}

function validate<Shape extends Record<string, z.ZodType>>(
  environment: Environment,
  shape: Shape,
  first = "",
): { [Name in keyof Shape]: z.output<Shape[Name]> } {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, schema] of Object.entries(shape)) {
    const text = environment[name]?.trim();
    if (text === undefined || text === "") {
      problems.push(`${name} is missing: ${MISSING[name as Variable]} (in the environment or in .env).`);
      continue;
    }
    const parsed = schema.safeParse(text);
    if (parsed.success) values[name] = parsed.data;
    else {
      const shown = name.endsWith("_KEY") ? "" : ` "${text}"`;
      problems.push(`${name}${shown} ${parsed.error.issues[0]?.message ?? "is wrong"}.`);
    }
  }
  if (problems.length > 0) throw new ConfigurationError(problems, first);
  return values as { [Name in keyof Shape]: z.output<Shape[Name]> };
}

function isAddress(text: string): boolean {
  try {
    getAddress(text);
    return text.startsWith("0x");
  } catch {
    return false; // The answer to the question, not a failure.
  }
}

function isPrivateKey(text: string): boolean {
  if (!/^0x[0-9a-fA-F]{64}$/.test(text)) return false;
  try {
    computeAddress(text);
    return true;
  } catch {
    return false; // Zero, or not below the curve's order.
  }
}
