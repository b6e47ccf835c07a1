/**
 * The curve by which a fund's instalments are divided, against a plain model: a list of pieces, walked from its beginning. The library
 * has internal functions only; a few lines that expose them are compiled here, in memory, and are part of no build.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { expect } from "chai";
import { ContractFactory, type Contract } from "ethers";
import fc from "fast-check";
import { network } from "hardhat";

import { divUp, MAX_UINT128, min } from "../../support/arithmetic.ts";
import "../../support/seed.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const require = createRequire(import.meta.url);

const HARNESS = `
// SPDX-License-Identifier: GPL-2.0-or-later
pragma solidity ^0.8.30;
import {Curve} from "contracts/libraries/Curve.sol";

contract CurveHarness {
    using Curve for Curve.Point[];
    Curve.Point[] private points;

    function extend(uint256[] calldata dx, uint256[] calldata dy) external {
        for (uint256 i = 0; i < dx.length; ++i) points.extend(dx[i], dy[i]);
    }
    function end() external view returns (uint256 x, uint256 y) {
        return points.end();
    }
    function length() external view returns (uint256) {
        return points.length;
    }
    function at(uint256[] calldata x, bool roundUp) external view returns (uint256[] memory y) {
        y = new uint256[](x.length);
        for (uint256 i = 0; i < x.length; ++i) y[i] = points.at(x[i], roundUp);
    }
}`;

interface Compiler {
  compile(
    input: string,
    callbacks: { import(file: string): { readonly contents: string } | { readonly error: string } },
  ): string;
}

interface Output {
  readonly errors?: readonly { readonly severity: string; readonly formattedMessage: string }[];
  readonly contracts?: Readonly<
    Record<string, Readonly<Record<string, { readonly abi: object[]; readonly evm: { bytecode: { object: string } } }>>>
  >;
}

/** With the compiler and the sources of the project, read from where they are. */
function compileHarness(): { readonly abi: object[]; readonly bytecode: string } {
  const compiler = require("solc") as Compiler;
  const input = {
    language: "Solidity",
    sources: { "CurveHarness.sol": { content: HARNESS } },
    settings: {
      evmVersion: "cancun",
      optimizer: { enabled: true },
      outputSelection: { "*": { CurveHarness: ["abi", "evm.bytecode.object"] } },
    },
  };
  const read = (file: string): { contents: string } => ({
    contents: readFileSync(path.join(ROOT, file.startsWith("@") ? "node_modules" : "", file), "utf8"),
  });
  const output = JSON.parse(compiler.compile(JSON.stringify(input), { import: read })) as Output;
  const wrong = output.errors?.filter(({ severity }) => severity === "error") ?? [];
  if (wrong.length > 0) throw new Error(wrong.map(({ formattedMessage }) => formattedMessage).join("\n"));
  const compiled = output.contracts?.["CurveHarness.sol"]?.["CurveHarness"];
  if (compiled === undefined) throw new Error("the compiler gave no harness");
  return { abi: compiled.abi, bytecode: `0x${compiled.evm.bytecode.object}` };
}

/** So wide, and so high. */
type Piece = readonly [dx: bigint, dy: bigint];

/** Height at x, piece by piece from the origin; a piece without width is none. */
function heightAt(pieces: readonly Piece[], x: bigint, roundUp: boolean): bigint {
  let [left, height] = [x, 0n];
  for (const [dx, dy] of pieces) {
    if (dx === 0n) continue;
    if (left < dx) return height + (roundUp ? divUp(left * dy, dx) : (left * dy) / dx);
    left -= dx;
    height += dy;
  }
  return height;
}

const endOf = (pieces: readonly Piece[]): Piece =>
  pieces.reduce<Piece>(([x, y], [dx, dy]) => (dx === 0n ? [x, y] : [x + dx, y + dy]), [0n, 0n]);

/** The origin, every joint and its neighbours, and what lies behind the end. */
function edgesOf(pieces: readonly Piece[]): readonly bigint[] {
  const edges = new Set<bigint>([0n, 1n]);
  let x = 0n;
  for (const [dx] of pieces) {
    x += dx;
    for (const near of [x - 1n, x, x + 1n]) if (near >= 0n) edges.add(near);
  }
  return [...edges, x + 10n ** 30n, MAX_UINT128];
}

const SIZE = fc.oneof(fc.bigInt(0n, 3n), fc.bigInt(0n, 10n ** 6n), fc.bigInt(0n, 1n << 100n));
const PIECES: fc.Arbitrary<readonly Piece[]> = fc.array(fc.tuple(SIZE, SIZE), { maxLength: 20 });

