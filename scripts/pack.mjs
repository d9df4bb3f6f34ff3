// `npm run pack -- <folder>`: the packages as they would be published, for a project outside this clone.
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { build, forEachOf, manifestOf, pack, publicPackages, tarballOf } from './public-packages.mjs'
import { SetupError } from './workspace.mjs'

/** What a project needs for its tests only. */
const FOR_TESTS = ['@sluice/testing', '@sluice/conformance']

/** The folder that `args` name, seen from where npm was called. @throws SetupError */
export function packFolder(args, from = process.env.INIT_CWD ?? process.cwd()) {
  if (args.length !== 1 || args[0].startsWith('-')) {
    throw new SetupError('usage: npm run pack -- <folder>, where <folder> is an empty folder for the packages')
  }
  const folder = resolve(from, args[0])
  if (!existsSync(folder)) throw new SetupError(`there is no folder ${folder}; make it first: mkdir ${folder}`)
  if (!statSync(folder).isDirectory()) throw new SetupError(`${folder} is no folder; name an empty one`)
  const [found] = readdirSync(folder)
  if (found !== undefined) throw new SetupError(`${folder} is not empty, it has ${found}; name an empty folder`)
  return folder
}

/** Packs every public package into `folder`, with a `package.json` that depends on them: there `npm install` works. */
export async function packInto(folder) {
  const packages = publicPackages()
  await build(packages)
  await forEachOf(packages, (name) => pack(name, folder))
  const files = new Map(packages.map((name) => [manifestOf(name).name, `file:${tarballOf(name)}`]))
  const names = [...files.keys()]
  const filesOf = (chosen) => Object.fromEntries(chosen.map((name) => [name, files.get(name)]))
  const manifest = {
    private: true,
    type: 'module',
    dependencies: filesOf(names.filter((name) => !FOR_TESTS.includes(name))),
    devDependencies: filesOf(names.filter((name) => FOR_TESTS.includes(name))),
  }
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`)
  process.stdout.write(`${names.length} packages are in ${folder}; npm install there makes them importable\n`)
}
