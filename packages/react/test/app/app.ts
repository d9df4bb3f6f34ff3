import { useTokenStream } from '@sluice/react'
import * as react from 'react'
import { createElement, type FunctionComponent, memo, StrictMode, useState } from 'react'
import { createRoot } from 'react-dom/client'

/** What the page of a test can see and do. */
interface Lab {
  renders: number
  blockRenders: number
  start(): void
  stop(): void
  show(where: Where): void
}

type Where = 'here' | 'there' | 'nowhere' | 'hidden'
/** A part of the page that is kept while it is not shown: React has it since 19.2. */
const { Activity } = react as {
  Activity?: FunctionComponent<{ mode: 'visible' | 'hidden'; children: react.ReactNode }>
}

const lab: Lab = { renders: 0, blockRenders: 0, start() {}, stop() {}, show() {} }
Object.assign(globalThis, { lab })
const key = new URLSearchParams(location.search).get('key') ?? undefined

const Block = memo(({ text }: { text: string }) => {
  lab.blockRenders++
  return createElement('p', null, text)
})

function Answer() {
  const { status, blocks, tail, end, error, isBusy, start, stop } = useTokenStream({
    key,
    resume: { baseMs: 1, capMs: 20 },
  })
  lab.renders++
  lab.start = () => void start('/v1/streams', { prompt: 'Hello' })
  lab.stop = () => void stop()
  return createElement(
    'section',
    { id: 'answer', 'aria-busy': isBusy, 'data-status': status, 'data-end': end?.reason ?? error?.code ?? '' },
    blocks.map((text, index) => createElement(Block, { key: index, text })),
    createElement('p', { key: 'tail' }, tail),
  )
}

function App() {
  const [where, setWhere] = useState<Where>('here')
  lab.show = setWhere
  if (where === 'nowhere') return null
  // Another place in the tree: the component is mounted anew.
  const answer = createElement(Answer)
  const mode = where === 'hidden' ? 'hidden' : 'visible'
  const kept = Activity ? createElement(Activity, { mode, children: answer }) : answer
  return createElement(where === 'there' ? 'aside' : 'main', null, kept)
}

createRoot(document.querySelector('#root')!).render(createElement(StrictMode, null, createElement(App)))
