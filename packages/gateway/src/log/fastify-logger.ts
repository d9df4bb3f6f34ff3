import type { FastifyBaseLogger } from 'fastify'

import { describeError } from './describe-error.ts'
import type { Log } from './log.ts'

type Write = (...told: readonly unknown[]) => void

/** Fastify's warnings and errors in our log. Requests have a line from the door, whatever they are for. */
export function toFastifyLogger(log: Log): FastifyBaseLogger {
  const write =
    (level: 'warn' | 'error'): Write =>
    (first, second) =>
      log[level](messageOf(first, second))
  const logger: Record<string, unknown> = {
    level: 'warn',
    trace: ignore,
    debug: ignore,
    info: ignore,
    silent: ignore,
    warn: write('warn'),
    error: write('error'),
    fatal: write('error'),
    child: () => logger,
  }
  return logger as unknown as FastifyBaseLogger
}

const ignore: Write = () => {}

function messageOf(first: unknown, second: unknown): string {
  if (typeof first === 'string') return first
  const { err, error = err } = (first ?? {}) as { err?: unknown; error?: unknown }
  const failure = first instanceof Error ? first : error
  const words = typeof second === 'string' ? second : undefined
  if (failure === undefined) return words ?? 'Something went wrong'
  const told = describeError(failure)
  return words === undefined || told.includes(words) ? told : `${words}: ${told}`
}
