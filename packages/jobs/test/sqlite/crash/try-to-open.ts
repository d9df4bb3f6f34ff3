import { isSluiceError } from '@sluice/core'

import { sqliteDocuments } from '../../../src/sqlite.ts'

/** Says what becomes of opening a directory. */
const [directory = ''] = process.argv.slice(2)
try {
  await sqliteDocuments(directory).close()
  console.log(JSON.stringify({ opened: true }))
} catch (error) {
  if (!isSluiceError(error)) throw error
  console.log(JSON.stringify({ code: error.code, message: error.message }))
}
