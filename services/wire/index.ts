export type { HubChannel, SiteChannel, SiteHandlers, Traced, Traffic } from './channel.ts';
export { type EndOptions, hubChannel, siteChannel } from './ends.ts';
export { readEpoch, writeEpoch } from './epoch-file.ts';
export {
  NatsAuthError,
  NatsLimitError,
  NatsServerError,
  NatsTlsError,
  NatsUnreachableError,
  RemoteError,
  WireBoundsError,
  WireBusyError,
  WireClosedError,
  WireCrcError,
  WireEncodingError,
  WireEpochError,
  WireEpochFileError,
  WireError,
  WireHeaderError,
  WireMismatchError,
  WireNotFiniteError,
  WireRejoinError,
  WireTimeoutError,
  WireUnreachableError,
  WireUsageError,
  WireVersionError,
} from './errors.ts';
export { throughImageCodec } from './image-grid.ts';
export { type InProcessFederation, type InProcessOptions, inProcessFederation } from './in-process.ts';
export { type EnvelopeDescription, inspectEnvelope, type TensorDescription } from './inspect.ts';
export { DEFAULT_LIMITS, type WireLimits } from './limits.ts';
export type { Address, Letter, Link, Receiver } from './link.ts';
export type {
  Codecs,
  ConditionMap,
  ConditionRef,
  Conditions,
  Control,
  ControlReply,
  DatasetManifest,
  Feedback,
  FeedbackCodec,
  Hello,
  ImageCodec,
  NamedTensor,
  ProtocolVersion,
  ReplyTo,
  Scores,
  TensorValue,
  Welcome,
  Work,
} from './messages.ts';
export { FEEDBACK_CODECS, IMAGE_CODECS, PROTOCOL } from './messages.ts';
export { type NatsOptions, natsHub, natsSite } from './nats/channel.ts';
export type { NatsStatus } from './nats/line.ts';
export { type NatsLinkOptions, natsHubLink, natsSiteLink } from './nats/link.ts';
export { findNatsServer, type NatsServerOptions, type RunningNatsServer, startNatsServer } from './nats/server.ts';
export { hubPermissions, type Permissions, sitePermissions } from './nats/subjects.ts';
export { portLink, servePort } from './port-link.ts';
