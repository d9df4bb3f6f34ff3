/**
 * An instance in a process of its own, for tests that kill or stop one: takes requests and reports over IPC.
 * Run with `--conditions=@sluice/source`.
 */
import { isSluiceError } from '@sluice/core'

import { countingOn } from './faults/rig/counting-source.ts'
import { Instance } from './faults/rig/instance.ts'
import type { Reading } from './faults/rig/reading.ts'
import type { FromProducer, ProducerOptions, ProducerReport, Request, ToProducer } from './producer-messages.ts'

const { store, sluice } = JSON.parse(process.argv[2] ?? '{}') as ProducerOptions
const instance = new Instance(store, sluice)
const readings: Reading[] = []
let telling = false

process.on('message', ({ call, request }: ToProducer) => {
  carryOut(request).then(
    (value) => say({ answered: call, value }),
    (error: unknown) => {
      const code = isSluiceError(error) ? error.code : 'ERROR'
      say({ answered: call, error: { code, message: String(error) } })
    },
  )
})
instance.watch(tellSoon)

async function carryOut(request: Request): Promise<unknown> {
  switch (request.do) {
    case 'ready':
      return instance.store.ready()
    case 'count': {
      const { input, options, named } = request
      if (named) return (await instance.count(input, options)).id
      return (await instance.start(countingOn(input), options)).id
    }
    case 'read': {
      const { id, after, from } = request
      const reading = await instance.read({ id }, { after, from })
      reading.watch(tellSoon)
      tellSoon()
      return readings.push(reading) - 1
    }
    case 'leave':
      return readings[request.reading]?.leave()
    case 'cancel':
      return instance.sluice.cancel({ id: request.id }, { as: 'server' })
    case 'block': {
      const untilMs = performance.now() + request.ms
      while (performance.now() < untilMs);
      return undefined
    }
    case 'dispose':
      await instance[Symbol.asyncDispose]()
      setImmediate(() => process.disconnect())
      return undefined
  }
}

/** Once per turn at most. */
function tellSoon(): void {
  if (telling) return
  telling = true
  setImmediate(() => {
    telling = false
    say({ report: report() })
  })
}

function report(): ProducerReport {
  return {
    runs: instance.runs,
    aborted: instance.aborted,
    settled: instance.settled.map(({ id, text, end }) => ({ id, text, end })),
    readings: readings.map(({ id, text, cursor, end, closed }) => ({ id, text, cursor, end, closed })),
  }
}

function say(message: FromProducer): void {
  if (process.connected) process.send!(message)
}
