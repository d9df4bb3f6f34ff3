import { parseWholeNumber } from './option-values.ts'

/** One option: how it is spelled, what it may be, what it is for. */
export interface OptionRow<Value = unknown> {
  readonly flag: string
  readonly short?: string
  readonly variable?: string
  /** What stands for the value in the help; a switch has none. */
  readonly value?: string
  /** May be given several times, or as a list with commas. */
  readonly many?: true
  /** Never shown in a message. */
  readonly secret?: true
  /** What a value must be, after "must be". */
  readonly rule: string
  readonly example: string
  readonly help: string
  /** The value `text` stands for; nothing when it breaks the rule. */
  parse(text: string): Value | undefined
}

/** Rows for some of the options. */
export type OptionRows<Options> = { readonly [Name in keyof Options]: OptionRow<Options[Name]> }

/** What a row with a number is made of. */
export interface NumberOption {
  readonly flag: string
  readonly min: number
  readonly max: number
  readonly example: number
  readonly help: string
}

/** A row for a duration. */
export function duration(option: NumberOption): OptionRow<number> {
  return numberRow(option, { unit: 'ms', what: 'a whole number of milliseconds' })
}

/** A row for a duration that can be switched off. */
export function durationOrOff(option: NumberOption): OptionRow<number | false> {
  const row = duration(option)
  return {
    ...row,
    value: '<ms>|off',
    rule: `${row.rule}, or "off"`,
    parse: (text) => (text === 'off' ? false : row.parse(text)),
  }
}

/** A row for a size. */
export function size(option: NumberOption): OptionRow<number> {
  return numberRow(option, { unit: 'bytes', what: 'a whole number of bytes' })
}

/** A row for a number of things. */
export function count(option: NumberOption): OptionRow<number> {
  return numberRow(option, { unit: 'number', what: 'a whole number' })
}

function numberRow(
  { flag, min, max, example, help }: NumberOption,
  { unit, what }: { unit: string; what: string },
): OptionRow<number> {
  return {
    flag,
    variable: variableOf(flag),
    value: `<${unit}>`,
    rule: `${what} from ${min} to ${max}`,
    example: String(example),
    help,
    parse(text) {
      const number = parseWholeNumber(text, max)
      return number === undefined || number < min ? undefined : number
    },
  }
}

/** The environment variable of a flag, where it has no name of its own. */
function variableOf(flag: string): string {
  return `SLUICE_${flag.slice(2).replaceAll('-', '_').toUpperCase()}`
}

/** A row for a switch. */
export function parseSwitch(text: string): boolean | undefined {
  if (text === 'true' || text === '1') return true
  return text === 'false' || text === '0' ? false : undefined
}

/** The one of `words` that `text` is. */
export function oneOf<Word extends string>(words: readonly Word[], text: string): Word | undefined {
  return words.find((word) => word === text)
}
