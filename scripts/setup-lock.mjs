// One set-up at a time per working copy.
import { mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { ROOT, readIfThere, say } from './workspace.mjs'

const LOCK = join(ROOT, '.sluice-setup.lock')
const LOCK_MAX_AGE_MS = 30 * 60_000

/** One set-up at a time per working copy. The lock is a folder that appears whole, with its owner's name in it. */
export async function acquireLock() {
  const owner = JSON.stringify({ pid: process.pid, host: hostname() })
  const mine = `${LOCK}.${process.pid}`
  let told = false
  for (;;) {
    rmSync(mine, { recursive: true, force: true })
    mkdirSync(mine)
    writeFileSync(join(mine, 'owner'), owner)
    try {
      renameSync(mine, LOCK)
      const release = () => rmSync(LOCK, { recursive: true, force: true })
      process.once('exit', release)
      return () => {
        process.off('exit', release)
        release()
      }
    } catch (error) {
      rmSync(mine, { recursive: true, force: true })
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
    }
    const holder = readIfThere(join(LOCK, 'owner'))
    if (holder !== undefined && isStale(holder)) breakLock(holder)
    else {
      if (!told) say(`waiting for another set-up of this working copy (${holder ?? 'just finished'})`)
      told = true
      await new Promise((done) => setTimeout(done, 100))
    }
  }
}

function isStale(holder) {
  try {
    if (Date.now() - statSync(LOCK).mtimeMs > LOCK_MAX_AGE_MS) return true
    const { pid, host } = JSON.parse(holder)
    if (host !== hostname()) return false
    process.kill(pid, 0)
    return false
  } catch (error) {
    return error.code === 'ESRCH'
  }
}

function breakLock(holder) {
  const aside = `${LOCK}.stale.${process.pid}`
  try {
    renameSync(LOCK, aside)
    // Someone may have broken it and taken it between our look and our rename: then it is theirs, hand it back.
    if (readIfThere(join(aside, 'owner')) !== holder) renameSync(aside, LOCK)
  } catch {
    // Someone else was faster; look again.
  }
  rmSync(aside, { recursive: true, force: true })
}
