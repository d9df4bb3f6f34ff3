import { SluiceError } from '@sluice/core'
import { describe, expect, test } from 'vitest'

import { judgeRoute } from '../../src/asking/missing-route.ts'

const PLAIN = { model: 'm', input: 'hi' }
const WITH_FILE = { model: 'm', input: [{ role: 'user', content: [{ type: 'input_file', file_id: 'file_1' }] }] }

const refused = (message: string | undefined, status = 404): SluiceError =>
  new SluiceError('SLUICE_ERR_BACKEND', 'The backend answered', {
    status,
    extra: message === undefined ? undefined : { error: { message } },
  })

describe('what a 404 says of a route', () => {
  test.each([
    'Not Found',
    'File Not Found',
    '404 page not found',
    'Error 404 (Not Found)!!1',
    'Invalid URL (POST /v1/responses)',
    'Unknown request URL: POST /openai/v1/responses. Please check the URL for typos',
    'Cannot POST /v1/messages',
    'no Route matched with those values',
    'Resource not found',
    undefined,
  ])('it is missing, for everybody: %j', (message) => {
    expect(judgeRoute(refused(message), PLAIN)).toBe('missing')
  })

  test.each([405, 501])('it is missing where it takes no such method (%d)', (status) => {
    expect(judgeRoute(refused('anything', status), WITH_FILE)).toBe('missing')
  })

  test.each([
    ['The model `m` does not exist', PLAIN],
    ['No such File object: file_1', WITH_FILE],
    ["Conversation with id 'conv_1' not found.", { ...PLAIN, conversation: 'conv_1' }],
    ["Previous response with id 'resp_1' not found.", { ...PLAIN, previous_response_id: 'resp_1' }],
    ['Prompt with id pmpt_1 not found.', { ...PLAIN, prompt: { id: 'pmpt_1' } }],
    ['Container not found', { ...PLAIN, container: 'c' }],
    ["Item with id 'msg_1' not found.", { ...PLAIN, input: [{ type: 'item_reference', id: 'msg_1' }] }],
  ])('it is there where something else is not: %j', (message, body) => {
    expect(judgeRoute(refused(message), body)).toBe('there')
  })

  test.each([
    // Not even a route that is missing is known to be, by what somebody says of a file.
    ['Not Found', WITH_FILE],
    ['The deployment does not exist', PLAIN],
    // The name that a client has given is no word of the backend's.
    ['There is no /responses', { model: '/responses' }],
  ])('nothing is concluded for others: %j', (message, body) => {
    expect(judgeRoute(refused(message), body)).toBe('unclear')
  })

  test('what else fails says nothing of it', () => {
    expect(judgeRoute(refused('busy', 503), PLAIN)).toBe('there')
    expect(judgeRoute(new Error('Not Found'), PLAIN)).toBe('there')
  })
})
