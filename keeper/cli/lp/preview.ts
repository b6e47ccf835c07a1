/** `strata withdraw --preview`. */
import { formatUnits } from "ethers";

import { byRole, tokenText } from "../vaultConnection.ts";
import { exitLines } from "./exit.ts";
import { exitDocument, exitFeeText, feeDocument } from "./move.ts";
import type { WithdrawPreview } from "./withdraw.ts";

export function previewDocument({ actor, pair, shares, fee, exit, short }: WithdrawPreview): unknown {
  return {
    action: "previewWithdraw",
    account: actor.address,
    shares: formatUnits(shares, 18),
    fee: feeDocument(fee, shares),
    amounts: byRole(pair, exit.amounts),
    ...exitDocument(exit, pair),
    short,
    baseToken: pair.base.symbol,
    quoteToken: pair.quote.symbol,
  };
}

export function previewText({ actor, pair, shares, fee, exit, short }: WithdrawPreview): string {
  const { amounts } = exit;
  const text = Number(formatUnits(shares, 18)).toLocaleString("en-US", { maximumFractionDigits: 6 });
  return [
    `${actor.name} would get ${tokenText(amounts.amount0, pair.token0)} and ${tokenText(amounts.amount1, pair.token1)} for ${text} shares now.`,
    ...(fee.shares === 0n ? [] : [`  An exit fee of ${exitFeeText(fee, shares)} is taken off.`]),
    ...exitLines(exit, pair, tokenText),
    ...(short === null ? [] : [`  This will be refused. ${short}`]),
    `  Nothing was sent. Leave out --preview to withdraw${exit.mask === 0n ? "" : `; the mask of units is ${exit.mask}`}.`,
  ].join("\n");
}
