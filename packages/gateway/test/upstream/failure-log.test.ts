import { expect, test } from 'vitest'

import { createLog } from '../../src/log/log.ts'
import { FailureLog } from '../../src/upstream/failure-log.ts'

const STREAM = { id: 's1', owner: 'ada', tenant: '', key: undefined }

test.each([
  ['epoch', 'another process produces it now, or has ended it'],
  ['storage', 'the store does not have it any more'],
] as const)(
  'a stream that went on without this process (%s) is a line with its request, and nothing of it is kept',
  (code, why) => {
    const lines: string[] = []
    const log = new FailureLog(createLog({ level: 'info', format: 'json', write: (line) => void lines.push(line) }))
    log.begin(STREAM.id, { requestId: 'r1' })
    log.lost(STREAM, { code })
    // Somebody else's end, which is told where it happens: here nothing is known of it any more.
    log.ended(STREAM, { end: { type: 'end', reason: 'error', complete: false, cause: 'source' } })
    const [lost, later] = lines.map((line) => JSON.parse(line) as object)
    expect(lost).toMatchObject({
      level: 'warn',
      message: 'This process has lost a stream',
      reason: code,
      why,
      stream: 's1',
      request: 'r1',
    })
    expect(later).not.toHaveProperty('request')
  },
)
