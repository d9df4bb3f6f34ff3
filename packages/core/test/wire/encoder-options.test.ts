import type { EncoderOptions, Wire } from '@sluice/core/extend'
import { expect, test } from 'vitest'
import { createCollectingSink, createRig, plainWire } from '../rig/core-rig.ts'

test.each([
  [undefined, false],
  [true, true],
  [false, false],
])('an encoder is told whether its reader wants ids: %s is %s', async (ids, expected) => {
  const { sluice } = createRig()
  const stream = await sluice.start(() => ['a'], { as: 'server' })
  const given: EncoderOptions[] = []
  const wire: Wire = {
    ...plainWire,
    create: (facts, options) => (given.push(options), plainWire.create(facts, options)),
  }
  stream.deliver(createCollectingSink(), { wire, ids })
  expect(given).toEqual([{ ids: expected }])
})
