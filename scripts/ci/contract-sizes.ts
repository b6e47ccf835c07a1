/**
 * Fails when a contract's runtime code reaches the limit of EIP-170, 24,576 bytes. Libraries count; contracts/local
 * does not (it is deployed on local chains only). Reads the artifacts of the last build.
 */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { z } from "zod";

/** EIP-170: the runtime code may have at most this many bytes; ours stays under it. */
export const RUNTIME_LIMIT_BYTES = 24_576;

const Artifact = z.object({
  contractName: z.string(),
  sourceName: z.string(),
  deployedBytecode: z.string().regex(/^0x/),
});

export interface ContractSize {
  readonly name: string;
  readonly runtimeBytes: number;
}

/** Sizes of all deployable contracts under `folder`, the largest first. A library's link placeholder is 20 bytes, as its address. */
export function contractSizes(folder: string): ContractSize[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".json"))
    .map((file) => Artifact.parse(JSON.parse(readFileSync(join(folder, file), "utf8"))))
    .filter(({ sourceName }) => !sourceName.startsWith("contracts/local/"))
    .map(({ contractName, deployedBytecode }) => ({
      name: contractName,
      runtimeBytes: (deployedBytecode.length - 2) / 2,
    }))
    .filter(({ runtimeBytes }) => runtimeBytes > 0)
    .sort((a, b) => b.runtimeBytes - a.runtimeBytes);
}

function main(): number {
  const sizes = contractSizes(join(import.meta.dirname, "../../artifacts/contracts"));
  const format = (bytes: number): string => bytes.toLocaleString("en").padStart(7);
  for (const { name, runtimeBytes } of sizes) {
    const verdict = runtimeBytes < RUNTIME_LIMIT_BYTES ? "" : "  TOO LARGE";
    console.log(`${format(runtimeBytes)} bytes, ${format(RUNTIME_LIMIT_BYTES - runtimeBytes)} left  ${name}${verdict}`);
  }
  const tooLarge = sizes.filter(({ runtimeBytes }) => runtimeBytes >= RUNTIME_LIMIT_BYTES);
  console.log(
    `${sizes.length} contracts, ${tooLarge.length} not under ${RUNTIME_LIMIT_BYTES.toLocaleString("en")} bytes`,
  );
  return tooLarge.length === 0 ? 0 : 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) process.exitCode = main();
