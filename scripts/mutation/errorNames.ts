/**
 * Names custom errors in messages. The chain names them only for contracts that it finds in a build of the project, and a
 * mutant is in none; tests that read a message would fail for that reason alone.
 */
import { Interface, type InterfaceAbi } from "ethers";
import type { HookContext, NetworkHooks } from "hardhat/types/hooks";

const UNNAMED = /reverted with an unrecognized custom error \(return data: (0x[0-9a-f]+)\)/;

/** @param errors of all contracts; a selector is enough to tell them apart */
export function nameError(message: string, errors: readonly Interface[]): string {
  const data = UNNAMED.exec(message)?.[1];
  if (data === undefined) return message;
  for (const one of errors) {
    const error = one.parseError(data);
    if (error === null) continue;
    const args = error.args.map((arg) => (typeof arg === "string" ? `"${arg}"` : String(arg))).join(", ");
    return message.replace(UNNAMED, `reverted with custom error '${error.name}(${args})'`);
  }
  return message;
}

async function errorsOf(artifacts: HookContext["artifacts"]): Promise<readonly Interface[]> {
  const names = await artifacts.getAllFullyQualifiedNames();
  const list = await Promise.all([...names].map(async (name) => artifacts.readArtifact(name)));
  return list.map(({ abi }) => new Interface(abi as InterfaceAbi));
}

export default (): Promise<Partial<NetworkHooks>> => {
  let errors: Promise<readonly Interface[]> | undefined;
  return Promise.resolve({
    onRequest: async (context, connection, request, next) => {
      try {
        return await next(context, connection, request);
      } catch (error) {
        if (error instanceof Error && UNNAMED.test(error.message)) {
          errors ??= errorsOf(context.artifacts);
          error.message = nameError(error.message, await errors);
        }
        throw error;
      }
    },
  });
};
