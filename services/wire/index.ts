export type { HubChannel, SiteChannel, SiteHandlers, Traffic } from './channel.ts';
export { readEpoch, writeEpoch } from './epoch-file.ts';
export {
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
