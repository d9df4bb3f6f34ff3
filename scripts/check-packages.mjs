// Packs every public package as it would be published and checks the tarballs: what npm shows, what resolves, publint, attw.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BIN, build, exec, forEachOf, pack, publicPackages } from './public-packages.mjs'
import { faultsOf } from './packed-package.mjs'
import { ROOT, childEnvironment } from './workspace.mjs'

const WORKSPACE = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))

const tarballs = mkdtempSync(join(tmpdir(), 'sluice-packages-'))
try {
  const packages = publicPackages()
  await build(packages)
  await forEachOf(packages, checkPackage)
} catch (error) {
  process.stderr.write(`${error.stdout ?? ''}${error.stderr ?? ''}${error.cmd ? '' : `${error.stack}\n`}`)
  process.exitCode = 1
} finally {
  rmSync(tarballs, { recursive: true, force: true })
}

async function checkPackage(name) {
  const tarball = await pack(name, tarballs)
  const unpacked = join(tarballs, name)
  mkdirSync(unpacked)
  await exec('tar', ['-xzf', tarball, '-C', unpacked])
  const faults = [...faultsOf(join(unpacked, 'package'), `packages/${name}`, WORKSPACE), ...(await packedByNpm(name))]
  if (faults.length > 0) throw new Error(`@sluice/${name} cannot be published: ${faults.slice(0, 10).join('; ')}`)
  await exec(join(BIN, 'publint'), ['run', tarball, '--strict'], { cwd: ROOT })
  await exec(join(BIN, 'attw'), [tarball, '--profile', 'esm-only', '--no-emoji'], { cwd: ROOT })
  process.stdout.write(`@sluice/${name}: packed, publint and attw agree\n`)
}

/** What npm alone would pack has versions that nobody can install: it must be refused, in words. */
async function packedByNpm(name) {
  const env = childEnvironment({ ...process.env, npm_config_user_agent: undefined })
  try {
    await exec('npm', ['pack', '--dry-run'], { cwd: join(ROOT, 'packages', name), env })
    return ['npm pack is not refused']
  } catch ({ stderr = '', message }) {
    return stderr.includes('is not packed: pnpm alone') ? [] : [`npm pack is refused without a sentence: ${message}`]
  }
}
