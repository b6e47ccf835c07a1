import { measureGas } from "./gas.ts";

const report = await measureGas();
process.stdout.write(`${JSON.stringify({ gas: report }, null, 2)}\n`);
