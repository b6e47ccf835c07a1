/** What lies on the disk is in the way: a file that is there already, is being written, or was changed. The message says what to do. */
export class FileStateError extends Error {
  override readonly name = "FileStateError";
}

/** A file cannot be written: no such folder, no permission, no room. Asking a node again would not help. */
export class FileWriteError extends Error {
  override readonly name = "FileWriteError";
}

/** Runs something that writes. @throws FileWriteError for what the system refuses */
export function writing<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (!(cause instanceof Error) || !("code" in cause) || !("syscall" in cause)) throw cause;
    const advice =
      cause.code === "ENOSPC" || cause.code === "EDQUOT"
        ? "make room and run the same command again"
        : "check that the folder is there and can be written, or name another file";
    throw new FileWriteError(`${file} cannot be written (${String(cause.code)}); ${advice}.`, { cause });
  }
}
