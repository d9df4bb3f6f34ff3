/** Where a stream can be read, and how far its reader has come: all that another page or device needs to go on. */
export interface Bookmark {
  url: string
  cursor?: string | undefined
}
