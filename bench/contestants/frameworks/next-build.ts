import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const APP = fileURLToPath(new URL('next-app', import.meta.url))
const LOCK = fileURLToPath(new URL('../../../pnpm-lock.yaml', import.meta.url))
/** Builds that were made; ignored by git. As deep below the root as the application itself is. */
const BUILDS = fileURLToPath(new URL('../../.artifacts/next', import.meta.url))
const NEXT = fileURLToPath(new URL('../../node_modules/next/dist/bin/next', import.meta.url))

/** The folder of the application of Next.js, built: anew where the lock file or the application has changed. */
export async function builtApp(): Promise<string> {
  const folder = join(BUILDS, fingerprint())
  if (existsSync(folder)) return folder
  // Another process may be at it too; who is first has made it.
  const making = join(BUILDS, `making-${process.pid}`)
  cpSync(APP, making, { recursive: true })
  const env = { ...process.env, NODE_OPTIONS: '' }
  await promisify(execFile)(process.execPath, [NEXT, 'build'], { cwd: making, env })
  try {
    renameSync(making, folder)
  } catch (error) {
    if (!existsSync(folder)) throw error
    rmSync(making, { recursive: true, force: true })
  }
  return folder
}

function fingerprint(): string {
  const hash = createHash('sha256').update(readFileSync(LOCK))
  const files = readdirSync(APP, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  for (const file of files.map((entry) => join(entry.parentPath, entry.name)).toSorted()) {
    hash.update(file.slice(APP.length)).update(readFileSync(file))
  }
  return hash.digest('hex').slice(0, 16)
}
