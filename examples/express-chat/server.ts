// A chat on Express. Open the page, ask, and lose the network in the middle: the answer goes on where it was. Stop, and the source stops.
import { setTimeout as sleep } from 'node:timers/promises'

import { createSluice } from '@sluice/core'
import { sluiceRouter } from '@sluice/express'
import express from 'express'

const app = express()
const sluice = createSluice()

// Everybody is one owner here; a real server looks at the session.
app.use(express.json(), sluiceRouter({ sluice, identify: () => ({ owner: 'everyone' }) }))

// `EventSource` can only GET. When it reconnects it sends a cursor, and the source is not called again.
app.get('/chat', ({ query }, response) => response.tokens(({ signal }) => speak(query.prompt as string, signal)))

app.get('/', (_request, response) => void response.type('html').send(PAGE))

const PAGE = `<!doctype html><title>Chat</title>
<form><input name="prompt" value="Why is the sky blue?"> <button>Ask</button> <button type="button" id="stop">Stop</button></form>
<p id="answer"></p>
<script type="module">
  const answer = document.querySelector('#answer')
  let id
  document.querySelector('form').onsubmit = (event) => {
    event.preventDefault()
    answer.textContent = ''
    const source = new EventSource('/chat?' + new URLSearchParams(new FormData(event.target)))
    source.addEventListener('opened', ({ data }) => ({ id } = JSON.parse(data)))
    source.addEventListener('text', ({ data }) => answer.append(JSON.parse(data).text))
    source.addEventListener('end', () => source.close())
  }
  document.querySelector('#stop').onclick = () => fetch('/streams/' + id + '/cancel', { method: 'POST' })
</script>`

const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  const address = server.address()
  if (address && typeof address === 'object') console.log(`ready at http://127.0.0.1:${address.port}`)
})

/** Stands in for a model runner. */
async function* speak(prompt: string, signal: AbortSignal): AsyncGenerator<string> {
  for (const word of `You asked: ${prompt} A model would know more. ${'And so on. '.repeat(30)}`.split(/(?<= )/)) {
    await sleep(40, undefined, { signal })
    yield word
  }
}
