// The packages that are published: which they are, and how each becomes a tarball.
import { execFile } from 'node:child_process'
import { existsSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ROOT } from './workspace.mjs'

export const exec = promisify(execFile)
export const BIN = join(ROOT, 'node_modules/.bin')
const AT_ONCE = 2

/** Folders below `packages/` of what is published. */
export function publicPackages() {
  return readdirSync(join(ROOT, 'packages'))
    .filter((folder) => existsSync(join(ROOT, 'packages', folder, 'package.json')))
    .filter((folder) => !manifestOf(folder).private)
}

export function manifestOf(folder) {
  return JSON.parse(readFileSync(join(ROOT, 'packages', folder, 'package.json'), 'utf8'))
}

/** Builds what the tarballs hold. */
export async function build(folders) {
  for (const folder of folders) dropOrphans(folder)
  await exec(join(BIN, 'tsc'), ['-b', 'tsconfig.json'], { cwd: ROOT })
}

/** Packs a package as it would be published; gives the tarball's path. */
export async function pack(folder, into) {
  const tarball = join(into, tarballOf(folder))
  await exec(join(BIN, 'pnpm'), ['pack', '--out', tarball], { cwd: join(ROOT, 'packages', folder) })
  return tarball
}

export function tarballOf(folder) {
  return `sluice-${folder}.tgz`
}

/** Runs `task` for every item, a few at a time. */
export async function forEachOf(items, task) {
  const queue = [...items]
  const work = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await task(item)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
}

/** Removes emitted files whose source is gone; an incremental build leaves them behind, and packing would ship them. */
function dropOrphans(name) {
  const dist = join(ROOT, 'packages', name, 'dist')
  if (!existsSync(dist)) return
  for (const entry of readdirSync(dist, { recursive: true, withFileTypes: true })) {
    const source = join(entry.parentPath, entry.name).replace(`/${name}/dist/`, `/${name}/src/`)
    const emitted = /\.(d\.ts|js)(\.map)?$/.exec(source)
    // Declarations have no maps: these would lead to sources that are not in the tarball.
    const isMade = emitted && emitted[0] !== '.d.ts.map' && existsSync(`${source.slice(0, emitted.index)}.ts`)
    if (!emitted || isMade) continue
    rmSync(join(entry.parentPath, entry.name))
  }
}
