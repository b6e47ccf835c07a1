// Hashes that tell whether an install or a build is still the right one.
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";

import { ROOT } from "./project.mjs";

function solidityFiles(folder) {
  if (!fs.existsSync(folder)) return [];
  return fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) return solidityFiles(file);
    return entry.name.endsWith(".sol") ? [file] : [];
  });
}

/** sha256 over names and contents, so that a rename counts and a touch does not. */
function hashFiles(root, files) {
  const hash = createHash("sha256");
  for (const file of [...files].sort()) {
    const content = fs.readFileSync(file);
    hash.update(`${path.relative(root, file).split(path.sep).join("/")}\0${content.length}\0`).update(content);
  }
  return hash.digest("hex");
}

export const lockFingerprint = (root = ROOT) => hashFiles(root, [path.join(root, "package-lock.json")]);

/** Everything that the compiler's output depends on: our sources, the config, the imported packages' versions. */
export function buildFingerprint(root = ROOT) {
  const at = (name) => path.join(root, name);
  return hashFiles(root, [
    ...solidityFiles(at("contracts")),
    ...solidityFiles(at("test")),
    ...["hardhat.config.ts", "package-lock.json", "remappings.txt"].map(at).filter((file) => fs.existsSync(file)),
  ]);
}
