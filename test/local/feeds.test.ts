import { expect } from "chai";
import { Contract } from "ethers";

import { startChain, type LocalChain } from "../../scripts/local/chain.ts";
import { BASE_FEED, deployFeed, type LocalFeed } from "../../scripts/local/protocols/feeds.ts";
import { rejects, SOME_TIME } from "./support.ts";

interface Round {
  readonly roundId: bigint;
  readonly answer: bigint;
  readonly startedAt: bigint;
  readonly updatedAt: bigint;
  readonly answeredInRound: bigint;
}

describe("local price feeds", () => {
  let chain: LocalChain;
  let feed: LocalFeed;

  beforeEach(async () => {
    chain = await startChain({ time: SOME_TIME });
    feed = await deployFeed(chain, BASE_FEED);
  });

  afterEach(async () => {
    await chain.stop();
  });

  const contract = async (name: "LocalAggregator" | "LocalFeedProxy", address: string): Promise<Contract> => {
    const owner = await chain.ethers.getSigner(chain.accounts.feedTransmitter.address);
    const typed = await chain.ethers.getContractFactory(name, owner);
    return new Contract(address, typed.interface, owner);
  };

  const transmit = async (address: string, answer: bigint): Promise<number> => {
    const time = (await chain.time()) + 100;
    const aggregator = await contract("LocalAggregator", address);
    await chain.block(time, [
      {
        from: chain.accounts.feedTransmitter.address,
        to: address,
        data: aggregator.interface.encodeFunctionData("transmit", [answer, time - 12]),
        gas: 200_000n,
        what: "A transmission",
      },
    ]);
    return time;
  };

  const latest = async (): Promise<Round> =>
    (await (await contract("LocalFeedProxy", feed.proxy)).getFunction("latestRoundData")()) as Round;

  it("shows rounds with the phase in their upper bits", async () => {
    const time = await transmit(feed.aggregator, 2000n * 10n ** 8n);
    const phase = 1n << 64n;
    const round = await latest();
    expect(round.roundId).to.equal(phase | 1n);
    expect(round.answeredInRound).to.equal(phase | 1n);
    expect(round.answer).to.equal(2000n * 10n ** 8n);
    expect(round.startedAt).to.equal(BigInt(time - 12));
    expect(round.updatedAt).to.equal(BigInt(time));

    await transmit(feed.aggregator, 2010n * 10n ** 8n);
    const proxy = await contract("LocalFeedProxy", feed.proxy);
    expect((await latest()).roundId).to.equal(phase | 2n);
    expect(((await proxy.getFunction("getRoundData")(phase | 1n)) as Round).answer).to.equal(2000n * 10n ** 8n);
    expect(await proxy.getFunction("decimals")()).to.equal(8n);
    expect(await proxy.getFunction("description")()).to.equal("ETH / USD");
    expect(await proxy.getFunction("latestRound")()).to.equal(phase | 2n);
    expect(await proxy.getFunction("aggregator")()).to.equal(feed.aggregator);
  });

  it("moves to a new phase in two steps and keeps the old rounds readable", async () => {
    await transmit(feed.aggregator, 2000n * 10n ** 8n);
    const next = await deployFeed(chain, BASE_FEED);
    const proxy = await contract("LocalFeedProxy", feed.proxy);
    await rejects(proxy.getFunction("confirmAggregator").send(next.aggregator), /NotProposed/);
    await (await proxy.getFunction("proposeAggregator").send(next.aggregator)).wait();
    expect((await latest()).roundId).to.equal((1n << 64n) | 1n);
    await (await proxy.getFunction("confirmAggregator").send(next.aggregator)).wait();
    await (await (await contract("LocalAggregator", next.aggregator)).getFunction("addAccess").send(feed.proxy)).wait();
    await transmit(next.aggregator, 1990n * 10n ** 8n);
    expect((await latest()).roundId).to.equal((2n << 64n) | 1n);
    expect(((await proxy.getFunction("getRoundData")((1n << 64n) | 1n)) as Round).answer).to.equal(2000n * 10n ** 8n);
  });

  it("lets only its owner transmit, inside its bounds and not from the future", async () => {
    const owner = await contract("LocalAggregator", feed.aggregator);
    const time = await chain.time();
    const stranger = owner.connect(await chain.ethers.getSigner(chain.accounts.stranger.address)) as Contract;
    await rejects(stranger.getFunction("transmit").send(1n, time), /NotOwner/);
    await rejects(owner.getFunction("transmit").send(0n, time), /AnswerOutOfRange/);
    await rejects(owner.getFunction("transmit").send(10n ** 15n, time), /AnswerOutOfRange/);
    await rejects(owner.getFunction("transmit").send(1n, time + 10_000), /ObservationInFuture/);
    await transmit(feed.aggregator, 1n);
    await rejects(owner.getFunction("transmit").send(1n, time), /ObservationOlderThanLast/);
  });

  it("answers contracts only if they are in the access list", async () => {
    await transmit(feed.aggregator, 2000n * 10n ** 8n);
    const aggregator = await contract("LocalAggregator", feed.aggregator);
    await (await aggregator.getFunction("removeAccess").send(feed.proxy)).wait();
    await rejects(latest(), /NoAccess/);
    expect(((await aggregator.getFunction("latestRoundData")()) as Round).answer).to.equal(2000n * 10n ** 8n);
    await (await aggregator.getFunction("setCheckEnabled").send(false)).wait();
    expect((await latest()).answer).to.equal(2000n * 10n ** 8n);
  });

  it("has no rounds before the first transmission, and no round that was never transmitted", async () => {
    const empty = await latest();
    expect([empty.answer, empty.updatedAt]).to.deep.equal([0n, 0n]);
    const proxy = await contract("LocalFeedProxy", feed.proxy);
    expect(((await proxy.getFunction("getRoundData")((1n << 64n) | 9n)) as Round).updatedAt).to.equal(0n);
  });
});
