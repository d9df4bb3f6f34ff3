import { Refused, refusalIn, type Server } from '../server/server.ts'
import type { UploadedFile } from '../server/batch-answer.ts'

/**
 * Uploads a file of requests as it is read, and tells which part of it is on its way, from 0 to 1. By `XMLHttpRequest`: `fetch` does not
 * tell how much of a body has gone.
 *
 * @throws Refused
 */
export function upload(server: Server, file: File, progress: (part: number) => void): Promise<UploadedFile> {
  const form = new FormData()
  form.set('purpose', 'batch')
  form.set('file', file)
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('POST', `${server.base}v1/files`)
    for (const [name, value] of Object.entries(server.headers)) request.setRequestHeader(name, value)
    request.setRequestHeader('accept', 'application/json')
    request.upload.addEventListener('progress', ({ loaded, total }) => progress(total === 0 ? 1 : loaded / total))
    request.addEventListener('error', () => reject(new Refused(0, 'The upload was cut off: the gateway was lost.')))
    request.addEventListener('load', () => {
      const { status, responseText } = request
      if (status === 200) resolve(JSON.parse(responseText) as UploadedFile)
      else reject(refusalIn(status, responseText))
    })
    request.send(form)
  })
}
