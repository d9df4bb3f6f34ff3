import fc from 'fast-check'
import { expect, test } from 'vitest'

import { framed, Frames } from '../../src/message/frames.ts'

const frame = fc.record({ flags: fc.nat(255), message: fc.uint8Array({ maxLength: 40 }) })

test('frames that come in pieces of any size are the frames that were sent, and what is not whole is pending', () => {
  fc.assert(
    fc.property(
      fc.array(frame, { maxLength: 8 }),
      fc.array(fc.nat(), { maxLength: 30 }),
      fc.nat(44),
      (sent, cuts, cutOff) => {
        const bytes = Buffer.concat(sent.map(({ flags, message }) => framed(flags, message)))
        const end = Math.max(0, bytes.length - cutOff)
        const places = [0, ...cuts.map((cut) => cut % (end + 1)).toSorted((one, other) => one - other), end]
        const frames = new Frames(40)
        const got = places.slice(1).flatMap((place, index) => [...frames.push(bytes.subarray(places[index], place))])
        const whole = got.map(({ flags, message }) => framed(flags, message))
        expect(got.map(({ flags }) => flags)).toEqual(sent.slice(0, got.length).map(({ flags }) => flags))
        expect(Buffer.compare(Buffer.concat(whole), bytes.subarray(0, Buffer.concat(whole).length))).toBe(0)
        expect(frames.pending).toBe(end - Buffer.concat(whole).length)
        if (cutOff === 0) expect(got).toHaveLength(sent.length)
      },
    ),
    { numRuns: 1_000 },
  )
})

test('a frame that announces too much is refused by its head alone', () => {
  expect(() => [...new Frames(40).push(Uint8Array.of(0, 0, 0, 0, 41))]).toThrow(
    expect.objectContaining({ code: 'SLUICE_ERR_TOO_LARGE', message: expect.stringContaining('40 bytes') }),
  )
})
