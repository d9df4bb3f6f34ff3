import { SEED } from '@sluice/testing'

import type { Application } from './application.ts'

/** Throws unless all of the text was heard, and then that it is whole. */
export function expectWhole(application: Application, text: string): void {
  expectHeard(application, text, 'complete')
}

/** Throws unless this text was heard, and then that it was cut. */
export function expectCut(application: Application, text: string): void {
  expectHeard(application, text, 'cut')
}

function expectHeard({ text, over }: Application, wanted: string, end: 'complete' | 'cut'): void {
  if (text !== wanted) throw new Error(`${differenceOf(text, wanted)} (SLUICE_SEED=${SEED})`)
  if (over.length !== 1 || over[0] !== end) throw new Error(`heard as over: [${over.join()}], not ${end} once`)
}

/** Where two texts part. */
export function differenceOf(text: string, wanted: string): string {
  let at = 0
  while (at < text.length && text[at] === wanted[at]) at++
  const show = (value: string): string => JSON.stringify(value.slice(at, at + 40))
  return `from unit ${at} on the text is ${show(text)} and should be ${show(wanted)}`
}
