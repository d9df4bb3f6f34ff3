// Packs every public package as it would be published and checks the tarballs with publint and attw.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BIN, build, exec, forEachOf, pack, publicPackages } from './public-packages.mjs'
import { ROOT } from './workspace.mjs'

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
  const { stdout } = await exec('tar', ['-tzf', tarball])
  const stray = stdout.split('\n').filter((file) => /\.tsbuildinfo$|^package\/(src|test)\//.test(file))
  if (stray.length > 0) throw new Error(`@sluice/${name} would publish ${stray.join(', ')}`)
  await exec(join(BIN, 'publint'), ['run', tarball, '--strict'], { cwd: ROOT })
  await exec(join(BIN, 'attw'), [tarball, '--profile', 'esm-only', '--no-emoji'], { cwd: ROOT })
  process.stdout.write(`@sluice/${name}: packed, publint and attw agree\n`)
}
