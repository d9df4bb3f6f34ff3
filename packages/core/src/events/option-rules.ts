import { SluiceError } from './errors.ts'

/** `value`, if it is a finite number within bounds; else a clear error. */
export function requireNumber(name: string, value: unknown, min: number, max: number): number {
  if (typeof value === 'number' && value >= min && value <= max) return value
  throw invalidOption(name, value, `a number from ${min} to ${max}`)
}

/** `value`, if it is a whole number within bounds; else a clear error. */
export function requireInteger(name: string, value: unknown, min: number, max: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value
  throw invalidOption(name, value, `a whole number from ${min} to ${max}`)
}

/** `value`, if it is a finite number above 0; else a clear error. */
export function requirePositive(name: string, value: unknown): number {
  if (typeof value === 'number' && value > 0 && value < Infinity) return value
  throw invalidOption(name, value, 'a finite number above 0')
}

/** A duration in milliseconds, or `false` where it may be switched off by name. */
export function requireDuration(name: string, value: unknown, max: number): number | false {
  if (value === false) return false
  if (typeof value === 'number' && value > 0 && value <= max) return value
  throw invalidOption(name, value, `milliseconds above 0 and up to ${max}, or false to switch it off`)
}

/** The error for an option that breaks its rule. */
export function invalidOption(name: string, value: unknown, rule: string): SluiceError {
  return new SluiceError('SLUICE_ERR_OPTION', `The option "${name}" is ${show(value)}; it must be ${rule}.`)
}

/** `value`, or `fallback` where nothing was said; `null` is something. */
export function withDefault<Value>(value: Value | undefined, fallback: Value): Value {
  return value === undefined ? fallback : value
}

/** Whether nothing was said at all. */
export function isEmpty(options: object): boolean {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) return false
  for (const _ in options) return false
  return true
}

/** An unknown name is a typing error that would otherwise silently do nothing. */
export function requireKnownNames(group: string, options: object, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw invalidOption(group, options, `an object with any of ${known.join(', ')}`)
  }
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue
    const where = group === '' ? '' : ` in "${group}"`
    throw new SluiceError('SLUICE_ERR_OPTION', `There is no option "${name}"${where}; known are: ${known.join(', ')}.`)
  }
}

function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 80))
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object'
  return String(value)
}
