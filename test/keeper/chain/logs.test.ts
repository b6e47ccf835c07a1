import { expect } from "chai";

import { ConnectionError, NodeError } from "../../../keeper/chain/failures.ts";
import { eventsBetween } from "../../../keeper/chain/logs.ts";
import type { EventLog, LogFilter } from "../../../keeper/chain/node.ts";

const address = "0x5FbDB2315678afecb367f032d93F642f64180aa3";
const range = { address, topic0: "0x01", from: 0n, to: 9_999n };

/** A node with an event in every thousandth block that looks through so many blocks at once. */
function nodeWith(most: bigint): {
  readonly asked: LogFilter[];
  logs(filter: LogFilter): Promise<readonly EventLog[]>;
} {
  const asked: LogFilter[] = [];
  return {
    asked,
    logs(filter) {
      asked.push(filter);
      const { from, to } = filter;
      if (to - from >= most) return Promise.reject(new NodeError("The node refused eth_getLogs; ask for less."));
      const found: EventLog[] = [];
      for (let block = from; block <= to; block++) {
        if (block % 1_000n === 0n) found.push({ address, topics: [String(block)], data: "0x" });
      }
      return Promise.resolve(found);
    },
  };
}

describe("events over many blocks", () => {
  const expected = Array.from({ length: 10 }, (_, i) => String(i * 1_000));

  it("asks once where that is enough, and else in halves, each block once and in order", async () => {
    for (const most of [10_000n, 700n]) {
      const node = nodeWith(most);
      const found = await eventsBetween(node, range);
      expect(found.map(({ topics }) => topics[0])).to.deep.equal(expected);
      expect(node.asked.length === 1).to.equal(most === 10_000n);
    }
  });

  it("gives up where a node refuses even short ranges, or so short ones that it would never end", async () => {
    for (const most of [0n, 17n]) {
      const node = nodeWith(most);
      const error = await eventsBetween(node, { ...range, to: 1_000_000n }).catch((one: unknown) => one);
      expect(error).to.be.instanceOf(NodeError);
      expect(node.asked.length <= 400).to.equal(true);
    }
  });

  it("does not ask a node again that does not answer", async () => {
    let asked = 0;
    const silent = {
      logs: (): Promise<never> => {
        asked++;
        return Promise.reject(new ConnectionError("The node does not answer; check RPC_URL."));
      },
    };
    expect(await eventsBetween(silent, range).catch((one: unknown) => one)).to.be.instanceOf(ConnectionError);
    expect(asked).to.equal(1);
  });
});
