import type { FileKind } from './open-file.ts'
import { VERSION_1 } from './version-1.ts'

/** The file of streams. "slce", so that the file of another program is never taken for ours. */
export const STREAMS_FILE: FileKind = {
  name: 'streams',
  applicationId: 0x736c6365,
  migrations: [(database) => database.exec(VERSION_1)],
}
