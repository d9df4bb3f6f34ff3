import { attach, paint } from '@sluice/client'

import { byId, within } from '../dom/find.ts'
import { show, tell } from '../dom/show.ts'
import { describeEnd, messageOf } from '../panes/reader.ts'
import type { Server } from '../server/server.ts'

/** Another tab with the stream of a first one: it reads along, and may end it for both. */
export function openSecondTab(
  server: Server,
  { id, cancels }: { id: string; cancels: boolean },
  failed: (error: unknown) => void,
): void {
  const root = byId('second')
  const text = within(root, '.text')
  const state = within(root, '.state')
  const button = byId<HTMLButtonElement>('second-cancel')
  const stream = attach({ url: server.streamUrl(id) }, { headers: server.headers })
  text.replaceChildren()
  text.setAttribute('aria-busy', 'true')
  const painting = paint(stream, text)

  async function cancel(): Promise<void> {
    button.disabled = true
    try {
      await server.cancel(id)
      show(byId('second-what'), 'This tab has cancelled the stream. Look at the first one: it has stopped, too.')
    } catch (error) {
      button.disabled = false
      tell(state, messageOf(error), true)
    }
  }

  button.addEventListener('click', () => void cancel())
  if (cancels) void cancel()
  painting.done.then(
    (end) => {
      text.setAttribute('aria-busy', 'false')
      button.disabled = true
      tell(state, describeEnd(end), !end.complete)
    },
    (error: unknown) => {
      text.setAttribute('aria-busy', 'false')
      tell(state, messageOf(error), true)
      failed(stream.error ?? error)
    },
  )
}
