/**
 * Where a transaction's gas went, call by call, from the node's step-by-step trace.
 */

/** One call and what it used, in the order of the calls. */
export interface CallGas {
  /** 0 for calls that the transaction's target makes itself. */
  readonly depth: number;
  readonly kind: "CALL" | "STATICCALL" | "DELEGATECALL" | "CALLCODE";
  /** Lower case. */
  readonly to: string;
  /** Four bytes, "0x" first; "0x" alone for a call without data. */
  readonly selector: string;
  /** With everything that it called. */
  readonly gas: number;
  /** Without. The price of reaching a cold address is in here. */
  readonly self: number;
}

interface Step {
  readonly op: string;
  readonly depth: number;
  readonly gas: number;
  readonly stack: readonly string[];
  readonly memory?: readonly string[];
}

interface Open {
  readonly slot: number;
  readonly depth: number;
  readonly gasBefore: number;
  readonly call: Omit<CallGas, "gas" | "self">;
  inner: number;
}

const CALLS = new Set(["CALL", "STATICCALL", "DELEGATECALL", "CALLCODE"]);

/**
 * @param request sends a JSON-RPC request to a node that knows `debug_traceTransaction`
 * @param hash of a mined transaction
 */
export async function callTree(
  request: (method: string, params: readonly unknown[]) => Promise<unknown>,
  hash: string,
): Promise<readonly CallGas[]> {
  const { structLogs: steps } = (await request("debug_traceTransaction", [
    hash,
    { disableStorage: true, enableMemory: true, disableMemory: false },
  ])) as {
    structLogs: readonly Step[];
  };
  const calls: CallGas[] = [];
  const open: Open[] = [];
  steps.forEach((step, i) => {
    for (let top = open.at(-1); top !== undefined && top.depth >= step.depth; top = open.at(-1)) {
      open.pop();
      const gas = top.gasBefore - step.gas;
      calls[top.slot] = { ...top.call, gas, self: gas - top.inner };
      const parent = open.at(-1);
      if (parent !== undefined) parent.inner += gas;
    }
    const next = steps[i + 1];
    if (!CALLS.has(step.op) || next === undefined || next.depth <= step.depth) return;
    const kind = step.op as CallGas["kind"];
    // The stack's top is its end: gas, to, [value,] offset of the data, ...
    const dataAt = kind === "CALL" || kind === "CALLCODE" ? 4 : 3;
    const offset = Number(BigInt(withPrefix(step.stack.at(-dataAt) ?? "0")));
    if (step.memory === undefined) throw new Error("the node's trace has no memory, so calls cannot be named");
    const memory = step.memory.map((word) => word.replace(/^0x/, "")).join("");
    open.push({
      slot: calls.length,
      depth: step.depth,
      gasBefore: step.gas,
      call: {
        depth: step.depth - 1,
        kind,
        to: `0x${(step.stack.at(-2) ?? "").replace(/^0x/, "").padStart(40, "0").slice(-40)}`,
        selector: `0x${memory.slice(offset * 2, offset * 2 + 8)}`,
      },
      inner: 0,
    });
    // Held by a place of its own until the call ends, so that the list keeps the order of the calls.
    calls.length += 1;
  });
  return calls;
}

function withPrefix(hex: string): string {
  return hex.startsWith("0x") ? hex : `0x${hex}`;
}
