/**
 * The first line of `expected` that `actual` does not show, lines being looked for in order. `…` stands for anything within
 * a line, `6qf3…` for any id, and a line of nothing but `…` for any lines. Spaces around lines, and empty lines, do not
 * count.
 */
export function firstMissingLine(actual: string, expected: string): string | undefined {
  const lines = linesOf(actual)
  let from = 0
  let gap = true
  for (const line of linesOf(expected)) {
    if (line === '…') {
      gap = true
      continue
    }
    const pattern = patternOf(line)
    const at = gap ? lines.findIndex((candidate, index) => index >= from && pattern.test(candidate)) : from
    if (at < 0 || !pattern.test(lines[at] ?? '')) return line
    from = at + 1
    gap = false
  }
  return gap || from >= lines.length ? undefined : `the end, and not: ${lines[from]}`
}

function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
}

function patternOf(line: string): RegExp {
  const parts = line.split(/(?:6qf3)?…/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${parts.join('.*?')}$`)
}
