import { foreign } from './foreign.ts'

const DIGITS = /^(?:0|[1-9]\d{0,15})$/

/** Whether `value` can be a count, a position or a time: a whole number from 0 that is exact. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && !Object.is(value, -0)
}

/** The number that `text` is, in digits. @throws SluiceError `SLUICE_ERR_STORE` */
export function countIn(text: string | undefined, what: string): number {
  const count = text !== undefined && DIGITS.test(text) ? Number(text) : Number.NaN
  if (Number.isSafeInteger(count)) return count
  throw foreign(what, text === undefined ? 'it is not there' : 'it is not a whole number from 0 to 2^53')
}
