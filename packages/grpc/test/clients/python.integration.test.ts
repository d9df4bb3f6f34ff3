import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { expect, test } from 'vitest'

import { FAULTY } from '../../../core/test/rig/faulty-policy.ts'
import { saying, startRig } from '../rig/rig.ts'

/** Debian's own: what it has of grpcio is for it alone. */
const PYTHON = process.env['PYTHON_GRPC_PATH'] ?? '/usr/bin/python3'
const SCRIPT = fileURLToPath(new URL('client.py', import.meta.url))

test('contract 1: Python’s grpcio, knowing nothing but the address, starts, reads, resumes and looks; a reading that fails is told so, and gone on with', async () => {
  await using rig = await startRig(
    { byInput: ({ prompt }) => saying('You said: ', String(prompt), ' 👩🏽‍🚀', '!') },
    { sluice: { reader: { chunking: FAULTY } } },
  )
  const { stdout } = await promisify(execFile)(PYTHON, [SCRIPT, rig.address, 'größer'])
  const { failed, again, whole, rest, unknown, complete } = JSON.parse(stdout) as {
    [name: string]: { [name: string]: unknown }
  }
  expect(whole).toMatchObject({ text: 'You said: größer 👩🏽‍🚀!', code: 'OK' })
  expect(whole!['kinds']).toEqual(expect.arrayContaining(['opened', 'text', 'end']))
  expect(rest).toMatchObject({ text: ' 👩🏽‍🚀!', code: 'OK' })
  expect(unknown).toMatchObject({ text: '', code: 'NOT_FOUND' })
  expect(complete).toBe(true)
  expect(failed!['code']).toBe('INTERNAL')
  expect('You said: größer'.startsWith(String(failed!['text']))).toBe(true)
  expect(again!['code']).toBe('OK')
  expect(`${String(failed!['text'])}${String(again!['text'])}`).toBe(whole!['text'])
})
