import { execFile } from "node:child_process";
import { createServer } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { expect } from "chai";
import { JsonRpcProvider, Wallet } from "ethers";

import { PortBusyError, TransactionFailedError } from "../../scripts/local/errors.ts";
import { startChain, type ChainOptions, type LocalChain, type LocalTransaction } from "../../scripts/local/chain.ts";
import { rejects, SOME_TIME } from "./support.ts";

const run = promisify(execFile);

describe("local chain", () => {
  let chains: LocalChain[] = [];

  const start = async (options: Partial<ChainOptions> = {}): Promise<LocalChain> => {
    const chain = await startChain({ time: SOME_TIME, ...options });
    chains.push(chain);
    return chain;
  };

  afterEach(async () => {
    await Promise.all(chains.map((chain) => chain.stop()));
    chains = [];
  });

  const transfer = (chain: LocalChain, value = 1n): LocalTransaction => ({
    from: chain.accounts.deployer.address,
    to: chain.accounts.stranger.address,
    data: "0x",
    value,
    gas: 21_000n,
    what: "A transfer",
  });

  it("begins at the given time and spaces automatic blocks evenly, whatever the clock on the wall says", async () => {
    const chain = await start({ blockSeconds: 5 });
    expect(await chain.time()).to.equal(SOME_TIME);
    const signer = await chain.ethers.getSigner(chain.accounts.deployer.address);
    await Promise.all([1n, 2n, 3n].map((value) => signer.sendTransaction({ to: signer.address, value })));
    expect(await chain.time()).to.equal(SOME_TIME + 15);
  });

  it("keeps a time that the caller has chosen", async () => {
    const chain = await start();
    await chain.provider.request({ method: "evm_setNextBlockTimestamp", params: [SOME_TIME + 1000] });
    const signer = await chain.ethers.getSigner(chain.accounts.deployer.address);
    await signer.sendTransaction({ to: signer.address });
    expect(await chain.time()).to.equal(SOME_TIME + 1000);
    await signer.sendTransaction({ to: signer.address });
    expect(await chain.time()).to.equal(SOME_TIME + 1001);
  });

  it("puts several transactions into one block at a time, in order, with the same base fee", async () => {
    const chain = await start({ baseFeePerGas: 7_000_000_000n });
    const receipts = await chain.block(SOME_TIME + 60, [transfer(chain), transfer(chain, 2n), transfer(chain, 3n)]);
    const block = await chain.ethers.provider.getBlock("latest");
    expect(block?.number).to.equal(1);
    expect(block?.timestamp).to.equal(SOME_TIME + 60);
    expect(block?.baseFeePerGas).to.equal(7_000_000_000n);
    expect(block?.transactions).to.deep.equal(receipts.map((receipt) => receipt.hash));
    await chain.mine(SOME_TIME + 120);
    expect((await chain.ethers.provider.getBlock("latest"))?.baseFeePerGas).to.equal(7_000_000_000n);
  });

  it("says which transaction failed and why, and goes on", async () => {
    const chain = await start();
    const token = await chain.ethers.deployContract("LocalToken", ["Token", "T", 18]);
    const data = token.interface.encodeFunctionData("transfer", [chain.accounts.stranger.address, 1n]);
    const bad = { ...transfer(chain, 0n), to: await token.getAddress(), data, gas: 100_000n, what: "The empty purse" };
    const error = await rejects(
      chain.block(SOME_TIME + 60, [bad]),
      /^The empty purse failed .*ERC20InsufficientBalance/,
    );
    expect(error).to.be.instanceOf(TransactionFailedError);
    await rejects(chain.block(SOME_TIME + 90, [{ ...bad, gas: 22_000n }]), /out of gas/);
    await chain.block(SOME_TIME + 120, [transfer(chain)]);
    expect(await chain.time()).to.equal(SOME_TIME + 120);
    expect(await chain.provider.request({ method: "hardhat_getAutomine" })).to.equal(true);
  });

  it("lets transactions wait in the pool while automatic mining is off", async () => {
    const chain = await start();
    await chain.setAutomine(false);
    const signer = await chain.ethers.getSigner(chain.accounts.keeper.address);
    const sent = await signer.sendTransaction({ to: signer.address, gasLimit: 21_000 });
    expect(await chain.ethers.provider.getTransactionReceipt(sent.hash)).to.equal(null);
    await chain.block(SOME_TIME + 60, [transfer(chain)]);
    expect((await chain.ethers.provider.getTransactionReceipt(sent.hash))?.blockNumber).to.equal(1);
    expect(await chain.provider.request({ method: "hardhat_getAutomine" })).to.equal(false);
  });

  it("serves the same chain over HTTP, signed transactions and reverts included", async () => {
    const chain = await start({ port: 0 });
    const provider = new JsonRpcProvider(chain.url ?? "", undefined, { cacheTimeout: -1, pollingInterval: 20 });
    try {
      const wallet = new Wallet(chain.accounts.keeper.privateKey, provider);
      const sent = await wallet.sendTransaction({ to: wallet.address, value: 1n });
      expect((await sent.wait())?.status).to.equal(1);
      expect(await chain.time()).to.equal(SOME_TIME + 1);
      const token = await chain.ethers.deployContract("LocalToken", ["Token", "T", 18]);
      const call = {
        to: await token.getAddress(),
        from: wallet.address,
        data: token.interface.encodeFunctionData("transfer", [wallet.address, 1n]),
      };
      const error: unknown = await provider.call(call).catch((caught: unknown) => caught);
      expect(token.interface.parseError((error as { data: string }).data)?.name).to.equal("ERC20InsufficientBalance");
    } finally {
      provider.destroy();
    }
  });

  it("answers batches in order and bad requests with JSON-RPC errors", async () => {
    const chain = await start({ port: 0 });
    const post = async (body: string): Promise<unknown> =>
      (await fetch(chain.url ?? "", { method: "POST", body })).json();
    const batch = ["eth_chainId", "eth_blockNumber", "no_such_method"].map((method, id) => ({
      jsonrpc: "2.0",
      id,
      method,
      params: [],
    }));
    const answers = (await post(JSON.stringify(batch))) as { id: number; result?: string; error?: { code: number } }[];
    expect(answers.map((answer) => answer.result)).to.deep.equal(["0x7a69", "0x0", undefined]);
    expect(answers[2]?.error?.code).to.be.a("number");
    expect(await post("{")).to.have.nested.property("error.code", -32700);
    expect(await post('{"id":1}')).to.have.nested.property("error.code", -32600);
    expect(await post('{"id":1,"method":"eth_chainId","params":{}}')).to.have.nested.property("error.code", -32600);
  });

  it("lets pages of this machine in and no others", async () => {
    const chain = await start({ port: 0 });
    const ask = (headers: Record<string, string>): Promise<Response> =>
      fetch(chain.url ?? "", { method: "POST", body: '{"id":1,"method":"eth_chainId"}', headers });
    expect((await ask({ origin: "https://example.com" })).status).to.equal(403);
    const own = await ask({ origin: "http://localhost:5173" });
    expect(own.status).to.equal(200);
    expect(own.headers.get("access-control-allow-origin")).to.equal("http://localhost:5173");
    expect((await fetch(chain.url ?? "")).status).to.equal(405);
    expect(await rawStatus(chain.url ?? "", "attacker.example")).to.equal(403);
  });

  it("names the busy port and frees nothing of the other", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as AddressInfo;
    try {
      const error = await rejects(start({ port }), new RegExp(`Port ${port} on 127.0.0.1 is in use.*--port`));
      expect(error).to.be.instanceOf(PortBusyError);
      expect(other.listening).to.equal(true);
    } finally {
      await new Promise((resolve) => other.close(resolve));
    }
    const again = await start({ port });
    expect(again.url).to.equal(`http://127.0.0.1:${port}`);
  });

  it("frees its port and ends its process, though a client keeps its connection", async () => {
    const script = fileURLToPath(new URL("./startAndStop.ts", import.meta.url));
    const { stdout } = await run(process.execPath, [script], { timeout: 60_000 });
    const { chainId, url } = JSON.parse(stdout) as { chainId: number; url: string };
    expect(chainId).to.equal(31337);
    await rejects(fetch(url), /fetch failed/);
  });

  it("can be stopped twice", async () => {
    const chain = await start({ port: 0 });
    await chain.stop();
    await chain.stop();
    await rejects(chain.time(), /./);
  });

  it("refuses a time that is none", async () => {
    await rejects(start({ time: 1.5 }), /whole unix seconds/);
  });
});

/** Status of a POST with a Host header of our choice, which fetch does not allow. */
function rawStatus(url: string, host: string): Promise<number> {
  const { port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), "127.0.0.1", () => {
      socket.write(`POST / HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}`);
    });
    socket.once("data", (data) => {
      resolve(Number(data.toString().split(" ")[1]));
      socket.destroy();
    });
    socket.once("error", reject);
  });
}
