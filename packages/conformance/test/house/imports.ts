import { readFileSync, readdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT: string = fileURLToPath(new URL('../../../..', import.meta.url))
export const PACKAGES: string = join(ROOT, 'packages')

/** Folders that hold no source: what is installed leads round in circles, through links; what tests have built is nobody's. */
const NO_SOURCE = ['node_modules', 'dist', '.artifacts']

/** Every TypeScript file below a folder. */
export function sourceFilesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return NO_SOURCE.includes(entry.name) ? [] : sourceFilesIn(path)
    return /\.[cm]?tsx?$/.test(entry.name) ? [path] : []
  })
}

/** Every TypeScript file of a package's source. */
export function sourceFiles(name: string): string[] {
  return sourceFilesIn(join(PACKAGES, name, 'src'))
}

/** Every module a source text names: static imports, re-exports, dynamic imports and import types. */
export function importsOf(text: string): string[] {
  const code = text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '')
  const statements = code.matchAll(/^\s*(?:import|export)\s(?:[^'"`;]*?\sfrom\s*)?['"]([^'"]+)['"]/gm)
  const expressions = code.matchAll(/\bimport\(\s*['"]([^'"]+)['"]/g)
  return [...statements, ...expressions].map((match) => match[1] ?? '')
}

export const isRelative = (specifier: string): boolean => specifier.startsWith('.')

/** The files of `folder`, each with the files below it that it imports; both as paths below `folder`. */
export function importGraph(folder: string): Map<string, string[]> {
  return new Map(
    sourceFilesIn(folder).map((file) => {
      const targets = importsOf(readFileSync(file, 'utf8'))
        .filter(isRelative)
        .map((target) => relative(folder, join(file, '..', target)))
      return [relative(folder, file), targets.filter((target) => !target.startsWith('..'))]
    }),
  )
}
