import { GrowthStock } from "#src/core/tunnel/receive-credit.js";
import { Channel, type ChannelOwner } from "#src/tunnel/channel.js";

/** A channel of a link that does nothing, except for what the test gives. Its other side knows FIN unless `passesFin` says otherwise. */
export function channelOf(
  id: number,
  owner: Partial<ChannelOwner> = {},
  peer = { host: "127.0.0.1", port: 1 },
): Channel {
  const nothing: ChannelOwner = {
    passesFin: true,
    isCut: false,
    now: () => 0,
    wantsToSend() {},
    pendingChanged() {},
    lent() {},
    waiting() {},
    ended() {},
    closed() {},
  };
  return new Channel(id, peer, { ...nothing, ...owner }, new GrowthStock());
}
