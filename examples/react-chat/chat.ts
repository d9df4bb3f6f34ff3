import { useTokenStream } from '@sluice/react'
import { createElement as h, memo, type ReactElement } from 'react'

import { useSpoken } from './spoken.ts'

const Paragraph = memo(({ text }: { text: string }) => h('p', null, text))
const HIDDEN = { position: 'absolute', width: 1, height: 1, overflow: 'hidden', clipPath: 'inset(50%)' } as const

/** An answer that is read while it comes, by eyes and by screen readers, and a button that really stops it. */
export function Chat({ name }: { name: string }): ReactElement {
  const { blocks, tail, text, status, end, error, isBusy, start, stop } = useTokenStream({ key: name })
  const spoken = useSpoken(text, isBusy)
  return h(
    'main',
    null,
    // What is seen is no live region: it changes with every frame.
    h(
      'section',
      { id: 'answer', 'aria-label': 'Answer', 'aria-busy': isBusy },
      blocks.map((block, index) => h(Paragraph, { key: index, text: block })),
      h('p', { key: 'tail' }, tail),
    ),
    h('div', { role: 'log', style: HIDDEN }, spoken),
    h('p', { role: 'status' }, stateInWords(status, end?.reason, error?.message)),
    // One button in one place: the focus stays where it is.
    h(
      'button',
      { type: 'button', onClick: () => void (isBusy ? stop() : start('/v1/streams', { prompt: 'Why?' })) },
      isBusy ? 'Stop' : 'Ask',
    ),
  )
}

function stateInWords(status: string, reason?: string, failure?: string): string {
  if (failure !== undefined) return `Failed: ${failure}`
  if (reason === 'cancelled') return 'Stopped.'
  if (reason !== undefined) return reason === 'stop' ? 'Finished.' : `Ended: ${reason}.`
  return status === 'resuming' ? 'The connection was lost; going on.' : ''
}
