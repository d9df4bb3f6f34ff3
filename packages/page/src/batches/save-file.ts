import { make } from '../dom/find.ts'
import { Refused, refusalOf, type Server } from '../server/server.ts'

/**
 * Saves a file of a batch where the browser saves what is downloaded. Where no key is needed the browser does it alone, however long the
 * file, under the name that the gateway gives it; a key can be sent by the page only, so that the browser has the file before it saves it.
 *
 * @throws Refused
 */
export async function saveFile(server: Server, id: string, name: string): Promise<void> {
  const url = server.fileUrl(id)
  if (!server.hasKey) return click(url, '')
  const response = await fetch(url, { headers: server.headers }).catch(() => undefined)
  if (!response) throw new Refused(0, 'The gateway cannot be reached.')
  if (!response.ok) throw await refusalOf(response)
  const blob = await response.blob().catch(() => undefined)
  if (!blob) throw new Refused(0, 'The download was cut off: try again.')
  const local = URL.createObjectURL(blob)
  click(local, name)
  // The browser has taken it by then.
  setTimeout(() => URL.revokeObjectURL(local), KEPT_MS)
}

const KEPT_MS = 60_000

function click(url: string, name: string): void {
  const link = make('a')
  link.href = url
  link.download = name
  link.click()
}
