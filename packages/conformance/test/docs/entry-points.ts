import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

import { ROOT } from './sandbox.ts'

/** A module that outsiders import, and what it exports. */
export interface EntryPoint {
  readonly specifier: string
  readonly packageName: string
  /** Source files whose exports it hands on, and its own, from `src` on. */
  readonly files: ReadonlySet<string>
  /** Exported names; true for those that are types only. */
  readonly names: ReadonlyMap<string, boolean>
}

interface Manifest {
  exports: Record<string, string | { '@sluice/source'?: string }>
}

/** Every entry point of every package. */
export function entryPoints(): EntryPoint[] {
  const packages = readdirSync(join(ROOT, 'packages')).filter((name) =>
    existsSync(join(ROOT, 'packages', name, 'package.json')),
  )
  return packages.flatMap((name) => {
    const folder = join(ROOT, 'packages', name)
    const { exports } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
    return Object.entries(exports).flatMap(([path, target]) => {
      const source = typeof target === 'object' ? target['@sluice/source'] : undefined
      return source === undefined ? [] : [readEntry(name, `@sluice/${name}${path.slice(1)}`, join(folder, source))]
    })
  })
}

function readEntry(packageName: string, specifier: string, file: string): EntryPoint {
  const text = readFileSync(file, 'utf8')
  const names = new Map<string, boolean>()
  const files = new Set([file.slice(file.indexOf('/src/') + '/src/'.length)])
  for (const [, type, list = '', from = ''] of text.matchAll(/export (type )?\{([^}]*)\} from '([^']+)'/g)) {
    files.add(from.replace(/^\.\//, ''))
    for (const item of list.split(',').map((part) => part.trim())) {
      if (item !== '') names.set(item.replace(/^type /, ''), type !== undefined || item.startsWith('type '))
    }
  }
  for (const [, kind, name = ''] of text.matchAll(/^export (?:async )?(function|const|class|interface|type) (\w+)/gm)) {
    names.set(name, kind === 'interface' || kind === 'type')
  }
  return { specifier, packageName, files, names }
}
