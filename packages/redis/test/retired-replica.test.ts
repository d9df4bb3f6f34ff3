import { createVirtualRuntime, drainMicrotasks } from '@sluice/testing'
import { expect, test } from 'vitest'

import { readRecord } from '../src/commands/read-record.ts'
import { ProducedStream } from '../src/producing/produced-stream.ts'
import { Replica } from '../src/replica/replica.ts'
import { createContext } from './search/scripted-context.ts'
import { FACTS, KEEPING, ScriptedLog } from './search/scripted-log.ts'

test('contract 3 and 5: a look that was under way when its stream was taken over here says nothing of what is said since', async () => {
  const runtime = createVirtualRuntime()
  const stored = new ScriptedLog()
  const answers: (() => void)[] = []
  let waits = false
  const context = createContext('here', runtime, {
    run: ({ name }, _, args) => {
      if (name !== 'read-record') return new Promise(() => {})
      if (!waits) return Promise.resolve(stored.read(String(args[0])))
      return new Promise((resolve) => answers.push(() => resolve(stored.read(String(args[0])))))
    },
  })
  const record = await readRecord(context.connection, context.keys, FACTS, { afterSeq: 0 })
  if (record.is !== 'stream') throw new Error('there is no stream')
  const replica = new Replica(context, record, { lapsed: () => {}, followed: () => {}, idle: () => {} })
  waits = true
  const looked = replica.catchUp()

  // It is taken over here, and its source speaks; then by somebody else, who has not said anything yet.
  replica.retire()
  const { log } = replica.stream
  log.epoch = 3
  const produced = new ProducedStream(context, replica.stream, KEEPING, () => {})
  log.append('not in the store yet')
  stored.take()
  stored.take()
  for (const answer of answers.splice(0)) answer()
  await drainMicrotasks()
  for (const answer of answers.splice(0)) answer()
  await looked

  // That it is another's now is what its next append learns.
  expect([log.lost, log.lastSeq]).toEqual([undefined, 1])
  produced.outbox.stop()
})
