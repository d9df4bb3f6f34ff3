import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { join, normalize, relative } from 'node:path'
import { describe, expect, test } from 'vitest'

import { importsOf, isRelative, PACKAGES, ROOT, sourceFiles } from './imports.ts'

/** What each package may import from its siblings. A package that is not named here fails until it is placed. */
const CORE_ONLY = ['core']
const FRAMEWORK = ['core', 'http', 'sse', 'wires']
const ALLOWED: Record<string, readonly string[] | 'anything'> = {
  core: [],
  sse: CORE_ONLY,
  websocket: CORE_ONLY,
  grpc: CORE_ONLY,
  redis: CORE_ONLY,
  sqlite: CORE_ONLY,
  metrics: CORE_ONLY,
  rxjs: CORE_ONLY,
  wires: ['core', 'sse'],
  http: ['core', 'sse', 'wires'],
  fastify: FRAMEWORK,
  express: FRAMEWORK,
  hono: FRAMEWORK,
  next: FRAMEWORK,
  // What runs in a page takes the codecs of these that are free of Node.
  client: ['core', 'sse', 'websocket', 'grpc', 'wires'],
  react: ['core', 'client'],
  simulator: ['core', 'client', 'testing'],
  page: ['core', 'client', 'sse', 'simulator', 'testing'],
  jobs: ['core', 'http', 'redis', 'sse', 'sqlite'],
  gateway: 'anything',
  testing: ['core', 'sse'],
  conformance: ['core', 'sse', 'testing'],
}

interface Manifest {
  dependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
}

const SCOPE = '@sluice/'
const names = readdirSync(PACKAGES).filter((name) => existsSync(join(PACKAGES, name, 'package.json')))

function readJson<Value>(file: string): Value {
  return JSON.parse(readFileSync(file, 'utf8')) as Value
}

/** The package a bare specifier belongs to: `@scope/name/sub` is `@scope/name`. */
function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

function outsideImports(name: string): string[] {
  const all = sourceFiles(name).flatMap((file) => importsOf(readFileSync(file, 'utf8')))
  const bare = all.filter((specifier) => !isRelative(specifier) && !isBuiltin(specifier)).map(packageOf)
  return [...new Set(bare)].toSorted()
}

const siblingsIn = (packages: readonly string[]): string[] =>
  packages.filter((name) => name.startsWith(SCOPE)).map((name) => name.slice(SCOPE.length))

function declaredPackages(name: string): string[] {
  const manifest = readJson<Manifest>(join(PACKAGES, name, 'package.json'))
  const { dependencies, peerDependencies, optionalDependencies } = manifest
  return Object.keys({ ...dependencies, ...peerDependencies, ...optionalDependencies })
}

/** The sibling packages the emitting tsconfigs of a package refer to. */
function referencedSiblings(name: string): string[] {
  const folder = join(PACKAGES, name)
  const configs = readdirSync(folder).filter((file) => /^tsconfig(?!\.test).*\.json$/.test(file))
  const paths = configs.flatMap((file) => {
    const { references = [] } = readJson<{ references?: { path: string }[] }>(join(folder, file))
    return references.map(({ path }) => relative(PACKAGES, normalize(join(folder, path))).split('/')[0] ?? '')
  })
  return [...new Set(paths)].filter((sibling) => sibling !== name).toSorted()
}

function mayImport(name: string, sibling: string): boolean {
  const allowed = ALLOWED[name] ?? []
  return allowed === 'anything' || allowed.includes(sibling)
}

/** The first cycle found from a package, as the path that closes it. */
function cycleFrom(name: string, path: readonly string[] = []): string[] | undefined {
  if (path.includes(name)) return [...path.slice(path.indexOf(name)), name]
  for (const next of siblingsIn(declaredPackages(name))) {
    const cycle = cycleFrom(next, [...path, name])
    if (cycle) return cycle
  }
  return undefined
}

describe('reading imports', () => {
  test('sees every form of import and no comment', () => {
    const text = [
      `import './side.ts'`,
      `import {\n  a,\n  b,\n} from '@sluice/core'`,
      `import type { C } from "zod"`,
      `export * from './all.ts'`,
      `const d = await import('late')`,
      `type E = import('typed').E`,
      `// import 'commented'`,
      `/* import 'blocked' */`,
    ].join('\n')
    expect(importsOf(text)).toEqual(['./side.ts', '@sluice/core', 'zod', './all.ts', 'late', 'typed'])
  })

  test('knows the package behind a subpath', () => {
    expect([packageOf('@sluice/sse/node'), packageOf('zod/v4')]).toEqual(['@sluice/sse', 'zod'])
  })
})

describe.each(names)('the package %s', (name) => {
  test('has a place in the house', () => {
    expect(ALLOWED).toHaveProperty([name])
  })

  test('imports only what its package.json declares', () => {
    const declared = declaredPackages(name)
    expect(outsideImports(name).filter((wanted) => !declared.includes(wanted))).toEqual([])
  })

  test('imports and declares only the siblings it may', () => {
    const touched = siblingsIn([...outsideImports(name), ...declaredPackages(name)])
    expect(touched.filter((sibling) => !mayImport(name, sibling))).toEqual([])
  })

  test('has a tsconfig reference for every sibling it declares, and no other', () => {
    expect(referencedSiblings(name)).toEqual(siblingsIn(declaredPackages(name)).toSorted())
  })

  test('never reaches out of its own src by a relative path', () => {
    const src = join(PACKAGES, name, 'src')
    const escapes = sourceFiles(name).flatMap((file) =>
      importsOf(readFileSync(file, 'utf8'))
        .filter(isRelative)
        .filter((specifier) => relative(src, join(file, '..', specifier)).startsWith('..'))
        .map((specifier) => `${relative(src, file)} imports ${specifier}`),
    )
    expect(escapes).toEqual([])
  })

  test('is in no dependency cycle', () => {
    expect(cycleFrom(name)).toBeUndefined()
  })
})

test('core depends on nothing, not even a Node module', () => {
  const named = sourceFiles('core').flatMap((file) => importsOf(readFileSync(file, 'utf8')))
  expect(named.filter((specifier) => !isRelative(specifier))).toEqual([])
})

test('every package is built by the root tsconfig, and its tests are type-checked', () => {
  const roots = ['tsconfig.json', 'tsconfig.test.json'].flatMap((file) =>
    readJson<{ references: { path: string }[] }>(join(ROOT, file)).references.map(({ path }) => path),
  )
  expect(names.flatMap((name) => [`packages/${name}`, `packages/${name}/tsconfig.test.json`])).toSatisfy(
    (wanted: string[]) => wanted.every((path) => roots.includes(path)),
  )
})
