import type { OptionRow, OptionRows } from './option-row.ts'

/** What `--help` says of each option: how it is spelled, its variable and default, and below what it is for. */
export function helpLines<Options extends object>(table: OptionRows<Options>, defaults: Options): string[] {
  const rows = Object.entries<OptionRow>(table as Record<string, OptionRow>)
  const spellings = rows.map(([, { flag, short, value }]) => [short, [flag, value].filter(Boolean).join(' ')])
  const lefts = spellings.map((words) => words.filter(Boolean).join(', '))
  const width = Math.max(...lefts.map((left) => left.length))
  return rows.flatMap(([name, { variable, help }], index) => {
    const preset = showDefault(defaults[name as keyof Options])
    const notes = [variable, preset && `default ${preset}`].filter(Boolean).join(', ')
    return [`  ${lefts[index]!.padEnd(width)}  ${notes}`.trimEnd(), `      ${help}`]
  })
}

function showDefault(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}
