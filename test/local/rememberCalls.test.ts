import { expect } from "chai";

import { rememberCalls } from "../../scripts/local/rememberCalls.ts";

interface Asked {
  readonly method: string;
  readonly params: readonly unknown[];
}

/** A node whose answers tell how often it was asked. */
function counting(): { block: number; calls: number; request(asked: Asked): Promise<unknown> } {
  return {
    block: 7,
    calls: 0,
    async request({ method, params }) {
      if (method === "eth_blockNumber") return Promise.resolve(`0x${this.block.toString(16)}`);
      this.calls += 1;
      if (params[0] === "refused") return Promise.reject(new Error("reverted"));
      return Promise.resolve(`${method} ${JSON.stringify(params)} ${this.calls}`);
    },
  };
}

describe("scripts/local/rememberCalls", () => {
  it("asks once for the newest block, and again for the next one", async () => {
    const node = counting();
    const rpc = rememberCalls(node);
    const call = { method: "eth_call", params: [{ to: "0x01" }, "latest"] };
    const first = await rpc.request(call);
    expect(await rpc.request(call)).to.equal(first);
    expect(node.calls).to.equal(1);
    await rpc.request({ ...call, params: [{ to: "0x02" }, "latest"] });
    expect(node.calls).to.equal(2);
    node.block += 1;
    expect(await rpc.request(call)).not.to.equal(first);
    expect(node.calls).to.equal(3);
  });

  it("keeps neither what is asked of an older block, nor other requests, nor refusals", async () => {
    const node = counting();
    const rpc = rememberCalls(node);
    for (const params of [[{ to: "0x01" }, "0x6"], [{ to: "0x01" }]]) {
      await rpc.request({ method: "eth_call", params });
      await rpc.request({ method: "eth_call", params });
    }
    await rpc.request({ method: "eth_getBalance", params: ["0x01", "latest"] });
    await rpc.request({ method: "eth_getBalance", params: ["0x01", "latest"] });
    expect(node.calls).to.equal(6);
    for (const again of [7, 8]) {
      const refused = await rpc.request({ method: "eth_call", params: ["refused", "latest"] }).catch(() => "refused");
      expect(refused).to.equal("refused");
      expect(node.calls).to.equal(again);
    }
  });
});
