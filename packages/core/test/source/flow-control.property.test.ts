import assert from 'node:assert/strict'
import { immediate, type Json, type Source } from '@sluice/core'
import fc from 'fast-check'
import { test } from 'vitest'
import { assertRun, eventsOf } from '../log/logged-run.ts'
import { check, codeOf, createScriptedSource, lawfulPolicies } from '../rig/core-rig.ts'
import { createWorld, logOf, serve } from '../rig/world.ts'

const AS = { owner: 'ada' }

test('design 6: credit is absolute, idempotent, and only rises; a reader gets exactly what it allows, the end in any case, and others are not held up', async () => {
  const acks = fc.array(
    fc.record({ seq: fc.nat({ max: 40 }), credit: fc.nat({ max: 20 }), times: fc.integer({ min: 1, max: 3 }) }),
    {
      minLength: 1,
      maxLength: 6,
    },
  )
  const property = fc.asyncProperty(acks, lawfulPolicies(), async (acks, chunking) => {
    const { runtime, sluice, store } = createWorld()
    const steps = Array.from({ length: 30 }, (_, index) => ({ yield: `token ${index} ` }))
    const source = createScriptedSource([...steps.slice(0, 20), { wait: 100_000 }, ...steps.slice(20)], { runtime })
    const stream = await sluice.start(source.source, { as: AS, deadlines: { idleMs: false } })
    const { id } = stream
    const other = serve(runtime, stream, { chunking: immediate() })
    const held = await sluice.attach({ id }, { as: AS })
    const reader = serve(runtime, held, { chunking, name: 'phone' })
    let limit = 0
    for (const { seq, credit, times } of acks) {
      for (let time = 0; time < times; time++) {
        const { readers } = await sluice.ack({ cursor: `${id}.1.${seq}` }, { as: AS, reader: 'phone', credit })
        assert.equal(readers, 1)
      }
      // What was sent before the first grant was not limited.
      const before = reader.understood().entries.at(-1)?.seq ?? 0
      limit = Math.max(limit, before, seq + credit)
      await runtime.advance(10_000)
      const got = reader.understood().entries.at(-1)?.seq ?? 0
      assert.equal(got, Math.min(20, limit), `after an ack of ${seq} + ${credit}`)
      assert.equal((await sluice.ack({ id }, { as: AS, reader: 'tablet', credit: 1 })).readers, 0)
    }
    assert.equal(other.understood().entries.at(-1)?.seq, 20)
    await runtime.advance(200_000)
    const log = logOf(store, id)
    assert.equal(log.end?.complete, true)
    assert.equal(other.understood().entries.at(-1)?.event.type, 'end')
    const { entries } = reader.understood()
    assertRun(eventsOf(log), entries, 0)
    assert.equal(entries.at(-1)?.seq ?? 0, limit >= 30 ? 31 : limit)
    reader.sink.drop()
  })
  await check(property)
})

test('design 6: a reader that is out of credit right before the end still gets the end, and a grant later sends the rest', async () => {
  const property = fc.asyncProperty(fc.nat({ max: 6 }), fc.boolean(), async (credit, endsFirst) => {
    const { runtime, sluice } = createWorld()
    const source = createScriptedSource([{ wait: 100 }, ...'abcde'.split('').map((text) => ({ yield: text }))], {
      runtime,
    })
    const stream = await sluice.start(source.source, { as: AS })
    const { understood } = serve(runtime, stream, { name: 'phone', chunking: immediate() })
    await sluice.ack({ id: stream.id }, { as: AS, reader: 'phone', credit })
    await runtime.advance(endsFirst ? 1000 : 0)
    assert.equal(understood().entries.at(-1)?.event.type === 'end', endsFirst && credit >= 5)
    await sluice.ack({ id: stream.id }, { as: AS, reader: 'phone', credit: 5 })
    await runtime.advance(1000)
    assert.deepEqual(understood().entries.at(-1)?.event.type, 'end')
  })
  await check(property)
})

test('design 5: what readers send reaches the inbox in order and once; over the bound it is refused and not lost', async () => {
  const property = fc.asyncProperty(
    fc.array(fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constant(-1)), { maxLength: 8 }),
    async (bursts) => {
      const { runtime, sluice } = createWorld()
      const got: Json[] = []
      let open = false
      const source: Source = async function* ({ inbox, signal }) {
        yield 'ready'
        const messages = inbox[Symbol.asyncIterator]()
        while (!signal.aborted) {
          await new Promise<void>((resolve) => void runtime.after(10, resolve))
          while (open) {
            const { value, done } = await messages.next()
            if (done) return
            got.push(value as Json)
          }
        }
      }
      const stream = await sluice.start(source, { as: AS, deadlines: { idleMs: false } })
      serve(runtime, stream)
      const taken: Json[] = []
      let next = 0
      let refused = 0
      for (const burst of bursts) {
        open = burst < 0
        await runtime.advance(20)
        for (let index = 0; index < burst; index++) {
          const code = await codeOf(sluice.send({ id: stream.id }, next, { as: AS }))
          if (code === 'ok') taken.push(next)
          else {
            assert.equal(code, 'SLUICE_ERR_OVERLOADED')
            refused++
          }
          next++
        }
      }
      assert.ok(taken.length - got.length <= 70, 'an inbox grew without bound')
      assert.ok(refused === 0 || next > 30)
      open = true
      await runtime.advance(100)
      assert.deepEqual(got, taken)
      await stream.cancel()
      assert.equal(await codeOf(sluice.send({ id: stream.id }, 1, { as: AS })), 'SLUICE_ERR_ALREADY_ENDED')
    },
  )
  await check(property)
})

test('design 6: feedback that a store cannot bring to the instance which produces the stream is refused, and not as if it had ended', async () => {
  const { runtime, sluice, store } = createWorld()
  const other = createWorld({ runtime, store }).sluice
  const source = createScriptedSource([{ yield: 'x' }, { hang: true }], { runtime })
  const stream = await sluice.start(source.source, { as: AS })
  await runtime.flush()
  assert.equal(stream.end, undefined)
  assert.equal(await codeOf(other.send({ id: stream.id }, 'hello', { as: AS })), 'SLUICE_ERR_OVERLOADED')
})
