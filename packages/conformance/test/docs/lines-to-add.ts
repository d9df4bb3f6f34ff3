import { codeBlocks } from './code-blocks.ts'

/** A server before it streams with sluice and after, as a document shows it. */
export interface ServerDiff {
  /** The heading above it. */
  readonly framework: string
  /** Files by path: before and after. */
  readonly before: Readonly<Record<string, string>>
  readonly after: Readonly<Record<string, string>>
  /** Lines that are added, imports left out. */
  readonly lines: number
}

/** Every `diff` block of a text, under the heading before it. A comment that is a path begins a file; the first one has a name without. */
export function serverDiffs(markdown: string): ServerDiff[] {
  return markdown.split(/^## /m).flatMap((section) => {
    const block = codeBlocks(section).find(({ language }) => language === 'diff')
    if (!block) return []
    const all = block.text.split('\n')
    const without = (sign: string): string[] =>
      all.filter((line) => !line.startsWith(sign)).map((line) => line.slice(2))
    const added = all.filter((line) => line.startsWith('+ ')).map((line) => line.slice(2).trim())
    return {
      framework: section.split('\n', 1)[0]!,
      before: filesOf(without('+')),
      after: filesOf(without('-')),
      lines: added.filter((line) => line !== '' && !line.startsWith('import ')).length,
    }
  })
}

function filesOf(lines: readonly string[]): Record<string, string> {
  const files: Record<string, string> = {}
  let path = 'server.js'
  for (const line of lines) {
    path = /^\/\/ (\S+\.js)$/.exec(line)?.[1] ?? path
    files[path] = `${files[path] ?? ''}${line}\n`
  }
  // A file that is added is not there before.
  const isEmpty = (text: string): boolean => /^\s*(\/\/.*\s*)?$/.test(text)
  return Object.fromEntries(Object.entries(files).filter(([, text]) => !isEmpty(text)))
}

/** The table that the document has. */
export function tableOf(diffs: readonly Pick<ServerDiff, 'framework' | 'lines'>[]): string {
  const rows = diffs.map(({ framework, lines }) => `| ${framework} | ${lines} |`)
  return ['| framework | lines, beside imports |', '|---|---|', ...rows].join('\n')
}
