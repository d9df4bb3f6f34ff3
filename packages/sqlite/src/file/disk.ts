import { closeSync, fdatasync, openSync } from 'node:fs'

/** What waits for the disk, so that the event loop need not. */
export interface Disk {
  /** Settles once all that was committed is on the disk: a power cut takes it no more. */
  syncLog(): Promise<void> | void
  /** The same of what a checkpoint has moved from the log into the file. */
  syncData(): Promise<void> | void
  /** Gives it up. */
  close(): void
}

/** SQLite keeps what was committed last in a file beside its own. */
const LOG_SUFFIX = '-wal'

/**
 * The disk below the file of that name. Descriptors stay open as long as the file is in use: closing any descriptor of a file
 * gives up the locks that this process has on it.
 */
export function openDisk(file: string): Disk {
  const data = openSync(file, 'r+')
  let log: number | undefined
  return {
    syncLog: () => sync((log ??= openSync(`${file}${LOG_SUFFIX}`, 'r+'))),
    syncData: () => sync(data),
    close() {
      closeSync(data)
      if (log !== undefined) closeSync(log)
    },
  }
}

function sync(descriptor: number): Promise<void> {
  return new Promise((resolve, reject) => fdatasync(descriptor, (error) => (error ? reject(error) : resolve())))
}
