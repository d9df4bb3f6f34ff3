import type { Runtime, SourceContext, SourceEvent, SourceItem } from '@sluice/core'
import type { ChatBody, DemoOptions } from '../../src/demo-runner/chat-body.ts'
import { createDemoRunner } from '../../src/demo-runner/demo-runner.ts'

/** Fires timers as soon as the turn is over and keeps the books. */
function createImpatientRuntime(): Runtime & { delays: number[]; live: number } {
  const runtime = {
    delays: [] as number[],
    live: 0,
    now: () => 0,
    defer: (task: () => void) => void setImmediate(task),
    after(delayMs: number, task: () => void) {
      runtime.delays.push(delayMs)
      runtime.live += 1
      const handle = setImmediate(() => {
        runtime.live -= 1
        task()
      })
      return () => {
        runtime.live -= 1
        clearImmediate(handle)
      }
    },
  }
  return runtime
}

export const ask = (content: string): ChatBody['messages'] => [{ role: 'user', content }]

/** What a source is given by a stream that nobody sends messages to. */
export function contextOf(signal: AbortSignal, prefix = ''): SourceContext {
  return {
    id: 's',
    meta: {},
    signal,
    inbox: { async *[Symbol.asyncIterator]() {} },
    touch() {},
    prefix,
    input: undefined,
  }
}

export interface Run {
  items: SourceItem[]
  delays: number[]
  error: unknown
}

export interface RunOptions {
  seed?: number
  signal?: AbortSignal
  prefix?: string
  onItem?: (item: SourceItem) => void
}

export async function run(body: Partial<ChatBody>, options: RunOptions = {}): Promise<Run> {
  const runtime = createImpatientRuntime()
  const runner = createDemoRunner({ seed: options.seed, runtime })
  const source = runner.chat({ model: 'sluice-demo', messages: ask('Hello'), ...body })
  const outcome: Run = { items: [], delays: runtime.delays, error: undefined }
  const { signal = new AbortController().signal, prefix = '', onItem } = options
  try {
    for await (const item of await source(contextOf(signal, prefix))) {
      outcome.items.push(item)
      onItem?.(item)
    }
  } catch (error) {
    outcome.error = error
  }
  if (runtime.live !== 0) throw new Error(`${runtime.live} timers left`)
  return outcome
}

export const demo = (sluice_demo: DemoOptions): Partial<ChatBody> => ({
  sluice_demo: { interTokenMs: 0, ...sluice_demo },
})

export const isEvent = (item: SourceItem): item is SourceEvent => typeof item === 'object' && 'type' in item
export const eventsOf = ({ items }: Run): SourceEvent[] => items.filter(isEvent)
export const textOf = (run: Run, choice: number, type: 'text' | 'reasoning' = 'text'): string =>
  eventsOf(run)
    .map((event) => (event.type === type && event.choice === choice ? event.text : ''))
    .join('')

/** Strings and bytes put together as the wire would have them. */
export function bytesOf({ items }: Run): Buffer {
  const parts = items.filter((item) => typeof item === 'string' || item instanceof Uint8Array)
  return Buffer.concat(parts.map((part) => Buffer.from(part as string)))
}
