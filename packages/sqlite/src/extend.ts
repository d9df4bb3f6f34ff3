// What authors of other stores in a directory use: one file of SQLite, which one process has, and which is written without the event
// loop waiting for the disk.
export { Checkpoints } from './context/checkpoints.ts'
export { Database, type DatabaseBounds, type Row, type SqlValue } from './file/database.ts'
export { type Disk, openDisk } from './file/disk.ts'
export { freePages, giveBackPages, PAGES_AT_ONCE, usedBytes } from './file/free-pages.ts'
export type { Migration } from './file/migrations.ts'
export { type FileKind, type OpenFile, openFile, type OpenFileOptions, PAGE_BYTES } from './file/open-file.ts'
export { asStoreError, damaged, isFull, storeError } from './file/store-error.ts'
export { PAUSE_MS, Stepwise } from './file/stepwise.ts'
