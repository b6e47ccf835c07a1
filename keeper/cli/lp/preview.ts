/** `strata withdraw --preview`. */
import { formatUnits } from "ethers";

import { byRole, tokenText } from "../vaultConnection.ts";
import { exitLines } from "./exit.ts";
import { exitDocument } from "./move.ts";
import type { WithdrawPreview } from "./withdraw.ts";

export function previewDocument({ actor, pair, shares, fee, exit }: WithdrawPreview): unknown {
  return {
    action: "previewWithdraw",
    account: actor.address,
    shares: formatUnits(shares, 18),
    fee: { bps: fee.shares === 0n ? 0 : fee.bps, shares: formatUnits(fee.shares, 18) },
    amounts: byRole(pair, exit.amounts),
    ...exitDocument(exit, pair),
    baseToken: pair.base.symbol,
    quoteToken: pair.quote.symbol,
  };
}

export function previewText({ actor, pair, shares, fee, exit }: WithdrawPreview): string {
  const { amounts } = exit;
  const text = Number(formatUnits(shares, 18)).toLocaleString("en-US", { maximumFractionDigits: 6 });
  return [
    `${actor.name} would get ${tokenText(amounts.amount0, pair.token0)} and ${tokenText(amounts.amount1, pair.token1)} for ${text} shares now.`,
    ...(fee.shares === 0n ? [] : [`  An exit fee of ${fee.bps} bps is taken off.`]),
    ...exitLines(exit, pair, tokenText),
    `  Nothing was sent. Leave out --preview to withdraw${exit.mask === 0n ? "" : `; the mask of units is ${exit.mask}`}.`,
  ].join("\n");
}
