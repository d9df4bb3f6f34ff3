'use client'
import { useRef, useState } from 'react'

export default function Chat() {
  const [text, setText] = useState('')
  const id = useRef()
  const ask = (form) => {
    setText('')
    const source = new EventSource(`/api/chat?${new URLSearchParams(form)}`)
    source.addEventListener('opened', ({ data }) => (id.current = JSON.parse(data).id))
    source.addEventListener('text', ({ data }) => setText((before) => before + JSON.parse(data).text))
    source.addEventListener('end', () => source.close())
  }
  const stop = () => fetch(`/api/streams/${id.current}/cancel`, { method: 'POST' })
  return (
    <form action={ask}>
      <input name="prompt" defaultValue="Why is the sky blue?" />
      <button>Ask</button> <button formAction={stop}>Stop</button>
      <p>{text}</p>
    </form>
  )
}
