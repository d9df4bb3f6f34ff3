import { ClientError } from '@sluice/client'

import { BatchesTab } from './batches/batches-tab.ts'
import { CompareTab } from './compare/compare-tab.ts'
import { byId } from './dom/find.ts'
import { tell } from './dom/show.ts'
import { LiveTab } from './live/live-tab.ts'
import { messageOf } from './panes/reader.ts'
import { PoliciesTab } from './policies/policies-tab.ts'
import { openSecondTab } from './second/second-tab.ts'
import { Refused, Server } from './server/server.ts'
import { openTabs } from './tabs.ts'

const server = new Server()
const form = byId<HTMLFormElement>('key-form')
const key = byId<HTMLInputElement>('key')
/** What was kept from going on by a missing key. */
let waiting: (() => void) | undefined

function say(text: string, isBad = false): void {
  tell(byId('notice'), text, isBad)
}

function isForKey(error: unknown): boolean {
  const status = error instanceof Refused || error instanceof ClientError ? error.status : 0
  return status === 401
}

/** Says what went wrong; where a key is missing or wrong, it is asked for, and `again` is done with it. */
function failed(error: unknown, again?: () => void): void {
  if (!isForKey(error)) return say(messageOf(error), true)
  waiting = again ?? waiting
  if (!form.hidden) return
  form.hidden = false
  say(server.hasKey ? `This key was not taken: ${messageOf(error)}` : 'This gateway asks for a key.', server.hasKey)
  key.focus()
}

form.addEventListener('submit', (event) => {
  event.preventDefault()
  server.useKey(key.value)
  key.value = ''
  form.hidden = true
  say('')
  const go = waiting
  waiting = undefined
  go?.()
})

function openCompare(): void {
  const compare = new CompareTab(server, { say, failed })
  const live = new LiveTab(server, (error) => isForKey(error) && failed(error))
  const batches = new BatchesTab(server, (error) => isForKey(error) && failed(error))
  const policies = new PoliciesTab()
  openTabs((name, isShown) => {
    if (name === 'live') live.setShown(isShown)
    if (name === 'batches') batches.setShown(isShown)
    if (name === 'policies') policies.setShown(isShown)
  })
  const begin = (): void => compare.resumeKept()
  // Whether a key is wanted is known before anybody presses a button.
  server.live(1).then(begin, (error: unknown) => {
    failed(error, begin)
    if (!isForKey(error)) begin()
  })
}

function openSecond(id: string, cancels: boolean): void {
  byId('tabs').hidden = true
  byId('compare').hidden = true
  byId('second').hidden = false
  const begin = (): void => openSecondTab(server, { id, cancels }, (error) => isForKey(error) && failed(error, begin))
  server.live(1).then(begin, (error: unknown) => (isForKey(error) ? failed(error, begin) : begin()))
}

const query = new URLSearchParams(location.search)
const stream = query.get('stream')
if (stream === null) openCompare()
else openSecond(stream, query.get('cancel') === '1')
