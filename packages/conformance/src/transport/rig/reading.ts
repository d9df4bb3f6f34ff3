import type { EndEvent } from '@sluice/core'
import { expect } from 'vitest'

import { until, within } from '@sluice/testing/patience'
import type { NativeEvent, TransportReading } from './driver.ts'

/** The text of choice 0 that a reading was given. */
export function textOf({ events }: Pick<TransportReading, 'events'>): string {
  return events.map((event) => (event.type === 'text' && !event.choice ? event.text : '')).join('')
}

/** Types of what a reading was given, in order. */
export function typesOf({ events }: Pick<TransportReading, 'events'>): string[] {
  return events.map(({ type }) => type)
}

/** The latest cursor: everything up to there has been received. */
export function cursorOf({ events }: Pick<TransportReading, 'events'>): string {
  const cursor = events.findLast((event) => event.cursor !== undefined)?.cursor
  if (cursor === undefined) throw new Error(`no cursor among ${JSON.stringify(events).slice(0, 500)}`)
  return cursor
}

/** The stream's id, as a reading was told it. */
export function idOf({ events }: Pick<TransportReading, 'events'>): string {
  const [opened] = events
  if (opened?.type !== 'opened') throw new Error(`a reading began with ${JSON.stringify(opened)}, not with "opened"`)
  return opened.id
}

/** Waits until a reading has been given this text, which must be all there is. */
export async function heardText(reading: TransportReading, text: string): Promise<void> {
  await until(
    () => textOf(reading).length >= text.length,
    () => `the text ${show(text)}; heard: ${show(reading.events)}`,
  )
  expect(textOf(reading)).toBe(text)
}

/** Waits until a reading has been given an event of this type. */
export async function heard<Type extends NativeEvent['type']>(
  reading: TransportReading,
  type: Type,
): Promise<Extract<NativeEvent, { type: Type }>> {
  const find = (): NativeEvent | undefined => reading.events.find((event) => event.type === type)
  await until(
    () => find() !== undefined,
    () => `an event "${type}"; heard: ${show(reading.events)}`,
  )
  return find() as Extract<NativeEvent, { type: Type }>
}

/** Waits for the end, which must be the last thing said, once, and for the transport to be done with the reading. */
export async function heardEnd(reading: TransportReading): Promise<EndEvent & { cursor?: string | undefined }> {
  const end = await heard(reading, 'end')
  const { polite, complete } = await within(reading.over, 'a reading is over after its end')
  expect(polite, 'whether the transport ended as it does when all is said').toBe(true)
  expect(typesOf(reading).filter((type) => type === 'end' || type === 'closed')).toEqual(['end'])
  expect(reading.events.at(-1)).toBe(end)
  if (complete !== undefined) expect(complete, 'what the status says').toBe(end.complete)
  return end
}

/** Waits until a reading that was cut is over, and checks that nobody would take it for a whole answer. */
export async function heardCut(reading: TransportReading): Promise<void> {
  const over = await within(reading.over, 'a reading that was cut is over')
  const looksComplete = over.complete === true || reading.events.some((event) => event.type === 'end' && event.complete)
  expect({ looksComplete, over }).toEqual({ looksComplete: false, over })
}

/** Waits until a reading is over whose end is not its stream's: it is told why, and that is the last it is told. */
export async function heardClosed(reading: TransportReading): Promise<Extract<NativeEvent, { type: 'closed' }>> {
  const closed = await heard(reading, 'closed')
  await heardCut(reading)
  expect(reading.events.at(-1)).toBe(closed)
  expect(typesOf(reading)).not.toContain('end')
  return closed
}

function show(value: unknown): string {
  const text = JSON.stringify(value)
  return text.length <= 600 ? text : `${text.slice(0, 300)} … ${text.slice(-300)}`
}
