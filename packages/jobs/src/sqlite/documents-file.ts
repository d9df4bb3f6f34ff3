import type { FileKind } from '@sluice/sqlite/extend'

import { VERSION_1 } from './version-1.ts'

/** The file of documents. "sldc", so that the file of another program is never taken for ours. */
export const DOCUMENTS_FILE: FileKind = {
  name: 'documents',
  applicationId: 0x736c6463,
  migrations: [(database) => database.exec(VERSION_1)],
}
