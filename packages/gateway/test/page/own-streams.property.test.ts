import type { StreamIdentity } from '@sluice/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'

import { OwnStreams } from '../../src/watching/own-streams.ts'

const END = { end: { type: 'end', reason: 'stop', complete: true }, events: 1, bytes: 1, timing: {} } as const

const owners = fc.constantFrom('a', 'b', 'a:b', '1:a')
const tenants = fc.constantFrom('', 'a', 'a:', '1')

interface Modelled {
  stream: StreamIdentity
  ended: boolean
}

test('contract 12: whoever asks is listed the latest of one’s own streams, each as it stands', () => {
  const happenings = fc.array(fc.record({ tenant: tenants, owner: owners, ends: fc.boolean() }), { maxLength: 60 })
  fc.assert(
    fc.property(happenings, fc.integer({ min: 1, max: 20 }), (all, limit) => {
      const own = new OwnStreams()
      const model: Modelled[] = []
      for (const [index, { tenant, owner, ends }] of all.entries()) {
        const stream = { id: `s${index}`, tenant, owner, key: undefined }
        own.started(stream)
        if (ends) own.ended(stream, END)
        model.push({ stream, ended: ends })
      }
      for (const tenant of ['', 'a', 'a:', '1']) {
        for (const owner of ['a', 'b', 'a:b', '1:a']) {
          const mine = model.filter(({ stream }) => stream.tenant === tenant && stream.owner === owner).toReversed()
          const { streams, more } = own.list({ tenant, owner }, limit)
          expect(streams.map(({ id, status }) => [id, status])).toEqual(
            mine.slice(0, limit).map(({ stream, ended }) => [stream.id, ended ? 'ended' : 'running']),
          )
          expect(more).toBe(mine.length > limit)
          const figures = own.figures({ tenant, owner })
          expect([figures.started, figures.running]).toEqual([mine.length, mine.filter(({ ended }) => !ended).length])
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
