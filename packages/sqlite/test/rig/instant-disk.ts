import type { Disk } from '../../src/file/disk.ts'

/** A disk that is never waited for: virtual time stands still while a real one works. */
export function instantDisk(): Disk {
  return { syncLog: () => {}, syncData: () => {}, close: () => {} }
}
