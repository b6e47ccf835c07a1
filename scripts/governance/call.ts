/** What a vote decides: one call of a governed function, read from words on a command line. */
import { Interface, ZeroAddress, type FunctionFragment } from "ethers";

import { loadArtifact } from "../deploy/artifacts.ts";
import { SLEEVE_PLACES } from "../deploy/sleeves.ts";
import { GOVERNOR_FUNCTIONS, GUARDIAN_FUNCTIONS } from "../deploy/strata.ts";

/** The words do not name a governed call. */
export class VoteError extends Error {
  override name = "VoteError";
}

export interface GovernedCall {
  readonly contract: "policy" | "oracle";
  /** Name with the arguments' names, for people. */
  readonly signature: string;
  readonly data: string;
  /** A decision of the governor waits; one of the guardian takes effect at once. */
  readonly delayed: boolean;
  /** The place whose sleeve the vault is to take in once the decision is in effect, if it names one. */
  readonly adopts: number | null;
}

/** Short words for the two decisions about sleeves, which name a place instead of its index. */
const SLEEVE = "sleeve";
const SLEEVE_USAGE = `sleeve set PLACE ADDRESS CAP_BPS (ADDRESS "none" frees the place), sleeve cap PLACE CAP_BPS; a PLACE is ${SLEEVE_PLACES.join(", ")}`;

/** What a contract's terms are now, by the names of a struct's fields. */
export type Present = (contract: GovernedCall["contract"]) => Promise<Readonly<Record<string, unknown>>>;

/**
 * @param said "sleeve" and what follows it, or a function name, then its arguments; for a function that takes one struct, the struct's fields in their order, or some of them
 *     as NAME=VALUE and the others as they are
 * @param present asked for the fields that are not named
 * @throws VoteError saying what there is to call
 */
export async function governedCall(said: readonly string[], present?: Present): Promise<GovernedCall> {
  const words = said[0] === SLEEVE ? sleeveWords(said.slice(1)) : said;
  const abis = {
    policy: new Interface((await loadArtifact("Policy")).abi),
    oracle: new Interface((await loadArtifact("PriceOracle")).abi),
  };
  const all = [
    ...GOVERNOR_FUNCTIONS.policy.map((name) => ({ contract: "policy", name, delayed: true }) as const),
    ...GOVERNOR_FUNCTIONS.oracle.map((name) => ({ contract: "oracle", name, delayed: true }) as const),
    ...GUARDIAN_FUNCTIONS.policy.map((name) => ({ contract: "policy", name, delayed: false }) as const),
  ];
  const [wanted, ...args] = words;
  const found = all.find(({ name }) => name === wanted);
  if (found === undefined) {
    throw new VoteError(
      `There is no governed function ${wanted === undefined ? "without a name" : `"${wanted}"`}; there are:\n${all
        .map(({ contract, name }) => `  ${describe(fragmentOf(abis[contract], name))}`)
        .join("\n")}\n  ${SLEEVE_USAGE}`,
    );
  }
  const abi = abis[found.contract];
  const fragment = fragmentOf(abi, found.name);
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
  try {
    const values = isStruct ? [given] : given;
    const data = abi.encodeFunctionData(fragment, values);
    const adopts = found.name === "setSleeve" ? Number(given[0]) : null;
    return { contract: found.contract, signature: describe(fragment), data, delayed: found.delayed, adopts };
  } catch (cause) {
    throw new VoteError(`A value does not fit ${describe(fragment)}: write whole numbers and 0x addresses.`, { cause });
  }
}

/** "set conversion 0x.. 4000" as setSleeve's words, "cap reserve 1000" as lowerSleeveCap's. */
function sleeveWords([act, place, ...rest]: readonly string[]): readonly string[] {
  const count = act === "set" ? 2 : act === "cap" ? 1 : null;
  if (count === null || rest.length !== count) throw new VoteError(`Write ${SLEEVE_USAGE}.`);
  const index = (SLEEVE_PLACES as readonly string[]).indexOf(place ?? "");
  if (index < 0) throw new VoteError(`There is no place "${place ?? ""}"; write ${SLEEVE_USAGE}.`);
  if (act === "cap") return ["lowerSleeveCap", String(index), ...rest];
  const [address = "", cap = ""] = rest;
  return ["setSleeve", String(index), address === "none" ? ZeroAddress : address, cap];
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

function fragmentOf(abi: Interface, name: string): FunctionFragment {
  const fragment = abi.getFunction(name);
  if (fragment === null) throw new VoteError(`The build has no function ${name}; run 'npm run build' first.`);
  return fragment;
}

function fieldsOf(fragment: FunctionFragment): readonly { readonly name: string; readonly type: string }[] {
  return fragment.inputs[0]?.components ?? fragment.inputs;
}

function describe(fragment: FunctionFragment): string {
  return [fragment.name, ...fieldsOf(fragment).map((field) => field.name || field.type)].join(" ");
}
