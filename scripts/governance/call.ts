/** What a vote decides: one call of a governed function, read from words on a command line. */
import { getAddress, Interface, ZeroAddress, type FunctionFragment } from "ethers";

import { loadArtifact } from "../deploy/artifacts.ts";
import { SLEEVE_PLACES } from "../deploy/sleeves.ts";
import { GOVERNOR_FUNCTIONS, GUARDIAN_FUNCTIONS } from "../deploy/strata.ts";
import { problemOf, type Field } from "./bounds.ts";

/** The words do not name a governed call, or it cannot be made. */
export class VoteError extends Error {
  override name = "VoteError";
}

/** What a call does to a place of the vault. */
export type PlaceAct =
  | { readonly act: "set"; readonly index: number; readonly sleeve: string }
  | { readonly act: "adopt" | "deleverage" | "unwind"; readonly index: number };

export interface GovernedCall {
  readonly contract: "policy" | "oracle" | "vault";
  /** Name with the arguments' names, for people. */
  readonly signature: string;
  readonly data: string;
  /** A decision of the governor waits; everything else takes effect at once. */
  readonly delayed: boolean;
  /** Anybody may make this call, so that nobody has to decide it. */
  readonly open: boolean;
  /** Null for what is not about a place, and for a cap that is lowered. */
  readonly place: PlaceAct | null;
}

/** Short words for decisions about sleeves, which name a place instead of its index. */
const SLEEVE = "sleeve";
const UNWIND = "unwind";
const PLACES_USAGE = `a PLACE is 0 to 3, or ${SLEEVE_PLACES.join(", ")}`;
const USAGE = {
  set: 'sleeve set PLACE ADDRESS CAP_BPS (ADDRESS "none" with 0 frees the place)',
  cap: "sleeve cap PLACE CAP_BPS",
  adopt: "sleeve adopt PLACE",
  deleverage: "sleeve deleverage PLACE",
  unwind: "unwind PLACE",
} as const;
const SLEEVE_USAGE = `${[USAGE.set, USAGE.cap, USAGE.adopt, USAGE.deleverage].join(", ")}; ${PLACES_USAGE}`;

/** Functions of the vault that a vote can call: the guardian's, and anybody's. */
const VAULT_FUNCTIONS = { guardian: ["unwind"], anybody: ["adoptSleeve", "deleverage"] } as const;
/** Said with the short words. */
const SAID_OTHERWISE: ReadonlySet<string> = new Set(["setSleeve", "lowerSleeveCap"]);

const FUNCTIONS = [
  ...GOVERNOR_FUNCTIONS.policy.map((name) => ({ contract: "policy", name, by: "governor" }) as const),
  ...GOVERNOR_FUNCTIONS.oracle.map((name) => ({ contract: "oracle", name, by: "governor" }) as const),
  ...GUARDIAN_FUNCTIONS.policy.map((name) => ({ contract: "policy", name, by: "guardian" }) as const),
  ...VAULT_FUNCTIONS.guardian.map((name) => ({ contract: "vault", name, by: "guardian" }) as const),
  ...VAULT_FUNCTIONS.anybody.map((name) => ({ contract: "vault", name, by: "anybody" }) as const),
];

/** What a contract's terms are now, by the names of a struct's fields. */
export type Present = (contract: GovernedCall["contract"]) => Promise<Readonly<Record<string, unknown>>>;

/** What can be decided, or what a guardian alone can do, one function a line. */
export async function decisions(byGuardian: boolean): Promise<string> {
  const abis = await loadAbis();
  const lines = (by: "governor" | "guardian"): string[] =>
    FUNCTIONS.filter((one) => one.by === by && one.contract !== "vault" && !SAID_OTHERWISE.has(one.name)).map(
      ({ contract, name }) => describe(fragmentOf(abis[contract], name)),
    );
  const governor = [...lines("governor"), USAGE.set];
  const guardian = [...lines("guardian"), USAGE.cap, USAGE.unwind];
  const list = (title: string, calls: readonly string[]): readonly string[] => [
    title,
    ...calls.map((one) => `  ${one}`),
  ];
  const parts = byGuardian
    ? list("The guardian's account alone can do at once:", guardian)
    : [
        ...list("The Safe decides, in effect after the delay:", governor),
        ...list('The Safe, or after the word "guardian" the guardian\'s account alone, decides at once:', guardian),
        ...list("Anybody may have it done, at once:", [USAGE.adopt, USAGE.deleverage]),
      ];
  const last = `${PLACES_USAGE}. Of many values you may name only some, as NAME=VALUE. --dir FOLDER names another world than .strata's.`;
  return [...parts, `${last.charAt(0).toUpperCase()}${last.slice(1)}`].join("\n");
}

/**
 * @param said "sleeve" or "unwind" and what follows it, or a function name, then its arguments; for a function that takes one struct,
 *     the struct's fields in their order, or some of them as NAME=VALUE and the others as they are
 * @param present asked for the fields that are not named
 * @throws VoteError saying what there is to call, or what is wrong with a value
 */
