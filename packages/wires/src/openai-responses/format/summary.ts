/** What `as` of a reasoning event says of a summary of reasoning. Other reasoning is told as it is. */
export const SUMMARY = 'summary'
