import { describe, expect, test } from 'vitest'

import { checksOf, type DecoderCheck } from './cases/checks.ts'
import type { DecodedWire } from './cases/decoded-wire.ts'
import type { SseDecoder } from './rig/decoder.ts'
import { sseDecoders } from './sse-decoders.ts'

/**
 * Reads a wire through every decoder that people use: hostile text, large tokens, heartbeats, a failure, a reading that is
 * closed, drops at every byte, and coming back. A decoder that the wire is not for must fail, or it is named without need.
 *
 * @example
 * ```ts
 * describeSseDecoders('mine', {
 *   wire: nativeSse,
 *   ids: true,
 *   hear: ({ event, data }) => {
 *     const { text, complete } = JSON.parse(data) as { text?: string; complete?: boolean }
 *     return event === 'end' ? { over: complete ? 'complete' : 'cut' } : { text: event === 'text' ? text : undefined }
 *   },
 *   unread: { 'block reader': 'its blocks do not begin with data' },
 * })
 * ```
 */
export function describeSseDecoders(name: string, wire: DecodedWire): void {
  const checks = checksOf(wire)
  const { unread = {}, unresumed = {} } = wire
  const exceptions = { ...unread, ...unresumed }

  for (const decoder of sseDecoders) {
    describe(`${name}, read with ${decoder.name} (${decoder.original})`, () => {
      if (decoder.name in unread) testUnread(decoder, checks, unread[decoder.name]!)
      else testRead(decoder, checks, { resumes: wire.ids && decoder.ids, unresumed: unresumed[decoder.name] })
    })
  }

  test(`${name} names no decoder that there is not`, () => {
    const names = sseDecoders.map((decoder) => decoder.name)
    expect(Object.keys(exceptions).filter((one) => !names.includes(one))).toEqual([])
  })
}

function testUnread(decoder: SseDecoder, checks: readonly DecoderCheck[], why: string): void {
  test(`is not for it: ${why}`, async () => {
    const reading = checks.filter((one) => !one.resumes)
    const outcomes = await Promise.allSettled(reading.map((one) => one.check(decoder)))
    expect(outcomes.map(({ status }) => status)).toContain('rejected')
  })
}

interface Reading {
  /** Whether it is to come back with ids. */
  readonly resumes: boolean
  /** Why it cannot, if so. */
  readonly unresumed: string | undefined
}

function testRead(decoder: SseDecoder, checks: readonly DecoderCheck[], { resumes, unresumed }: Reading): void {
  const able = checks.filter((one) => !one.resumes || (resumes && unresumed === undefined))
  const unable = checks.filter((one) => one.resumes && resumes && unresumed !== undefined)
  test.each(able)('$name', ({ check }) => check(decoder))
  test.each(unable)(`does not come back with its id: ${unresumed}`, ({ check }) =>
    expect(check(decoder)).rejects.toThrow(Error),
  )
}
