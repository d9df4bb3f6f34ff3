import { isSluiceError } from '@sluice/core'

import { sqliteStore } from '../../src/index.ts'

/** Says what becomes of opening a directory. */
const [directory = ''] = process.argv.slice(2)
try {
  await sqliteStore(directory).dispose()
  console.log(JSON.stringify({ opened: true }))
} catch (error) {
  if (!isSluiceError(error)) throw error
  console.log(JSON.stringify({ code: error.code, message: error.message }))
}
