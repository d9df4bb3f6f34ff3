// Packs every public package as it would be published and checks the tarballs with publint and attw.
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { existsSync } from 'node:fs'
import { ROOT } from './workspace.mjs'

const exec = promisify(execFile)
const BIN = join(ROOT, 'node_modules/.bin')
const AT_ONCE = 2

const packages = readdirSync(join(ROOT, 'packages'))
  .filter((name) => existsSync(join(ROOT, 'packages', name, 'package.json')))
  .filter((name) => !JSON.parse(readFileSync(join(ROOT, 'packages', name, 'package.json'), 'utf8')).private)
const tarballs = mkdtempSync(join(tmpdir(), 'sluice-packages-'))
try {
  for (const name of packages) dropOrphans(name)
  await exec(join(BIN, 'tsc'), ['-b', 'tsconfig.json'], { cwd: ROOT })
  const queue = [...packages]
  await Promise.all(Array.from({ length: AT_ONCE }, () => work(queue)))
} catch (error) {
  process.stderr.write(`${error.stdout ?? ''}${error.stderr ?? ''}${error.cmd ? '' : `${error.stack}\n`}`)
  process.exitCode = 1
} finally {
  rmSync(tarballs, { recursive: true, force: true })
}

async function work(queue) {
  for (let name = queue.shift(); name !== undefined; name = queue.shift()) await checkPackage(name)
}

async function checkPackage(name) {
  const tarball = join(tarballs, `${name}.tgz`)
  await exec(join(BIN, 'pnpm'), ['pack', '--out', tarball], { cwd: join(ROOT, 'packages', name) })
  const { stdout } = await exec('tar', ['-tzf', tarball])
  const stray = stdout.split('\n').filter((file) => /\.tsbuildinfo$|^package\/(src|test)\//.test(file))
  if (stray.length > 0) throw new Error(`@sluice/${name} would publish ${stray.join(', ')}`)
  await exec(join(BIN, 'publint'), ['run', tarball, '--strict'], { cwd: ROOT })
  await exec(join(BIN, 'attw'), [tarball, '--profile', 'esm-only', '--no-emoji'], { cwd: ROOT })
  process.stdout.write(`@sluice/${name}: packed, publint and attw agree\n`)
}

/** Removes emitted files whose source is gone; an incremental build leaves them behind, and packing would ship them. */
function dropOrphans(name) {
  const dist = join(ROOT, 'packages', name, 'dist')
  if (!existsSync(dist)) return
  for (const entry of readdirSync(dist, { recursive: true, withFileTypes: true })) {
    const source = join(entry.parentPath, entry.name).replace(`/${name}/dist/`, `/${name}/src/`)
    const emitted = /\.(d\.ts|js)(\.map)?$/.exec(source)
    if (!emitted || existsSync(`${source.slice(0, emitted.index)}.ts`)) continue
    rmSync(join(entry.parentPath, entry.name))
  }
}
