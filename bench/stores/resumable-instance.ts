import { randomUUID } from 'node:crypto'

import { Redis } from 'ioredis'
import { createResumableStreamContext } from 'resumable-stream/ioredis'

import { TOKEN_CHARS } from '../traffic/fixtures.ts'
import { COMPLETE, type Instance, type Reading } from './instance.ts'

/** `resumable-stream` (npm) as its README says, on ioredis like sluice. It has no cancel, and nothing to resume after the end. */
export function createResumableInstance(url: string): Instance {
  const [publisher, subscriber] = [new Redis(url), new Redis(url)]
  const context = createResumableStreamContext({ waitUntil: null, publisher, subscriber })
  return {
    ready: () => Promise.all([publisher.ping(), subscriber.ping()]),
    async start(source) {
      const id = randomUUID()
      const stream = await context.createNewResumableStream(id, () => ReadableStream.from<string>(source()))
      return { id, reading: readingOf(stream!) }
    },
    async attach(id, from) {
      const stream = await context.resumeExistingStream(id, from * TOKEN_CHARS)
      return stream ? readingOf(stream) : undefined
    },
    cancel: () => Promise.reject(new Error('resumable-stream has no cancel.')),
  }
}

function readingOf(stream: ReadableStream<string>): Reading {
  const reader = stream.getReader()
  return {
    leave: () => void reader.cancel(),
    async read(onText) {
      for (;;) {
        const { done, value } = await reader.read()
        if (done) return COMPLETE
        if (value !== '') onText(value)
      }
    },
  }
}
