// What must hold of a package as npm gets it, looked at in the tarball.
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

/** What stands for a version inside this workspace only. */
const INSIDE_ONLY = /^(workspace|catalog|link|file|portal):/
const MIN_KEYWORDS = 3

/**
 * Everything that is wrong with an unpacked package, one sentence each.
 *
 * @param folder - where its files are
 * @param place - its folder in the repository, such as `packages/core`
 * @param root - the manifest of the workspace, which says where the repository is
 */
export function faultsOf(folder, place, root) {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
  return [
    ...strayFiles(files),
    ...manifestFaults(manifest, place, root),
    ...leakedVersions(manifest),
    ...missingTargets(manifest, folder),
    ...files.filter((file) => /\.(js|ts)$/.test(file)).flatMap((file) => mapFaults(folder, file)),
  ]
}

function strayFiles(files) {
  const stray = files.filter((file) => /\.tsbuildinfo$|^(src|test)\//.test(file)).map((file) => `it has ${file}`)
  const missing = ['README.md', 'LICENSE'].filter((file) => !files.includes(file)).map((file) => `it has no ${file}`)
  return [...stray, ...missing]
}

/** What npm shows of a package, and what provenance is held against. */
function manifestFaults(manifest, place, root) {
  const page = root.homepage.replace(/#.*$/, '')
  const expected = {
    homepage: `${page}/tree/main/${place}#readme`,
    bugs: root.bugs,
    repository: { ...root.repository, directory: place },
    license: root.license,
    access: 'public',
    provenance: true,
  }
  const { access, provenance } = manifest.publishConfig ?? {}
  const found = { ...manifest, access, provenance }
  const faults = Object.entries(expected)
    .filter(([name, value]) => JSON.stringify(found[name]) !== JSON.stringify(value))
    .map(([name, value]) => `"${name}" is ${JSON.stringify(found[name])} and should be ${JSON.stringify(value)}`)
  if (!(manifest.keywords?.length >= MIN_KEYWORDS)) faults.push(`it has fewer than ${MIN_KEYWORDS} keywords`)
  for (const name of ['description', 'version']) if (!manifest[name]) faults.push(`it has no ${name}`)
  if (!manifest.engines?.node) faults.push('it does not say which Node it needs')
  return faults
}

function leakedVersions(manifest) {
  return ['dependencies', 'devDependencies', 'peerDependencies', 'optionalDependencies'].flatMap((kind) =>
    Object.entries(manifest[kind] ?? {})
      .filter(([, version]) => INSIDE_ONLY.test(version))
      .map(([name, version]) => `${kind} has ${name} as "${version}"`),
  )
}

/** What is exported must be there, and nothing may lead to the sources. */
function missingTargets({ exports, bin = {} }, folder) {
  const targets = [...targetsIn(exports), ...targetsIn(bin)]
  const leaks = JSON.stringify(exports).includes('@sluice/source') ? ['its exports have the condition for sources'] : []
  const missing = targets.filter((file) => !file.includes('*') && !existsSync(join(folder, file)))
  const plain = targetsIn(bin).filter((file) => !missing.includes(file) && !startsAsProgram(join(folder, file)))
  return [
    ...leaks,
    ...missing.map((file) => `${file} is exported and not there`),
    ...plain.map((file) => `${file} is run, and does not begin with #!`),
  ]
}

function startsAsProgram(file) {
  return readFileSync(file, 'utf8').startsWith('#!/usr/bin/env node\n')
}

function targetsIn(value) {
  return typeof value === 'string' ? [value] : Object.values(value ?? {}).flatMap(targetsIn)
}

/** A map must be there, and have its sources in it or beside it: a debugger has no more than the tarball. */
function mapFaults(folder, file) {
  const [, name] = /\/\/# sourceMappingURL=(\S+)\s*$/.exec(readFileSync(join(folder, file), 'utf8')) ?? []
  if (name === undefined) return file.endsWith('.js') && file.startsWith('dist/') ? [`${file} has no source map`] : []
  const at = resolve(folder, dirname(file), name)
  if (!existsSync(at)) return [`${file} names a source map that is not there`]
  const { sources, sourceRoot = '', sourcesContent = [] } = JSON.parse(readFileSync(at, 'utf8'))
  return sources
    .filter((source, index) => {
      return typeof sourcesContent[index] !== 'string' && !existsSync(resolve(dirname(at), sourceRoot, source))
    })
    .map((source) => `the source map of ${file} leads to ${source}, which is not there`)
}
