/**
 * How processes wake each other. `plain`: over channels of the whole Redis; each node of a cluster passes every message on to
 * all others. `sharded`: over channels that belong to the shard of their stream. `none`: not at all, the store is looked at.
 */
export type ChannelMode = 'plain' | 'sharded' | 'none'

/** The channel of a stream's producer is in the shard of the stream, so that scripts can name it by the stream's own key. */
export const NOTICES = ':notices'

/**
 * What scripts publish with. `publish` reaches those who follow a stream; `notify` its producer, which has one channel for
 * all its streams, or where channels are sharded one for each. Both return how many clients have received the message.
 */
export const PUBLISHING: Readonly<Record<ChannelMode, string>> = {
  plain: `local function publish(channel, message) return redis.call('PUBLISH', channel, message) end
local function notify(stream, producer, message) return publish(producer, message) end
`,
  sharded: `local function publish(channel, message) return redis.call('SPUBLISH', channel, message) end
local function notify(stream, producer, message) return publish(stream .. '${NOTICES}', message) end
`,
  none: `local function publish(channel, message) return 0 end
local function notify(stream, producer, message) return 0 end
`,
}
