import type { StreamIdentity } from '@sluice/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'

import { OwnStreams } from '../../src/watching/own-streams.ts'

const END = { end: { type: 'end', reason: 'stop', complete: true }, events: 1, bytes: 1, timing: {} } as const

const owners = fc.constantFrom('a', 'b', 'a:b', '1:a')
const tenants = fc.constantFrom('', 'a', 'a:', '1')

interface Modelled {
  stream: StreamIdentity
  becomes: string
}

test('contract 12: whoever asks is listed the latest of one’s own streams, each as it stands', () => {
  const happenings = fc.array(
    fc.record({ tenant: tenants, owner: owners, becomes: fc.constantFrom('running', 'ended', 'lost') }),
    { maxLength: 60 },
  )
  fc.assert(
    fc.property(happenings, fc.integer({ min: 1, max: 20 }), (happened, limit) => {
      const own = new OwnStreams()
      const model: Modelled[] = []
      for (const [index, { tenant, owner, becomes }] of happened.entries()) {
        const stream = { id: `s${index}`, tenant, owner, key: undefined }
        own.started(stream)
        if (becomes === 'ended') own.ended(stream, END)
        if (becomes === 'lost') own.lost(stream)
        model.push({ stream, becomes })
      }
      for (const tenant of ['', 'a', 'a:', '1']) {
        for (const owner of ['a', 'b', 'a:b', '1:a']) {
          const all = model.filter(({ stream }) => stream.tenant === tenant && stream.owner === owner)
          const mine = all.filter(({ becomes }) => becomes !== 'lost').toReversed()
          const { streams, more } = own.list({ tenant, owner }, limit)
          expect(streams.map(({ id, status }) => [id, status])).toEqual(
            mine.slice(0, limit).map(({ stream, becomes }) => [stream.id, becomes]),
          )
          expect(more).toBe(mine.length > limit)
          const figures = own.figures({ tenant, owner })
          const running = mine.filter(({ becomes }) => becomes === 'running').length
          expect([figures.started, figures.running]).toEqual([all.length, running])
        }
      }
    }),
  )
})

test('contract 6: neither one owner nor many owners are remembered without bound', () => {
  const own = new OwnStreams()
  const stream = (id: string, owner: string): StreamIdentity => ({ id, owner, tenant: '', key: undefined })
  for (let index = 0; index < 1_000; index++) own.started(stream(`s${index}`, 'busy'))
  expect(own.list({ owner: 'busy' }, 2_000).streams).toHaveLength(250)
  expect(own.figures({ owner: 'busy' })).toMatchObject({ started: 1_000, running: 1_000 })
  for (let index = 0; index < 1_000; index++) own.started(stream(`o${index}`, `owner${index}`))
  // A thousand others have been busy since.
  expect(own.list({ owner: 'busy' }, 2_000)).toEqual({ streams: [], more: false })
  expect(own.list({ owner: 'owner999' }, 1).streams).toHaveLength(1)
})