export async function governedCall(said: readonly string[], present?: Present): Promise<GovernedCall> {
  const words = translated(said);
  const abis = await loadAbis();
  const [wanted = "", ...args] = words;
  const found = FUNCTIONS.find(({ name }) => name === wanted);
  if (found === undefined) {
    throw new VoteError(`There is no governed function "${wanted}"; there are:\n${await decisions(false)}`);
  }
  const fragment = fragmentOf(abis[found.contract], found.name);
  const fields = fieldsOf(fragment);
  const isStruct = fragment.inputs[0]?.baseType === "tuple";
  const given =
    isStruct && present !== undefined && args.length > 0 && args.every((arg) => arg.includes("="))
      ? merged(fragment, args, await present(found.contract))
      : args;
  if (given.length !== fields.length) {
    const named = isStruct ? ", or some of them as NAME=VALUE" : "";
    throw new VoteError(`${describe(fragment)} takes ${fields.length} values, not ${given.length}${named}.`);
  }
  for (const [i, field] of fields.entries()) {
    const problem = problemOf(field, given[i] ?? "");
    if (problem !== null) throw new VoteError(problem);
  }
  return {
    contract: found.contract,
    signature: describe(fragment),
    data: abis[found.contract].encodeFunctionData(fragment, isStruct ? [given] : given),
    delayed: found.by === "governor",
    open: found.by === "anybody",
    place: placeAct(found.name, given),
  };
}

function placeAct(name: (typeof FUNCTIONS)[number]["name"], given: readonly string[]): PlaceAct | null {
  const index = Number(given[0]);
  switch (name) {
    case "setSleeve":
      return { act: "set", index, sleeve: getAddress(given[1] ?? "") };
    case "adoptSleeve":
      return { act: "adopt", index };
    case "deleverage":
    case "unwind":
      return { act: name, index };
    default:
      return null;
  }
}

/** The short words as a function's: "sleeve set conversion 0x.. 4000" as setSleeve's, "unwind reserve" as unwind's. */
function translated(said: readonly string[]): readonly string[] {
  if (said[0] === SLEEVE) return sleeveWords(said.slice(1));
  if (said[0] !== UNWIND) return said;
  if (said.length !== 2) throw new VoteError(`Write ${USAGE.unwind}; ${PLACES_USAGE}.`);
  return [UNWIND, placeIndex(said[1] ?? "", USAGE.unwind)];
}

function sleeveWords([act, place = "", ...rest]: readonly string[]): readonly string[] {
  const count = act === "set" ? 2 : act === "cap" ? 1 : act === "adopt" || act === "deleverage" ? 0 : null;
  if (count === null || place === "" || rest.length !== count) throw new VoteError(`Write ${SLEEVE_USAGE}.`);
  const index = placeIndex(place, SLEEVE_USAGE);
  if (act === "cap") return ["lowerSleeveCap", index, ...rest];
  if (act === "adopt") return ["adoptSleeve", index];
  if (act === "deleverage") return ["deleverage", index];
  const [address = "", cap = ""] = rest;
  if (address === "none" && cap !== "0") throw new VoteError("A place without a sleeve has a cap of 0: write none 0.");
  return ["setSleeve", index, address === "none" ? ZeroAddress : address, cap];
}

function placeIndex(place: string, usage: string): string {
  const index = /^[0-3]$/.test(place) ? Number(place) : (SLEEVE_PLACES as readonly string[]).indexOf(place);
  if (index < 0) {
    const which = usage.endsWith(PLACES_USAGE) ? usage : `${usage}; ${PLACES_USAGE}`;
    throw new VoteError(`There is no place "${place}"; write ${which}.`);
  }
  return String(index);
}

/** A struct's fields in their order: those named, and the others as they are. */
function merged(
  fragment: FunctionFragment,
  named: readonly string[],
  present: Readonly<Record<string, unknown>>,
): readonly string[] {
  const values = new Map(named.map((word) => [word.slice(0, word.indexOf("=")), word.slice(word.indexOf("=") + 1)]));
  const fields = fieldsOf(fragment).map(({ name }) => name);
  const unknown = [...values.keys()].filter((name) => !fields.includes(name));
  if (unknown.length > 0) throw new VoteError(`${describe(fragment)}: there is no field ${unknown.join(", ")}.`);
  return fields.map((name) => values.get(name) ?? String(present[name]));
}

async function loadAbis(): Promise<Readonly<Record<GovernedCall["contract"], Interface>>> {
  return {
    policy: new Interface((await loadArtifact("Policy")).abi),
    oracle: new Interface((await loadArtifact("PriceOracle")).abi),
    vault: new Interface((await loadArtifact("Vault")).abi),
  };
}

function fragmentOf(abi: Interface, name: string): FunctionFragment {
  const fragment = abi.getFunction(name);
  if (fragment === null) throw new VoteError(`The build has no function ${name}; run 'npm run build' first.`);
  return fragment;
}

function fieldsOf(fragment: FunctionFragment): readonly Field[] {
  return fragment.inputs[0]?.components ?? fragment.inputs;
}

function describe(fragment: FunctionFragment): string {
  return [fragment.name, ...fieldsOf(fragment).map((field) => field.name || field.type)].join(" ");
}
