import { useChat } from '@ai-sdk/react'
import { DefaultChatTransport } from 'ai'
import { createElement } from 'react'
import { createRoot } from 'react-dom/client'

// The hook of the AI SDK as its documentation has it: nothing of sluice is in this page.
const transport = new DefaultChatTransport({ api: '/api/chat' })

function Chat() {
  const { messages, sendMessage, status, error } = useChat({ id: 'chat-1', resume: true, transport })
  Object.assign(globalThis, { send: (text: string) => void sendMessage({ text }) })
  const answers = messages.filter(({ role }) => role === 'assistant')
  return createElement(
    'ol',
    { id: 'chat', 'data-status': status, 'data-error': error ? 'yes' : 'no' },
    answers.map(({ id, parts }) =>
      createElement('li', { key: id, id }, parts.map((part) => (part.type === 'text' ? part.text : '')).join('')),
    ),
  )
}

createRoot(document.querySelector('#root')!).render(createElement(Chat))
