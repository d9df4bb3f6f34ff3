import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

const NAME = 'redis-server'
/** Where it may be although PATH does not say so. */
const FOLDERS = ['/usr/bin', '/usr/local/bin']

/** The path of `redis-server`, also one that has been installed since the last call. */
export function findRedisServer(): string {
  const onPath = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '')
  const found = [...onPath, ...FOLDERS].map((folder) => join(folder, NAME)).find(isExecutable)
  if (found !== undefined) return found
  throw new Error(
    `${NAME} is neither on PATH nor in ${FOLDERS.join(' or ')}. Install Redis 7.0 or newer: in a clone of sluice ` +
      '`npm run setup` or `npm test` does that, on Debian `apt-get install redis-server`',
  )
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
