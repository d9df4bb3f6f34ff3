import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

import { ROOT } from './sandbox.ts'

/** Folders whose Markdown is not ours, or is made. */
const FOREIGN: ReadonlySet<string> = new Set(['node_modules', 'dist', 'html', 'gen'])

/** Every Markdown file of the working copy, by its path from the root. */
export function markdownFiles(folder = ''): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.name.startsWith('.') || FOREIGN.has(entry.name)) return []
    if (entry.isDirectory()) return markdownFiles(path)
    return entry.name.endsWith('.md') ? [path] : []
  })
}

/** The documents whose samples run: the README, the pages of `docs/`, and the README of every package. */
export function sampleDocuments(): string[] {
  const pages = readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md'))
  const readmes = readdirSync(join(ROOT, 'packages')).map((name) => `packages/${name}/README.md`)
  return ['README.md', ...pages.map((name) => `docs/${name}`), ...readmes].filter((file) =>
    existsSync(join(ROOT, file)),
  )
}

export function readDocument(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8')
}
