import { setFlagsFromString } from 'node:v8'
import { runInThisContext } from 'node:vm'

import { expect, test } from 'vitest'

import { createChatApp, onCue, textIn } from './chat-app.ts'

// There is no other way to ask V8.
setFlagsFromString('--allow-natives-syntax')
const hasFastProperties = runInThisContext('(object) => %HasFastProperties(object)') as (object: object) => boolean

test('a response that was taken over is no dictionary: each write would look its members up', async () => {
  const said = onCue()
  let response: object | undefined
  await using chat = await createChatApp((app) => {
    app.addHook('onSend', async (_, reply) => void reply.header('x-hook', 'ran'))
    app.get('/chat', (_, reply) => {
      response = reply.raw
      return reply.tokens(said.source)
    })
  })
  const url = await chat.listen()
  const answer = await fetch(`${url}/chat`)
  expect(answer.headers.get('x-hook')).toBe('ran')
  expect(hasFastProperties(response!)).toBe(true)
  // What is a dictionary is told from what is not.
  const odd: Record<string, number> = { a: 1, b: 2 }
  delete odd.a
  expect(hasFastProperties(odd)).toBe(false)
  said.go()
  expect(textIn(await answer.text())).toBe('first last')
})
