import { expect } from "chai";

import { parseKillers, readKillers, shortKey, updated } from "../../../scripts/mutation/killers.ts";
import type { Identity } from "../../../scripts/mutation/mutants.ts";

const mutant = (change: Partial<Identity> = {}): Identity => ({
  file: "contracts/Vault.sol",
  operator: "constant",
  function: "Vault.f",
  in: "x = 0",
  original: "0",
  mutated: "1",
  nth: 1,
  ...change,
});

describe("scripts/mutation/killers: who killed a mutant the last time", () => {
  it("tells mutants apart by everything that makes them what they are", () => {
    const all = [
      mutant(),
      mutant({ file: "contracts/Policy.sol" }),
      mutant({ function: "Vault.g" }),
      mutant({ in: "y = 0" }),
      mutant({ mutated: "2" }),
      mutant({ nth: 2 }),
    ].map(shortKey);
    expect(new Set(all).size).to.equal(all.length);
    expect(shortKey(mutant())).to.equal(all[0]);
  });

  it("keeps what a run found over what was known, and forgets mutants that the sources no longer give", () => {
    const [kept, renewed, gone, fresh] = [1, 2, 3, 4].map((nth) => mutant({ nth })) as [
      Identity,
      Identity,
      Identity,
      Identity,
    ];
    const before = new Map([kept, renewed, gone].map((one) => [shortKey(one), "old"]));
    const found = [renewed, fresh].map((one) => ({ mutant: one, by: "new" }));
    const after = updated(before, found, [kept, renewed, fresh]);
    expect([kept, renewed, gone, fresh].map((one) => after.get(shortKey(one)))).to.deep.equal([
      "old",
      "new",
      undefined,
      "new",
    ]);
    expect([...after.keys()]).to.deep.equal([...after.keys()].sort());
  });

  it("refuses a file that is not one", async () => {
    expect(() => parseKillers('{ "short": "a.test.ts" }')).to.throw();
    expect(() => parseKillers('{ "0123456789abcdef": "" }')).to.throw();
    expect(() => parseKillers("[]")).to.throw();
    for (const by of (await readKillers()).values()) expect(by).to.match(/^test\/contracts\/.*\.test\.ts$/);
  });
});