describe("contracts/sleeves/curve", () => {
  let factory: ContractFactory;
  let curve: Contract;

  before(async () => {
    const connection = await network.create();
    const { abi, bytecode } = compileHarness();
    const [deployer] = await connection.ethers.getSigners();
    factory = new ContractFactory(abi, bytecode, deployer ?? null);
  });

  beforeEach(async () => {
    curve = await deployed();
  });

  async function deployed(): Promise<Contract> {
    const contract = (await factory.deploy()) as unknown as Contract;
    await contract.waitForDeployment();
    return contract;
  }

  const extend = async (pieces: readonly Piece[], on = curve): Promise<void> => {
    await on.getFunction("extend").send(
      pieces.map(([dx]) => dx),
      pieces.map(([, dy]) => dy),
    );
  };
  const heights = async (points: readonly bigint[], up: boolean, on = curve): Promise<readonly bigint[]> => [
    ...((await on.getFunction("at").staticCall(points, up)) as readonly bigint[]),
  ];
  const ends = async (on = curve): Promise<readonly bigint[]> => [
    ...((await on.getFunction("end").staticCall()) as readonly bigint[]),
  ];

  it("is flat and has no end as long as there is nothing", async () => {
    expect(await ends()).to.deep.equal([0n, 0n]);
    for (const up of [false, true]) expect(await heights([0n, 1n, MAX_UINT128], up)).to.deep.equal([0n, 0n, 0n]);
  });

  it("a piece without width is none, whatever its height; one without height is flat", async () => {
    await extend([[0n, 5n]]);
    expect([await curve.getFunction("length").staticCall(), await ends()]).to.deep.equal([0n, [0n, 0n]]);
    await extend([
      [10n, 7n],
      [0n, 3n],
      [4n, 0n],
    ]);
    expect([await curve.getFunction("length").staticCall(), await ends()]).to.deep.equal([2n, [14n, 7n]]);
    for (const up of [false, true]) expect(await heights([10n, 11n, 14n, 15n], up)).to.deep.equal([7n, 7n, 7n, 7n]);
  });

  it("rounds down or up inside a piece, and neither at a joint", async () => {
    await extend([
      [3n, 1n],
      [7n, 100n],
    ]);
    expect(await heights([0n, 1n, 2n, 3n, 4n, 9n, 10n, 11n], false)).to.deep.equal([
      0n,
      0n,
      0n,
      1n,
      15n,
      86n,
      101n,
      101n,
    ]);
    expect(await heights([0n, 1n, 2n, 3n, 4n, 9n, 10n, 11n], true)).to.deep.equal([
      0n,
      1n,
      1n,
      1n,
      16n,
      87n,
      101n,
      101n,
    ]);
  });

  it("refuses what does not fit in 128 bits, in either direction", async () => {
    await extend([[MAX_UINT128, MAX_UINT128]]);
    expect(await heights([MAX_UINT128 - 1n, MAX_UINT128], true)).to.deep.equal([MAX_UINT128 - 1n, MAX_UINT128]);
    const refused = async (piece: Piece): Promise<void> => {
      await expect(extend([piece])).to.be.revertedWithCustomError(curve, "SafeCastOverflowedUintDowncast");
    };
    await refused([1n, 0n]);
    curve = await deployed();
    await extend([[1n, MAX_UINT128]]);
    await refused([1n, 1n]);
    await extend([[1n, 0n]]);
    expect(await ends()).to.deep.equal([2n, MAX_UINT128]);
  });

  it("is the model's at every joint, beside it and between, rounded either way", async () => {
    await fc.assert(
      fc.asyncProperty(PIECES, fc.array(fc.bigInt(0n, 1n << 104n), { maxLength: 30 }), async (pieces, some) => {
        const on = await deployed();
        // In two calls: a curve grows at its end whenever something comes.
        const half = Math.floor(pieces.length / 2);
        await extend(pieces.slice(0, half), on);
        await extend(pieces.slice(half), on);
        const [width] = endOf(pieces);
        const points = [...edgesOf(pieces), ...some, ...some.map((x) => (width === 0n ? 0n : x % width))];
        expect(await ends(on)).to.deep.equal([...endOf(pieces)]);
        const [down, up] = [await heights(points, false, on), await heights(points, true, on)];
        expect(down).to.deep.equal(points.map((x) => heightAt(pieces, x, false)));
        expect(up).to.deep.equal(points.map((x) => heightAt(pieces, x, true)));
      }),
      { numRuns: 60 },
    );
  });

  it("divided into stretches, each down at its end and up at its start, it never gives more than there is", async () => {
    await fc.assert(
      fc.asyncProperty(
        PIECES,
        fc.array(fc.bigInt(0n, 1n << 104n), { minLength: 1, maxLength: 12 }),
        async (pieces, cuts) => {
          const on = await deployed();
          await extend(pieces, on);
          const [width, height] = endOf(pieces);
          const places = [0n, ...cuts.map((x) => min(x, width)), width].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
          const [down, up] = [await heights(places, false, on), await heights(places, true, on)];
          let sum = 0n;
          for (let i = 1; i < places.length; i++) {
            const part = (down[i] ?? 0n) - (up[i - 1] ?? 0n);
            if (part > 0n) sum += part;
          }
          expect(sum <= height, `${sum} of ${height}`).to.equal(true);
          expect(sum >= height - 2n * BigInt(places.length), `${sum} of ${height}`).to.equal(true);
        },
      ),
      { numRuns: 30 },
    );
  });
});
