import { readFile } from "node:fs/promises";

import { expect } from "chai";
import { Interface } from "ethers";

import { readEvents, type LogSource } from "../../../keeper/report/events.ts";

const VAULT = `0x${"11".repeat(20)}`;
const SOMEBODY = `0x${"22".repeat(20)}`;
const ABI = new Interface([
  "event Deposited(address indexed payer, address indexed to, uint256 shares, uint256 amount0, uint256 amount1)",
  "event Deleveraged(uint256 indexed index, address indexed by, uint256 paid)",
  "event Unwound(uint256 indexed index, address indexed by, uint256 paid)",
]);

/** A chain with these logs of the vault; it filters by address and first topic as a node does. */
function chainWith(logs: readonly { readonly name: string; readonly args: readonly unknown[] }[]): LogSource {
  const all = logs.map(({ name, args }) => ({ address: VAULT, ...ABI.encodeEventLog(name, args) }));
  return {
    getLogs: ({ address, topics }) => {
      const [first] = topics;
      const wanted = Array.isArray(first) ? first : [first];
      const addresses = Array.isArray(address) ? address : [address];
      return Promise.resolve(
        all.filter((log) => addresses.includes(log.address) && wanted.includes(log.topics[0] ?? null)),
      );
    },
  };
}

describe("report/events", () => {
  const source = { vault: VAULT, pools: [], quoteIsToken0: false, baseDecimals: 18, quoteDecimals: 6 };

  it("reads who brought a debt down or unwound a sleeve, beside deposits", async () => {
    const chain = chainWith([
      { name: "Deleveraged", args: [0, SOMEBODY, 5n] },
      { name: "Unwound", args: [2, SOMEBODY, 0n] },
      { name: "Deposited", args: [SOMEBODY, SOMEBODY, 1n, 10n ** 18n, 2_000_000n] },
    ]);
    const events = await readEvents(chain, source, 1, 1);
    expect(events.interventions).to.deep.equal([
      { kind: "deleverage", index: 0 },
      { kind: "unwind", index: 2 },
    ]);
    expect(events.deposits).to.deep.equal([{ base: 1, quote: 2 }]);
    expect(events.withdrawals).to.deep.equal([]);
  });

  it("has the signatures that the vault's interface declares", async () => {
    const text = await readFile(new URL("../../../contracts/interfaces/IVault.sol", import.meta.url), "utf8");
    for (const name of ["Deleveraged", "Unwound"]) {
      const declared = new RegExp(`event ${name}\\(([^)]*)\\)`).exec(text)?.[1]?.replace(/\s+/g, " ").trim();
      const types = declared?.split(",").map((one) => one.trim().split(" ")[0]);
      expect(types).to.deep.equal(ABI.getEvent(name)?.inputs.map(({ type }) => type));
    }
  });
});
