import { type EndEvent, isSluiceError, maskError, SluiceError, type SluiceErrorCode, ERROR_CODES } from '@sluice/core'
import { errorOfEnd } from '@sluice/core/extend'
import { describe, expect, test } from 'vitest'
import { Inbox, MAX_INBOX_MESSAGES } from '../../src/source/inbox.ts'
import { drainMicrotasks } from '../rig/core-rig.ts'

const codes = Object.keys(ERROR_CODES) as SluiceErrorCode[]

describe('errors', () => {
  test.each(codes)('%s has a name of the right form and an HTTP status of an error', (code) => {
    expect(code).toMatch(/^SLUICE_ERR_[A-Z]+(_[A-Z]+)*$/)
    expect(ERROR_CODES[code].status).toBeGreaterThanOrEqual(400)
    expect(ERROR_CODES[code].status).toBeLessThan(600)
    expect(new SluiceError(code, 'm')).toMatchObject({ code, status: ERROR_CODES[code].status, name: 'SluiceError' })
  })

  test('are recognised by their brand, also of another copy, and nothing else is', () => {
    expect(isSluiceError(new SluiceError('SLUICE_ERR_RATE', 'm', { status: 420, retryAfterMs: 5 }))).toBe(true)
    for (const other of [new Error('SLUICE_ERR_RATE'), { code: 'SLUICE_ERR_RATE' }, null, undefined, 'x', 1]) {
      expect(isSluiceError(other)).toBe(false)
    }
  })

  test('of others are masked, ours are shown without their cause', () => {
    const cause = new Error('postgres://user:password@host')
    expect(JSON.stringify(maskError(cause))).not.toContain('password')
    const shown = maskError(new SluiceError('SLUICE_ERR_BACKEND', 'Busy', { status: 429, retryAfterMs: 9, cause }))
    expect(shown).toMatchObject({
      code: 'SLUICE_ERR_BACKEND',
      message: 'Busy',
      status: 429,
      retryAfterMs: 9,
      retryable: true,
    })
    expect(JSON.stringify(shown)).not.toContain('password')
  })

  test.each<[EndEvent, SluiceErrorCode]>([
    [{ type: 'end', reason: 'cancelled', complete: false, cause: 'client' }, 'SLUICE_ERR_CANCELLED'],
    [{ type: 'end', reason: 'interrupted', complete: false, cause: 'lease' }, 'SLUICE_ERR_INTERRUPTED'],
    [
      { type: 'end', reason: 'error', complete: false, cause: 'source', error: { code: 'X', message: 'm' } },
      'SLUICE_ERR_SOURCE',
    ],
    [
      {
        type: 'end',
        reason: 'error',
        complete: false,
        error: { code: 'SLUICE_ERR_TIMEOUT', message: 'm', status: 504 },
      },
      'SLUICE_ERR_TIMEOUT',
    ],
  ])('say the same as the end %j', (end, code) => {
    expect(errorOfEnd(end)).toMatchObject({ code })
    expect(errorOfEnd(end).status).toBeGreaterThanOrEqual(400)
  })
})

describe('contract 6, the inbox', () => {
  test('takes so many messages, gives them in order, and takes more once they are read', async () => {
    const inbox = new Inbox()
    for (let index = 0; index < MAX_INBOX_MESSAGES; index++) expect(inbox.push(index)).toBe(true)
    expect(inbox.push('more')).toBe(false)
    const iterator = inbox[Symbol.asyncIterator]()
    expect(await iterator.next()).toEqual({ done: false, value: 0 })
    expect(inbox.push(null)).toBe(true)
    inbox.close()
    expect(inbox.push('late')).toBe(false)
    const rest: unknown[] = []
    for await (const message of { [Symbol.asyncIterator]: () => iterator }) rest.push(message)
    expect(rest).toEqual([...Array.from({ length: MAX_INBOX_MESSAGES - 1 }, (_, index) => index + 1), null])
  })

  test('contract 4, 14: everyone who iterates it is let go when it is closed', async () => {
    const inbox = new Inbox()
    let over = 0
    const read = async (): Promise<void> => {
      for await (const _ of inbox);
      over++
    }
    void read()
    void read()
    await drainMicrotasks()
    inbox.close()
    await drainMicrotasks()
    expect(over).toBe(2)
  })
})
